"""What every training loop needs and no lesson is in: seeds, batches, validation, early stopping, progress."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from scipy.sparse import csr_array
from torch import Tensor, nn

from training.model import Run, Step
from zoo.errors import ModelError
from zoo.metrics import ndcg_at_k
from zoo.split import Fold

VALIDATION_K = 100  # the validation metric is nDCG@100, as in Liang et al. 2018
VALIDATION_USERS = 5000  # enough to choose an epoch: the standard error of the mean is below 0.005
RANKING_BYTES = 64 * 2**20  # one batch of scores [B, I] in validation
PLAIN_SECONDS = 10.0  # without a terminal: at most one line of progress per so many seconds

Scores = Callable[[csr_array, np.ndarray], Tensor]  # fold_in [B, I], user_idx [B] -> scores [B, I]


def seeded(seed: int) -> np.random.Generator:
    """Seeds torch (weights, dropout, noise) and returns NumPy's generator (order, negatives): both from one seed."""
    torch.manual_seed(seed)
    return np.random.default_rng(seed)


def shuffled(n: int, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """0..n-1 once each, in random order, in batches; the last one may be smaller."""
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]


def sparse_rows(X: csr_array, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The stored entries of X [B, I], n of them: columns int64 [n], rows int64 [n], weights float32 [n]."""
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    parts = (X.indices.astype(np.int64), rows.astype(np.int64), X.data.astype(np.float32))
    columns, rows, weights = (torch.from_numpy(part).to(device) for part in parts)
    return columns, rows, weights


def part_of(fold: Fold | None, rows: np.ndarray | None = None) -> Fold | None:
    """These rows of the fold (default: all), at most VALIDATION_USERS, evenly spread; None where none is left."""
    if fold is None:
        return None
    rows = np.arange(len(fold)) if rows is None else rows
    rows = rows[np.diff(fold.held_out.indptr)[rows] > 0]
    if len(rows) > VALIDATION_USERS:
        rows = rows[np.linspace(0, len(rows) - 1, VALIDATION_USERS).astype(np.int64)]
    return Fold(fold.user_idx[rows], fold.fold_in[rows], fold.held_out[rows], fold.masked[rows]) if len(rows) else None


def validate(scores: Scores, fold: Fold) -> float:
    """Mean nDCG@100 of the fold; neither fold_in nor masked items are ranked. Somebody must have something held out."""
    n_users, n_items = fold.fold_in.shape
    batch, values = max(1, RANKING_BYTES // (4 * n_items)), []
    for start in range(0, n_users, batch):
        rows = slice(start, start + batch)
        with torch.no_grad():
            found = scores(fold.fold_in[rows], fold.user_idx[rows])
        ranked = best_unseen(found, fold.fold_in[rows], fold.masked[rows], VALIDATION_K)
        values.append(ndcg_at_k(ranked, fold.held_out[rows], VALIDATION_K))
    return float(np.nanmean(np.concatenate(values)))


def best_unseen(scores: Tensor, fold_in: csr_array, masked: csr_array, k: int) -> np.ndarray:
    """The k best columns per row, best first, int64 [B, min(k, I)]; -1 where only seen or masked ones are left."""
    for hidden in (fold_in, masked):
        columns, rows, _ = sparse_rows(hidden, scores.device)
        scores[rows, columns] = -math.inf
    values, ranked = scores.topk(min(k, scores.shape[1]), dim=1)
    return ranked.masked_fill(values == -math.inf, -1).cpu().numpy()


class Watch:
    """Stands beside a loop: writes the curve, tells the progress bar, keeps the best epoch, says when to stop.

    Without a validation metric there is no best epoch: the last one counts, and the loop runs to its end.
    """

    def __init__(self, model: nn.Module, run: Run, n_epochs: int, patience: int, learning_rate: float):
        self.model, self.run, self.n_epochs, self.patience = model, run, n_epochs, patience
        self.learning_rate = learning_rate
        self.curve: list[dict[str, float | int | None]] = []
        self.best_epoch, self.best_value = 0, -math.inf
        self._best_weights: dict[str, Tensor] = {}
        self._started = time.perf_counter()

    def stop(self, loss: Tensor | float, validation: float | None) -> bool:
        """To be called after each epoch: whether to stop. A `ModelError` if the loss is not a number any more."""
        epoch, loss = len(self.curve) + 1, float(loss)
        if not math.isfinite(loss):
            raise ModelError(
                f"The loss became {loss} in epoch {epoch} at learning_rate {self.learning_rate:g}; "
                f"nothing was published. Train again with a smaller learning_rate."
            )
        now = time.perf_counter()
        row = {"epoch": epoch, "loss": loss, "validation": validation, "seconds": now - self._started}
        self.curve.append(row)
        self._started = now
        self.run.report(Step(epoch, self.n_epochs, "epoch", loss, validation))
        if validation is None:
            self.best_epoch = epoch
        elif validation > self.best_value:
            self.best_epoch, self.best_value = epoch, validation
            self._best_weights = deepcopy(self.model.state_dict())
        return epoch - self.best_epoch >= self.patience

    def restore_best(self) -> None:
        """Puts the weights of the best epoch back into the model."""
        if self._best_weights:
            self.model.load_state_dict(self._best_weights)


@contextmanager
def progress(title: str, quiet: bool = False, console: Console | None = None) -> Iterator[Callable[[Step], None]]:
    """Shows steps on standard error: a bar with loss, validation metric and time left; plain lines without a terminal.

    Usage: `with progress("EASE") as report: fit(X, config, Run(progress=report))`.
    """
    console = console or Console(stderr=True)
    if quiet:
        yield lambda step: None
    elif not console.is_terminal:
        yield _plain(title, console)
    else:
        note = TextColumn("{task.fields[note]}")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), note, TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(title, total=None, note="")
            yield lambda step: bar.update(task, completed=step.done, total=step.total, note=_note(step))


def _plain(title: str, console: Console) -> Callable[[Step], None]:
    started = last = time.monotonic()

    def show(step: Step) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PLAIN_SECONDS:
            last, left = now, (now - started) / step.done * (step.total - step.done)
            text = f"{title}: {_note(step)}, {step.done} of {step.total}, at most {left:.0f} s left"
            console.print(text, highlight=False, soft_wrap=True)

    return show


def _note(step: Step) -> str:
    parts = [step.unit]
    parts += [f"loss {step.loss:.4f}"] if step.loss is not None else []
    parts += [f"nDCG@{VALIDATION_K} {step.validation:.4f}"] if step.validation is not None else []
    return " ".join(parts)
