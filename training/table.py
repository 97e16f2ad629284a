"""Every model of the zoo: its name, and the module that trains it. The order is that of `train all`, cheapest first."""

MODELS: dict[str, str] = {
    "popularity": "training.popularity",
    "pure_svd": "training.pure_svd",
    "ease": "training.ease",
    "autoencoder": "training.autoencoder",
    "denoising": "training.denoising",
    "variational": "training.variational",
    "two_tower_id": "training.two_tower",
}
