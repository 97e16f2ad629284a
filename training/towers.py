"""The two towers, put together from their inputs, and the forms in which they are exported."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional as F

from training.inputs import Described, Layers, OneHot, Profile, bag
from training.pairs import leaving_out
from training.scorers import DotProduct, without_padding
from training.two_tower_settings import ITEM_INPUTS, USER_INPUTS, Config, both_are_tables, inputs_of
from zoo.content import KINDS, Content


class UserTower(nn.Module):
    """A user as any of: who it is, what it chose, the words and the facts of what it chose."""

    def __init__(self, kinds: Sequence[str], shape: tuple[int, int], content: Content | None, config: Config):
        super().__init__()
        width, alone = config.hidden or config.n_factors, len(kinds) == 1
        sparse = both_are_tables(config)
        dropout = 0.0 if alone else config.one_hot_dropout
        self.one_hot = OneHot(shape[0], width, sparse, dropout) if "one_hot" in kinds else None
        self.profile = Profile(shape[1], width, config.profile_dropout) if "profile" in kinds else None
        self.described = described(kinds, content, width, config)
        self.layers = Layers(width, config.n_factors, config.hidden > 0, config.similarity == "cosine")

    def forward(self, users: np.ndarray, X: csr_array, without: np.ndarray | None = None) -> Tensor:
        """users int64 [B], X [U, I] -> [B, K]; without: items int64 [B] that are taken out of their profiles."""
        parts = []
        if self.one_hot is not None:
            parts.append(self.one_hot(torch.from_numpy(users).to(device_of(self))))
        if self.profile is not None:
            once, rows = np.unique(users, return_inverse=True)
            parts.append(self.profile(X[once], rows, without))
        if self.described is not None:
            x = X[users] if without is None else leaving_out(X[users], without)
            items, columns = np.unique(x.indices, return_inverse=True)
            of_items = csr_array((x.data, columns, x.indptr), shape=(x.shape[0], len(items)))
            parts.append(bag(of_items, self.described.of_items(items)))
        return self.layers(torch.stack(parts).sum(dim=0))

    def table(self, n_items: int) -> Tensor:
        """What each item of a history brings in, [I, H]: profile and description."""
        parts = [] if self.profile is None else [self.profile.table.detach()]
        parts += [] if self.described is None else [self.described.of_items(np.arange(n_items))]
        return torch.stack(parts).sum(dim=0)


class ItemTower(nn.Module):
    """An item as any of: who it is, who chose it, its words, its picture, its facts."""

    def __init__(self, kinds: Sequence[str], X: csr_array, content: Content | None, config: Config):
        super().__init__()
        width, alone = config.hidden or config.n_factors, len(kinds) == 1
        sparse = both_are_tables(config)
        dropout = 0.0 if alone else config.one_hot_dropout
        self.choosers = X.T.tocsr() if "profile" in kinds else None  # [I, U]
        self.chosen = torch.from_numpy(np.bincount(X.indices, minlength=X.shape[1]) > 0)  # [I]
        self.one_hot = OneHot(X.shape[1], width, sparse, dropout) if "one_hot" in kinds else None
        self.profile = Profile(X.shape[0], width, config.profile_dropout) if "profile" in kinds else None
        self.described = described(kinds, content, width, config)
        self.layers = Layers(width, config.n_factors, config.hidden > 0, config.similarity == "cosine")

    def forward(self, items: np.ndarray, without: np.ndarray | None = None) -> Tensor:
        """items int64 [N] -> [N, K]; without: users int64 [N] who are taken out of these items' profiles."""
        parts = []
        if self.one_hot is not None:
            idx = torch.from_numpy(items)
            parts.append(self.one_hot(idx.to(device_of(self)), self.chosen[idx].to(device_of(self))))
        if self.profile is not None:
            once, rows = np.unique(items, return_inverse=True)
            parts.append(self.profile(self.choosers[once], rows, without))
        if self.described is not None:
            parts.append(self.described.of_items(items))
        return self.layers(torch.stack(parts).sum(dim=0))


class TwoTower(nn.Module):
    """s_ui = scale e_u . e_i."""

    def __init__(self, X: csr_array, config: Config, content: Content | None = None):
        super().__init__()
        self.users = UserTower(inputs_of(config.user_inputs, USER_INPUTS), X.shape, content, config)
        self.items = ItemTower(inputs_of(config.item_inputs, ITEM_INPUTS), X, content, config)
        self.scale = 1.0 if config.similarity == "dot" else 1.0 / config.temperature
        profile, words = self.users.profile, self.items.described
        if profile is not None and words is not None and not config.hidden and "text" in words.kinds:
            with torch.no_grad():  # a history begins as the words of its items: nothing is known better before training
                profile.table.copy_(words.of_items(np.arange(X.shape[1])))

    def all_items(self) -> Tensor:
        """e_i of the whole catalogue, [I, K]."""
        n_items = len(self.items.chosen)
        blocks = [self.items(np.arange(start, min(start + 4096, n_items))) for start in range(0, n_items, 4096)]
        return torch.cat(blocks)

    def served(self) -> nn.Module:
        """What is exported: item embeddings computed once; users by their number, or by their history."""
        training = self.training
        self.eval()
        with torch.no_grad():
            E_items = self.all_items().detach().clone()
            if is_memory_based(self.users):
                users = np.arange(len(self.users.one_hot.table))
                scorer = DotProduct(self.users(users, csr_array((len(users), len(E_items)))) * self.scale, E_items)
            else:
                unknown = None if self.users.one_hot is None else self.users.one_hot.unknown.detach()
                scorer = ReadsHistory(self.users.table(len(E_items)), unknown, self.users.layers, E_items, self.scale)
        self.train(training)
        return scorer


class ReadsHistory(nn.Module):
    """embedding = scale tower(sum_j x_j T_j / ||x|| + unknown); scores = embedding . E_items. T [I, H]."""

    def __init__(self, T: Tensor, unknown: Tensor | None, layers: Layers, E_items: Tensor, scale: float):
        super().__init__()
        self.register_buffer("T", T)
        self.register_buffer("unknown", unknown)  # stands for "who it is", which a history does not tell
        self.register_buffer("E_items", E_items)
        self.layers, self.scale = layers, scale

    def embed(self, total: Tensor) -> Tensor:
        return self.scale * self.layers(total if self.unknown is None else total + self.unknown)

    def forward(self, items: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """The contract: items, weights [B, L] -> scores [B, I], embedding [B, K]."""
        items, weights = without_padding(items, weights, self.T.shape[0])
        norms = weights.square().sum(dim=1, keepdim=True).sqrt().clamp_min(1e-12)  # an empty history stays 0
        e_u = self.embed(torch.einsum("bl,blk->bk", weights / norms, self.T[items]))
        return F.linear(e_u, self.E_items), e_u

    def scores(self, x: csr_array) -> Tensor:
        """The same of sparse rows."""
        return F.linear(self.embed(bag(x, self.T)), self.E_items)


class NewItems(nn.Module):
    """The item tower as a graph of its own: text_ids, picture, features, present -> embedding [N, K]; who chose them is
    not known."""

    def __init__(self, tower: ItemTower):
        super().__init__()
        self.described, self.layers = tower.described, tower.layers
        unknown = None if tower.one_hot is None else tower.one_hot.unknown
        self.register_buffer("unknown", None if unknown is None else unknown.detach())

    def forward(self, text_ids: Tensor, picture: Tensor, features: Tensor, present: Tensor) -> Tensor:
        total = self.described(text_ids, picture, features, present)
        return self.layers(total if self.unknown is None else total + self.unknown)


def described(kinds: Sequence[str], content: Content | None, width: int, config: Config) -> Described | None:
    wanted = [kind for kind in kinds if kind in KINDS]
    return Described(wanted, content, config.n_buckets, width, config.text_dropout) if wanted else None


def is_memory_based(tower: UserTower) -> bool:
    return tower.profile is None and tower.described is None


def device_of(module: nn.Module) -> torch.device:
    return next(module.parameters()).device
