"""Any table in: interactions that add up or a DataError out, never another exception."""

import io

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing.parametric import series

from zoo.errors import DataError
from zoo.interactions import Rules, read_interactions

OTHERS = st.lists(
    st.sampled_from(["rating", "time", "title", "fold", "User", "movieId", "x", ""]), max_size=4, unique=True
)
SIMPLE = [
    pl.Int64,
    pl.UInt64,
    pl.Int8,
    pl.Float32,
    pl.Float64,
    pl.String,
    pl.Boolean,
    pl.Date,
    pl.Datetime("us"),
    pl.Time,
]
ODD = [pl.Duration("ms"), pl.Binary, pl.Null, pl.Decimal(10, 2), pl.Categorical, pl.Int128, pl.Datetime("ns", "UTC")]
ODD += [pl.List(pl.Int64), pl.Struct({"a": pl.String})]
CELLS = {
    "ids": ["1", "2", "3", "1.0", "a", " a", "é", None],
    "numbers": ["1", "4.5", "-2", "1e3", None, "nan", "inf", "four"],
    "odd": ["", "007", "2015-03-04", '"', ",", "\n", "null"],
}


@st.composite
def tables(draw, form: str) -> pl.DataFrame:
    """Mostly plain ids and numbers, so that many tables are good; else anything that the format can hold."""
    height = draw(st.integers(0, 12))
    columns = []
    for name in draw(st.sampled_from([["user_id", "item_id"]] * 4 + [[], ["item_id"]])) + draw(OTHERS):
        plain = "ids" if name.endswith("_id") else "numbers"
        kind = draw(st.sampled_from([plain] * 4 + ["odd", "any"]))
        if kind == "any":
            dtype = draw(st.sampled_from(SIMPLE + ODD if form == "parquet" else SIMPLE))
            columns.append(draw(series(name=name, dtype=dtype, min_size=height, max_size=height)))
        else:
            cells = st.sampled_from(CELLS[kind] + CELLS[plain])
            columns.append(pl.Series(name, draw(st.lists(cells, min_size=height, max_size=height)), dtype=pl.String))
    return pl.DataFrame(columns)


FILES = st.sampled_from(["csv", "parquet", "ndjson", "json"]).flatmap(
    lambda form: tables(form).map(lambda frame: (frame.height, "fold" in frame.columns, written(frame, form)))
)


def written(frame: pl.DataFrame, form: str) -> bytes:
    out = io.BytesIO()
    getattr(frame, f"write_{form}")(out)
    return out.getvalue()


RULES = st.builds(
    Rules,
    threshold=st.none() | st.none() | st.floats(-2, 5),
    min_user=st.integers(1, 2),
    min_item=st.integers(1, 2),
    repeats=st.sampled_from(["count", "count", "last", "last", "max"]),
)


@settings(max_examples=300, deadline=None)
@given(file=FILES, rules=RULES)
def test_any_table_gives_interactions_that_add_up_or_a_data_error(file, rules):
    height, labelled, content = file
    try:
        found = read_interactions(content, rules=rules, part="fold" if labelled else None)
    except DataError:
        return
    X, report = found.X, found.report
    assert report.rows_read == report.rows_kept + sum(report.dropped.values()) <= height
    assert X.nnz == report.rows_kept
    assert X.shape == (len(found.user_ids), len(found.item_ids))
    assert X.has_canonical_format
    assert np.all(X.data >= 1)
    assert min(np.diff(X.indptr)) >= rules.min_user
    assert min(np.bincount(X.indices)) >= rules.min_item
    for ids in (found.user_ids, found.item_ids):
        assert ids.dtype in (pl.Int64, pl.String)
        assert ids.null_count() == 0
        assert ids.equals(ids.unique().sort())
    assert found.last_time is None or np.array_equal(found.last_time.indices, X.indices)
    assert found.part is None or len(found.part.codes) == X.nnz
