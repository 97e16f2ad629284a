"""One short text for everything that a model learns from: two data sets with the same fingerprint are the same."""

import hashlib

import numpy as np
import polars as pl
from scipy.sparse import csr_array


def fingerprint(
    user_ids: pl.Series,
    item_ids: pl.Series,
    X: csr_array,
    last_time: csr_array | None,
    part: tuple[list[str], np.ndarray] | None,
    rules: tuple[object, ...],
) -> str:
    """sha256 hex. X in canonical form: the order of the rows in the file leaves no trace, their content does."""
    digest = hashlib.sha256(repr((rules, X.shape, last_time is None, part and part[0])).encode())
    for ids in (user_ids, item_ids):
        is_text = ids.dtype == pl.String
        digest.update(str(ids.dtype).encode())
        digest.update(
            _bytes((ids.str.len_bytes() if is_text else ids).to_numpy(), "<i8")
        )  # lengths, as "ab", "c" is not "a", "bc"
        digest.update("".join(ids).encode() if is_text else b"")
    for array, kind in ((X.indptr, "<i8"), (X.indices, "<i4"), (X.data, "<f4")):
        digest.update(_bytes(array, kind))
    if last_time is not None:
        digest.update(_bytes(last_time.data, "<f8"))
    if part is not None:
        digest.update(_bytes(part[1], "<i2"))
    return digest.hexdigest()


def _bytes(array: np.ndarray, kind: str) -> memoryview:
    return np.ascontiguousarray(array, dtype=kind).data
