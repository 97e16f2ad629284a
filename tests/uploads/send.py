"""Sends a case the way that an upload goes, and says what became of it."""

import re
import tempfile
import time
from dataclasses import dataclass

from pages.parts.held import called
from tests.uploads.cases import LISTS, PICTURE, Case
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.limited import CHECKOUT, Busy, OutOfBounds
from zoo.reading import Bounds, read_history, read_outside_lists, read_picture

READ, REFUSED, BOUNDED, WRONG = "read", "refused", "limit", "wrong"
LONGEST = 700  # letters of a sentence
NEVER = re.compile(
    r"Traceback|Error\b|Exception|site-packages|<built-in|panicked|[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]"
)
PLACES = (str(CHECKOUT), tempfile.gettempdir())  # of this machine: nobody outside is to read of them


@dataclass(frozen=True)
class Outcome:
    end: str  # READ, REFUSED, BOUNDED (by time or memory), or WRONG
    sentence: str
    seconds: float


def send(case: Case, dataset: Dataset, bounds: Bounds) -> Outcome:
    """Whatever is not expected is WRONG, and never raised: the table is to name it."""
    began = time.perf_counter()
    try:
        end, sentence = READ, _read(case, dataset, bounds)
    except OutOfBounds as error:
        end, sentence = BOUNDED if error.cause in ("time", "memory") else WRONG, f"{error} [{error.cause}]"
    except Busy as error:
        end, sentence = WRONG, f"{error} [{error.cause}]"
    except ZooError as error:
        end, sentence = REFUSED, str(error)
    except Exception as error:
        end, sentence = WRONG, f"{type(error).__name__}: {error}"
    fault = _fault_of(sentence.partition(" [")[0] if end == BOUNDED else sentence)
    if end != WRONG and fault:
        end, sentence = WRONG, f"{fault}: {ascii(sentence)[:300]}"
    return Outcome(end, sentence, time.perf_counter() - began)


def _read(case: Case, dataset: Dataset, bounds: Bounds) -> str:
    name = called(case.name)
    if case.route == LISTS:
        lists = read_outside_lists(case.content, name, dataset, bounds)
        return f"Lists of {len(lists.rows)} users."
    if case.route == PICTURE:
        return f"A picture of {read_picture(case.content, name, bounds).mean():.0f} of 255."
    opened = read_history(case.content, name, dataset, bounds)
    if opened.refusal is not None:
        raise opened.refusal
    found = opened.histories
    assert found is not None
    said = found.X.nnz + found.dislikes.nnz + found.seen.nnz
    assert said == found.report.matched - found.report.repeated, "the report does not count what was found"
    assert max(map(len, opened.columns)) <= 1_000, "a column's name without end"
    return found.report.sentence()


def _fault_of(sentence: str) -> str | None:
    """What is wrong with a sentence for somebody who sees nothing else."""
    if not 10 <= len(sentence) <= LONGEST:
        return f"a sentence of {len(sentence)} letters"
    if found := NEVER.search(sentence):
        return f"{found.group()!a} in a sentence"
    if any(place in sentence for place in PLACES):
        return "a path of the server in a sentence"
    return None if sentence.rstrip("”’'\")").endswith((".", "…", "]")) else "a sentence without an end"
