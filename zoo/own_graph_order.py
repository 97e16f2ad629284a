"""The order of a graph's columns, where it is not the data set's own: a table of item ids, read as any upload is."""

from typing import Any

import numpy as np
import polars as pl

from zoo.dataset import Dataset
from zoo.errors import DataError
from zoo.files import Limits, read_table
from zoo.ids import id_text
from zoo.limited import run

COLUMNS = ("item_id", "item", "id")  # one of them, or the first one


def read_order(
    content: bytes, name: str, dataset: Dataset, limits: Limits, *, seconds: float, bytes: int
) -> np.ndarray:
    """The data set's column that each column of a graph is, int64 [I].

    Parameters
    ----------
    content : CSV, TSV, JSON lines or Parquet, a row per column of the graph, in their order
    seconds, bytes : what the process that decodes it may take

    Raises
    ------
    DataError where it is no such table, or an id is unknown, named twice, or missing
    """
    facts = {"name": name, "bytes": limits.bytes, "rows": limits.rows}
    parts = {"file": content}
    answer = run("zoo.own_graph_order:decode", facts, parts, seconds=seconds, bytes=bytes, task=f"Reading {name}")
    ids = answer.parts["ids"].decode(errors="replace").split("\n")
    return order_of(pl.Series("id", ids, dtype=pl.String), dataset, name)


def decode(facts: dict[str, Any], parts: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """In the other process: the ids, a line each; an id with a line break in it is unknown anyhow."""
    table = read_table(parts["file"], facts["name"], Limits(facts["bytes"], facts["rows"]))
    column = next((column for column in COLUMNS if column in table.columns), table.columns[0])
    ids = id_text(table[column]).fill_null("").str.replace_all("\n", " ", literal=True)
    return {}, {"ids": "\n".join(ids).encode()}


def order_of(ids: pl.Series, dataset: Dataset, name: str) -> np.ndarray:
    """As `read_order`, of ids as text."""
    columns, n = dataset.catalogue.columns_of(ids), dataset.info.n_items
    if unknown := int((columns < 0).sum()):
        first = str(ids.filter(pl.Series(columns < 0))[0])[:40]
        raise DataError(f"{name} names {unknown:,} items that {dataset.name} does not have, such as {first!r}.")
    if repeated := len(columns) - len(np.unique(columns)):
        raise DataError(f"{name} names {repeated:,} items twice. Each column of the graph is one item.")
    if len(columns) != n:
        raise DataError(f"{name} names {len(columns):,} items; the graph has a column for each of {n:,}.")
    return columns.astype(np.int64)
