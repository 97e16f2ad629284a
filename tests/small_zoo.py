"""A zoo of four models that nobody had to train: matrices drawn at random, published over the made-up film world."""

import argparse
from pathlib import Path

import numpy as np
import torch

from tests.world import N_ITEMS, write_world
from training.command import prepare
from training.ease import ABOUT as EASE
from training.export import Fit, publish
from training.model import Fitted
from training.popularity import ABOUT as POPULARITY
from training.pure_svd import ABOUT as PURE_SVD
from training.scorers import ItemItem, LinearAutoencoder, SameForAll
from training.two_tower_profile import ABOUT as TWO_TOWER
from zoo.arguments import add_training_arguments

K = 7
RNG = np.random.default_rng(0)
S = (RNG.standard_normal((N_ITEMS, N_ITEMS)) ** 3).astype(np.float32) * (1 - np.eye(N_ITEMS, dtype=np.float32))
W = RNG.standard_normal((N_ITEMS, K)).astype(np.float32)
OUT = RNG.standard_normal((K, N_ITEMS)).astype(np.float32)
FIT = Fit({"l2": 5.0}, seed=3, device="cpu", seconds=0.5, peak_bytes=77, meanings={"l2": "Weight of a penalty."})


def write_small_zoo(folder: Path) -> Path:
    """ease: x S; pure_svd: x W W^T; two_tower_profile: x W OUT; popularity: 0, 1, 2, ... Returns the zoo's folder."""
    write_world(folder / "tiny")
    parser = argparse.ArgumentParser()
    add_training_arguments(parser)
    dataset, _ = prepare(parser.parse_args(["ease", "--data", str(folder / "tiny"), "--out", str(folder / "zoo")]))
    tensor = torch.from_numpy
    curve = [{"epoch": 1, "loss": 2.0, "validation": 0.5, "seconds": 0.1}]
    publish(EASE, Fitted(ItemItem(tensor(S)), [], {"objective": 1.5}), dataset, FIT)
    publish(PURE_SVD, Fitted(LinearAutoencoder(tensor(W)), curve, {}), dataset, FIT)
    publish(TWO_TOWER, Fitted(LinearAutoencoder(tensor(W), tensor(OUT)), [], {}), dataset, FIT)
    publish(POPULARITY, Fitted(SameForAll(torch.arange(N_ITEMS).float()), [], {}), dataset, FIT)
    return folder / "zoo"
