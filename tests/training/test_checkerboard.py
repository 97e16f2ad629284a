"""One data set that every model must solve: even users like even items, odd users odd ones."""

import importlib

import numpy as np
import polars as pl
import pytest
import torch
from scipy.sparse import csr_array

from training.model import Run
from training.table import MODELS
from training.two_tower_settings import LOSSES
from zoo.content import Pictures

N_USERS, N_ITEMS = 120, 20
BOARD = np.add.outer(np.arange(N_USERS), np.arange(N_ITEMS)) % 2 == 0
SHOWN = BOARD & (np.random.default_rng(0).random(BOARD.shape) < 0.7)
TWO_TOWER = {"n_factors": 8, "batch_size": 64, "n_epochs": 30}
SETTINGS = {
    "item_knn": {"n_neighbours": 10},
    "asymmetric_svd": {"n_factors": 8, "batch_size": 20, "n_epochs": 60},
    "pure_svd": {"n_factors": 2},
    "ease": {"l2": 50.0},
    "ease_sparse": {"l2": 50.0, "n_support": 8, "group": 6},
    "autoencoder": {"hidden": 32, "n_factors": 2, "batch_size": 20, "n_epochs": 60},
    "denoising": {"hidden": 32, "n_factors": 8, "batch_size": 20, "n_epochs": 60},
    "variational": {"hidden": 32, "n_factors": 8, "batch_size": 20, "n_epochs": 60},
    **dict.fromkeys(("two_tower_id", "two_tower_id_fold_in"), TWO_TOWER),
    **dict.fromkeys(("two_tower_profile", "two_tower_item_profile"), TWO_TOWER),
    **dict.fromkeys(("two_tower_text", "two_tower_image", "two_tower_mixed"), TWO_TOWER | {"n_buckets": 64}),
}
PERSONAL = [name for name in MODELS if name != "popularity"]  # it cannot tell people apart


def told() -> pl.DataFrame:
    """What is known of the items: black ones are called black."""
    genres = [["black" if i % 2 else "white"] for i in range(N_ITEMS)]
    return pl.DataFrame(
        {"item_id": range(N_ITEMS), "title": [f"the square {i}" for i in range(N_ITEMS)], "genres": genres}
    )


def seen() -> Pictures:
    pixels = np.zeros((N_ITEMS, 96, 64, 3), dtype=np.uint8)
    pixels[1::2] = 255
    return Pictures(pixels, np.ones(N_ITEMS, dtype=bool), "made up")


RUN = Run(items=told(), pictures=seen)


def fitted_scores(name, **settings):
    """Scores [U, I] of a model trained on what is shown."""
    module = importlib.import_module(MODELS[name])
    X = csr_array(SHOWN.astype(np.float32))
    scorer = module.fit(X, module.Config(**(SETTINGS.get(name, {}) | settings)), RUN).scorer
    if module.ABOUT.input == "users":
        return scorer(torch.arange(N_USERS))[0].detach().numpy()
    items = torch.where(torch.from_numpy(SHOWN), torch.arange(N_ITEMS), N_ITEMS)
    return scorer(items, torch.ones(items.shape))[0].detach().numpy()


def share_solved(scores):
    """Share of users whose unseen items of their own colour all stand above those of the other colour."""
    right = np.where(BOARD & ~SHOWN, scores, np.inf).min(axis=1)
    wrong = np.where(~BOARD, scores, -np.inf).max(axis=1)
    return np.mean(right > wrong)


@pytest.mark.parametrize("name", PERSONAL)
def test_every_personal_model_solves_the_checkerboard(name):
    assert share_solved(fitted_scores(name)) == 1.0


@pytest.mark.parametrize("loss", LOSSES)
def test_any_loss_of_a_two_tower_solves_the_checkerboard(loss):
    assert share_solved(fitted_scores("two_tower_profile", loss=loss)) == 1.0


def test_popularity_does_not():
    assert share_solved(fitted_scores("popularity")) < 0.1
