"""films: real films that we describe ourselves, and simulated viewers. What `make demo` shows."""

import io

from zoo.datasets.built_in import BuiltIn
from zoo.datasets.films.catalogue import catalogue
from zoo.datasets.films.references import references
from zoo.datasets.films.simulator import simulate

SEED = 20150101
SETTINGS = (  # a few tastes rule these viewers, and the committed zoo should be small
    "pure_svd.n_factors=16",
    "ease.l2=600",
    "item_knn.n_neighbours=50",
    "asymmetric_svd.n_factors=64",
    "autoencoder.hidden=128",
    "autoencoder.n_factors=64",
    "denoising.hidden=128",
    "denoising.n_factors=64",
    "variational.hidden=200",
    "variational.n_factors=64",
    "variational.n_epochs=60",
    "two_tower_id.n_factors=32",
    "two_tower_id.n_epochs=10",
    "two_tower_id_fold_in.n_factors=32",
    "two_tower_id_fold_in.n_epochs=10",
    "two_tower_profile.n_factors=32",
    "two_tower_item_profile.n_factors=32",
    "two_tower_text.n_factors=64",
    "two_tower_text.n_buckets=4096",
    "two_tower_image.n_factors=32",
    "two_tower_mixed.n_factors=64",
    "two_tower_mixed.n_buckets=4096",
    "two_tower_mixed.n_epochs=8",
)
NOTICE = (
    "Simulated viewers: the films are real, the people and what they watched are drawn by a seeded simulator, "
    "so that the true probabilities are known. Nothing here says how real people like a film."
)


def load() -> BuiltIn:
    """The films and 8,000 viewers; some seconds."""
    films = catalogue()
    simulation = simulate(films, seed=SEED)
    file = io.BytesIO()
    simulation.interactions.write_parquet(file)
    licence = "Apache-2.0, like the code: the descriptions are ours, the viewers are simulated"
    return BuiltIn("films", licence, NOTICE, file.getvalue(), films, lambda *data: references(simulation, *data))
