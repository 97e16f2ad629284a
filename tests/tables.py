"""Small tables as files, and what was made of them."""

import io

import polars as pl

from zoo.interactions import EVERY_ROW, Interactions, Rules, read_interactions

PLAIN = "user,item,rating,timestamp\n1,10,5,100\n1,20,3,200\n2,10,4,300\n"


def read(text: str, rules: Rules = EVERY_ROW, **options) -> Interactions:
    return read_interactions(text.encode(), rules=rules, **options)


def entries(interactions: Interactions) -> dict[tuple, float]:
    """(user id, item id) -> weight."""
    X = interactions.X.tocoo()
    users, items = interactions.user_ids.to_list(), interactions.item_ids.to_list()
    return {(users[u], items[i]): float(x) for u, i, x in zip(X.row, X.col, X.data, strict=True)}


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()
