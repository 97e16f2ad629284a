"""What is done with an upload in a process of its own: the only code of the app that decodes what strangers send.

Called by `zoo.limited.run` for zoo/reading.py: facts and parts in, facts and parts out. Imports little: people wait.
"""

import io
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from zoo.catalogue import Catalogue
from zoo.columns import RECOGNISE, Mapping
from zoo.errors import DataError, ZooError
from zoo.exports import open_export, recognise
from zoo.history_rows import Read, find_in, stars_of
from zoo.limited_wire import Facts, Parts, told
from zoo.table import Limits
from zoo.titles import MAX_LENGTH

ROWS = pl.Schema({"thing": pl.UInt32(), "user": pl.Int32(), "reason": pl.UInt8()})
FOUND = pl.Schema(
    {"item_idx": pl.Int64(), "how": pl.String(), "score": pl.Float64(), "rows": pl.UInt32(), "given": pl.String()}
)
PLACED = pl.Schema({"user": pl.String(), "item": pl.String(), "place": pl.Float64()})


@dataclass(frozen=True)
class Meant:
    """What somebody says about the columns and the ratings of a file."""

    mapping: Mapping = RECOGNISE
    threshold: float | None = None  # of a file that is no service's
    bounds: tuple[float, float] | None = None  # of an export: below the first a dislike, from the second a like

    def told(self) -> Facts:
        return {"mapping": vars(self.mapping), "threshold": self.threshold, "bounds": self.bounds}

    @classmethod
    def of(cls, facts: Facts) -> "Meant":
        bounds = facts["bounds"]
        return cls(Mapping(**facts["mapping"]), facts["threshold"], None if bounds is None else (bounds[0], bounds[1]))


def history(facts: Facts, parts: Parts) -> tuple[Facts, Parts]:
    """Columns, the rule that the ratings suggest, and the rows with what each thing in them is; or why not."""
    table = open_export(parts["file"], facts["name"], Limits(*facts["limits"]))
    service = recognise(table.columns)
    stars, found, refusal = None, None, None
    with suppress(DataError):  # its reason is told below, by whatever else needs the ratings
        stars = stars_of(table) if service is None else None
    if facts["meant"] is None:
        usual = None if service is None else (service.stars.dislike_below, service.stars.like_from)
        rule = facts["rule"] if facts["rule"] is not None else stars
        meant = Meant(RECOGNISE, rule, usual)
    else:
        meant = Meant.of(facts["meant"])
    below, above = meant.bounds or (None, None)
    try:
        catalogue = Catalogue.load(Path(facts["items"]))
        found = find_in(
            table,
            catalogue,
            mapping=meant.mapping,
            threshold=meant.threshold,
            like_from=above,
            dislike_below=below,
        )
        _check_people(found, facts["people"])
    except ZooError as error:
        found, refusal = None, told(error)
    answer = {"columns": table.columns, "stars": stars, "meant": meant.told(), "refusal": refusal}
    if found is None:
        return answer, {}
    reasons = [[reason.words, reason.verdict, reason.told] for reason in found.reading.reasons]
    of_file = {"service": found.reading.service, "reasons": reasons, "by_user": found.reading.by_user}
    users = pl.Series("user", found.user_ids if found.reading.by_user else []).to_frame()
    tables = {
        "rows": found.rows.select(ROWS.names()).cast(ROWS),
        "found": found.found.select(FOUND.names()).cast(FOUND),
        "users": users,
    }
    return answer | {"read": of_file | {"notes": found.notes}}, {name: _ipc(table) for name, table in tables.items()}


def _check_people(found: Read, most: int) -> None:
    if len(found.user_ids) > most:
        raise DataError(
            f"{found.name} holds {len(found.user_ids):,} people; the limit here is {most:,}. Bring fewer of them, or "
            "have lists made by the command line: menagerie recommend."
        )


def lists(facts: Facts, parts: Parts) -> tuple[Facts, Parts]:
    """The rows of a file of lists. No id is longer than what is cut off here."""
    from zoo.outside import placed

    found = placed(parts["file"], facts["name"], Limits(*facts["limits"]))
    rows = found.table.select(PLACED.names()).cast(PLACED).with_columns(pl.col(pl.String).str.slice(0, MAX_LENGTH))
    return {"by_rank": found.by_rank, "notes": found.notes}, {"rows": _ipc(rows)}


def picture(facts: Facts, parts: Parts) -> tuple[Facts, Parts]:
    from zoo.pictures import uploaded

    return {}, {"pixels": uploaded(parts["file"], facts["name"]).tobytes()}


def _ipc(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_ipc(buffer)
    return buffer.getvalue()
