"""Models that nobody trained, as the app would serve them: for timings that need no data.

Weights are drawn at random; what a list costs does not depend on what they say.
"""

from pathlib import Path

import torch
from torch import nn

from training import variational
from training.ease import ABOUT as EASE
from training.export import export_graphs
from training.scorers import ItemItem
from training.variants import pruned, to_int8
from zoo.card import About, Card, Parity
from zoo.folder import ModelFolder
from zoo.runtime import Model
from zoo.settings import Settings

HIDDEN, FACTORS = 600, 200  # of Mult-VAE, as in Liang et al. 2018, arXiv:1802.05814


def mult_vae(n_items: int) -> nn.Module:
    """I -> 600 -> 200 -> 600 -> I."""
    return variational.MultVAE(n_items, variational.Config(hidden=HIDDEN, n_factors=FACTORS)).eval()


def random_item_item(n_items: int) -> torch.Tensor:
    """S float32 [I, I]."""
    S = torch.empty(n_items, n_items).normal_(generator=torch.Generator().manual_seed(0))
    S.fill_diagonal_(0)
    return S


def models(n_items: int, folder: Path, settings: Settings) -> dict[str, Model]:
    """EASE, its variants, and a Mult-VAE over I items, each exported into a folder of its own."""
    S = random_item_item(n_items)
    torch.manual_seed(0)
    forms = {
        "EASE": (ItemItem(S), EASE, False),
        "EASE, pruned to 200": (pruned(S, 200)[0], EASE, False),
        "EASE, 16-bit": (ItemItem(S), EASE, True),
        "EASE, 8-bit": (to_int8(S), EASE, False),
        "Mult-VAE, 600-200-600": (mult_vae(n_items), variational.ABOUT, False),
    }
    return {
        title: served(scorer, about, n_items, folder / str(number), settings, half=half)
        for number, (title, (scorer, about, half)) in enumerate(forms.items())
    }


def served(
    scorer: nn.Module, about: About, n_items: int, folder: Path, settings: Settings, *, half: bool = False
) -> Model:
    """One model, exported into a new folder and opened as the app opens it."""
    folder.mkdir()
    graphs = export_graphs(scorer, about, n_items, folder, half=half)
    weights = sum(path.stat().st_size for path in folder.iterdir())
    coded = isinstance(scorer, variational.MultVAE)
    codes = ["embedding", "embedding_std"] if coded else []
    width = HIDDEN if coded else getattr(scorer, "gather_width", n_items * 3 // 2 if half else n_items)
    card = Card(
        about=about, dataset="generated", dataset_fingerprint="", split="", n_users=0, n_items=n_items,
        n_interactions=0, settings={}, seed=0, device="cpu", fit_seconds=0, peak_bytes=None, parameters=0,
        weight_bytes=weights, graphs=graphs, gather_width=width,
        outputs=["ranked", "scores", "all_scores", *codes], metrics=None, versions={}, created="",
        parity=Parity(largest_difference=0, relative_difference=0, top_20_agreement=1, checked=""),
    )  # fmt: skip
    return Model(ModelFolder(folder, card, checksum=str(folder)), settings)
