"""Every model of the zoo: its name, and the module that trains it. The order is that of `train all`, cheapest first."""

MODELS: dict[str, str] = {
    "popularity": "training.popularity",
    "item_knn": "training.item_knn",
    "pure_svd": "training.pure_svd",
    "ease": "training.ease",
    "ease_sparse": "training.ease_sparse",
    "asymmetric_svd": "training.asymmetric_svd",
    "autoencoder": "training.autoencoder",
    "denoising": "training.denoising",
    "variational": "training.variational",
    "two_tower_id": "training.two_tower_id",
    "two_tower_id_fold_in": "training.two_tower_id_fold_in",
    "two_tower_profile": "training.two_tower_profile",
    "two_tower_item_profile": "training.two_tower_item_profile",
    "two_tower_text": "training.two_tower_text",
    "two_tower_image": "training.two_tower_image",
    "two_tower_mixed": "training.two_tower_mixed",
}

BY_NAME = {"ease_sparse"}  # not in `all`: for catalogues that are too large for `ease`
