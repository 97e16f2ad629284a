"""Two towers: one turns a user into a vector, the other an item; what lies in your direction is offered.

    e_u = user tower(one_hot | profile | text | features)       any of them, see training/towers.py
    e_i = item tower(one_hot | profile | text | picture | features)
    s_ui = e_u . e_i, or cos(e_u, e_i) / temperature

one_hot x one_hot without a hidden layer is matrix factorisation: e_u . e_i of two tables. profile x one_hot without one
is the asymmetric linear autoencoder x W_i W_o / ||x||.

A pair (u, i) that is learned from is first taken out of the inputs: i from u's profile, u from i's. So no input tells
whether u chose i: turn the label over, and the inputs stay as they are.

Losses over the pairs (u, i) of X, in batches of B:

    bpr                mean of -log sigmoid(s_ui - s_uj), j drawn evenly from the items that u did not choose
                       Rendle, Freudenthaler, Gantner, Schmidt-Thieme 2009, arXiv:1205.2618
    bce                mean of -log sigmoid(s_ui) - sum_j log sigmoid(-s_uj), j as in bpr
                       He et al. 2017, arXiv:1708.05031
    mse                mean of (s_ui - 1)^2 + sum_j s_uj^2, j as in bpr
    sampled_softmax    mean of -log( e^s_ui / (e^s_ui + sum_j e^(s_uj - log n_j)) ), j over the other items of the batch
                       and M more, drawn evenly; n_j = (B - 1) q_j + M / I: how often j is expected among them, with
                       q_j = share of the pairs that are of item j. Without log n popular items, often drawn, sink
                       Yi et al. 2019, doi 10.1145/3298689.3346996; Yang et al. 2020, doi 10.1145/3366424.3386195
    full_softmax       the same over every item that u did not choose

    + l2 (||e_u||^2 + ||e_i||^2 + ...), mean over the pairs of the batch

Shapes: X [U, I]; a batch: e_u [B, K], e_i [B, K], negatives [B, N, K], logits [B, C] of C candidates.

Differs from the papers:
1. Adam on shuffled batches, each pair once per epoch; where both towers are tables its means are renewed only where a
   batch touched (SparseAdam: the cost of a step does not grow with U and I). BPR's paper draws single triples.
2. N negatives per pair, not one (bpr); other items that u chose are never negatives, also not in a batch.
3. q is counted from the data; Yi et al. estimate it from a stream. The own score is not corrected: it is there for
   certain (Khrylchenko et al. 2025, arXiv:2507.09331, say why).
4. Counts and ratings of X weigh in profiles; as something to be found a pair occurs or does not.
5. An item tower that reads words, pictures or features learns from the items that somebody chose; the others are no
   negatives: nobody can have chosen what was not there.
6. Early stopping on the validation users; a one_hot user tower knows them only under leave-last-out, temporal or column
   splits. Elsewhere its number of epochs is fixed, and the card says so.

The zoo's six two-towers are six configurations of this file: training/two_tower_*.py.
"""

from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional as F

from training import loop
from training.model import Fitted, MissingContent, Run
from training.pairs import NONE, Pairs, bce, bpr, mse, softmax
from training.scorers import DotProduct
from training.towers import NewItems, TwoTower, device_of
from training.two_tower_settings import ITEM_INPUTS, USER_INPUTS, Config, both_are_tables, inputs_of, reads_content
from zoo.content import KINDS, Content, Pictures, Recipe
from zoo.errors import ModelError
from zoo.split import Fold

REMEMBER_USERS = ("two_tower_id", "two_tower_id_fold_in")  # the user tower is a table of those of training
SAMPLED = {"bpr": bpr, "bce": bce, "mse": mse}


def batch_loss(model: TwoTower, pairs: Pairs, batch: np.ndarray, config: Config, rng: np.random.Generator) -> Tensor:
    """The loss of the pairs with these numbers, int64 [B], the price of their embeddings' lengths included."""
    u, i = pairs.users[batch], pairs.items[batch]
    e_u = model.users(u, pairs.X, without=i)  # [B, K]
    if config.loss in SAMPLED:
        j = pairs.draw_not_chosen(u, config.n_negatives, rng)  # [B, N]
        e_i, e_j = embedded(model, i, u, j.ravel())
        e_j = e_j.view(*j.shape, -1)  # [B, N, K]
        s_uj = model.scale * torch.einsum("bk,bnk->bn", e_u, e_j)
        loss = SAMPLED[config.loss](scores_of(model, e_u, e_i), s_uj)
        lengths = e_j.square().sum() / config.n_negatives
    else:
        drawn = rng.choice(pairs.pool, config.n_uniform) if config.loss == "sampled_softmax" else pairs.pool
        candidates = np.concatenate([i, drawn]) if config.loss == "sampled_softmax" else pairs.pool  # [C]
        e_i, e_c = embedded(model, i, u, candidates)
        log_n = log_expected(pairs, candidates, len(i), config).to(e_u.device)
        logits = torch.addmm(-log_n, model.scale * e_u, e_c.T)  # s_uj - log n_j                              [B, C]
        logits[tuple(map(torch.from_numpy, pairs.chosen_among(u, candidates)))] = NONE
        loss = softmax(scores_of(model, e_u, e_i), logits)
        lengths = 0.0
    return loss + config.l2 * (e_u.square().sum() + e_i.square().sum() + lengths) / len(batch)


def embedded(model: TwoTower, items: np.ndarray, users: np.ndarray, others: np.ndarray) -> tuple[Tensor, Tensor]:
    """e_i [B, K] of the pairs' items, and [C, K] of others; every item once through the tower.

    A profile of users is another one for each pair: its own user is taken out.
    """
    once, places = np.unique(np.concatenate([items, others]), return_inverse=True)
    vectors = F.embedding(torch.from_numpy(places).to(device_of(model)), model.items(once))
    own, rest = vectors[: len(items)], vectors[len(items) :]
    return (own if model.items.profile is None else model.items(items, without=users)), rest


def scores_of(model: TwoTower, e_u: Tensor, e_i: Tensor) -> Tensor:
    return model.scale * (e_u * e_i).sum(dim=1)  # s_ui                                                        [B]


def log_expected(pairs: Pairs, candidates: np.ndarray, n_pairs: int, config: Config) -> Tensor:
    """log of how often each candidate [C] is expected among them; 0 where each stands there once."""
    if config.loss == "full_softmax":
        return torch.zeros(len(candidates))
    evenly = np.isin(candidates, pairs.pool) * config.n_uniform / len(pairs.pool)
    return torch.from_numpy(np.log(max(1, n_pairs - 1) * pairs.q[candidates] + evenly)).float()


def fit_as(
    name: str, X: csr_array, config: Config, run: Run, serve: Callable[[TwoTower], nn.Module] = TwoTower.served
) -> Fitted:
    """Train the two-tower of this name and configuration; `serve` makes of it what is validated and exported."""
    content, recipe, details = content_for(name, config, run, X)
    rng = loop.seeded(run.seed)
    chosen = np.flatnonzero(np.bincount(X.indices, minlength=X.shape[1]))
    pairs = Pairs(X, chosen if reads_content(config) else None)
    trainable = np.flatnonzero(pairs.n_chosen[pairs.users] < len(pairs.pool))  # who chose everything teaches nothing
    if not len(trainable):
        raise ModelError(f"Nobody in the data left an item out; {name} has nothing to tell apart.")
    model = TwoTower(X, config, content).to(run.device)
    optimizer = optimizer_of(model, config)
    watch = loop.Watch(model, run, config.n_epochs, config.patience, config.learning_rate)
    knows_users_only = isinstance(serve(model), DotProduct)
    fold = known_users(run.validation, pairs.n_chosen) if knows_users_only else loop.part_of(run.validation)
    for _ in range(config.n_epochs):
        total = torch.zeros((), device=run.device)
        for batch in loop.shuffled(len(trainable), config.batch_size, rng):
            loss = batch_loss(model, pairs, trainable[batch], config, rng)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(batch)
        if watch.stop(total / len(trainable), validate(serve(model), fold) if fold else None):
            break
    watch.restore_best()
    scorer = serve(model.cpu().eval())
    if isinstance(scorer, DotProduct):
        scorer.E_users[pairs.n_chosen == 0] = 0.0  # never trained: says nothing
    how = "best epoch on validation" if fold else "fixed number of epochs: no validation user is known to training"
    details |= {"best_epoch": watch.best_epoch, "stopping": how}
    tower = NewItems(model.items) if reads_content(config) else None
    return Fitted(scorer, watch.curve, details, item_tower=tower, recipe=recipe, content=content)


def known_users(fold: Fold | None, n_chosen: np.ndarray) -> Fold | None:
    """The part of the fold that a memory-based model can be asked: users with a row in training. None: nobody."""
    return loop.part_of(fold, np.flatnonzero(n_chosen[fold.user_idx] > 0)) if fold else None


def validate(scorer: nn.Module, fold: Fold) -> float:
    if isinstance(scorer, DotProduct):
        return loop.validate(lambda _, user_idx: scorer(torch.from_numpy(user_idx).to(scorer.E_users.device))[0], fold)
    return loop.validate(lambda x, _: scorer.scores(x), fold)


def content_for(
    name: str, config: Config, run: Run, X: csr_array
) -> tuple[Content | None, Recipe | None, dict[str, float | int | str]]:
    """What the towers are told of the items, how it was made, and what of it is missing, for the card.

    Raises
    ------
    ModelError for inputs that do not make this model
    MissingContent where no item has what a tower reads
    """
    user, item = inputs_of(config.user_inputs, USER_INPUTS), inputs_of(config.item_inputs, ITEM_INPUTS)
    remembers = name in REMEMBER_USERS
    if (user == ["one_hot"]) != remembers:
        raise ModelError(
            f"{name} with user_inputs={config.user_inputs} is "
            + ("not memory-based any more: take two_tower_profile" if remembers else
               "memory-based: take two_tower_id, which says so,")
            + " and set its inputs."
        )  # fmt: skip
    wanted = {kind for kind in (*user, *item) if kind in KINDS}
    if not wanted:
        return None, None, {}
    if run.items is None:
        raise MissingContent(f"{name} reads {', '.join(sorted(wanted))}, and nothing is known of the items.")
    recipe = Recipe.of(run.items, config.n_buckets)
    pictures = run.pictures() if "picture" in wanted else Pictures.none(run.items.height)
    content = recipe.content(run.items, pictures)
    details: dict[str, float | int | str] = {}
    for place, kind in enumerate(KINDS):
        n = int(content.present[:, place].sum())
        if kind in wanted and n == 0:
            raise MissingContent(
                f"{name} reads {kind} of the items, and none of the {len(content):,} has any. {HELP[kind]}"
            )
        if kind in wanted:
            details[f"items_without_{kind}"] = len(content) - n
    if "picture" in wanted:
        details["pictures"] = pictures.source
    return content, recipe, details


HELP = {
    "text": "Give the titles with --items FILE.",
    "picture": "Give --pictures FOLDER, or genres and years with --items FILE: posters are drawn from them.",
    "features": "Give years, genres or other columns with --items FILE.",
}


def optimizer_of(model: TwoTower, config: Config) -> torch.optim.Optimizer:
    if both_are_tables(config):
        return torch.optim.SparseAdam(model.parameters(), lr=config.learning_rate)
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
