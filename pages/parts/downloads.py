"""Tables to take home: Parquet as they are, CSV safe to open in a spreadsheet."""

import io

import polars as pl
import streamlit as st

FORMULA = r"^\s*[=+\-@]|^[\t\r\n]"  # what a spreadsheet would run instead of show (OWASP: CSV injection)


def safe_csv(table: pl.DataFrame) -> bytes:
    """CSV in UTF-8 with a byte order mark; text that begins like a formula gets an apostrophe before it.

    >>> safe_csv(pl.DataFrame({"title": ["=1+1", "Alien"], "score": [-1.5, 2.0]})).decode("utf-8-sig").split()
    ['title,score', "'=1+1,-1.5", 'Alien,2.0']
    """
    text = pl.col(pl.String)
    guarded = table.with_columns(
        pl.when(text.str.contains(FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep()
    )
    return b"\xef\xbb\xbf" + guarded.write_csv().encode()


def parquet(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


def offer(table: pl.DataFrame, name: str) -> None:
    """Two buttons; a file is made when it is asked for."""
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV",
            lambda: safe_csv(table),
            f"{name}.csv",
            "text/csv",
            on_click="ignore",
            help="Text that a spreadsheet would run as a formula gets an apostrophe before it.",
        )
        st.download_button(
            "Download Parquet",
            lambda: parquet(table),
            f"{name}.parquet",
            "application/vnd.apache.parquet",
            on_click="ignore",
            help="For programs: exact types, titles unchanged.",
        )
