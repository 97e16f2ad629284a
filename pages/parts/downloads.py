"""To take home: tables as Parquet or as CSV that is safe to open in a spreadsheet, and models as ONNX."""

import io
import zipfile
from collections.abc import Callable, Iterable

import polars as pl
import streamlit as st

from pages.parts import cached
from pages.parts.amounts import size
from pages.parts.cached import Entry
from zoo.dataset import Dataset

# What a spreadsheet would run instead of show (OWASP: CSV injection), also in wide letters and behind what is unseen
FORMULA = r"^[\s\p{C}]*[=+\-@＝＋－＠]|^[\t\r\n]"
LARGEST_MODEL = 200 * 10**6  # bytes: the server holds a download in memory


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


def template(text: str, name: str) -> None:
    """A file to fill in; a callable, for the browser asks at once for a file that lies ready, gone on the next page."""
    icon = ":material/download:"
    st.download_button("Template (CSV)", lambda: text, name, "text/csv", on_click="ignore", icon=icon)


def markdown(table: pl.DataFrame) -> bytes:
    """A table of Markdown, numbers to four significant digits.

    >>> print(markdown(pl.DataFrame({"model": ["a|b"], "mean": [0.34567]})).decode())
    | model | mean |
    |---|---|
    | a\\|b | 0.3457 |
    <BLANKLINE>
    """
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * table.width]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in table.iter_rows()]
    return ("\n".join(lines) + "\n").encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return " ".join(str(value).replace("|", "\\|").replace("<", "&lt;").split())  # HTML would be read as such


def take_home(table: Callable[[], pl.DataFrame], name: str, label: str = "Download") -> None:
    """What a chart or a table shows, as CSV, Parquet or Markdown; made when it is asked for."""
    kinds = {
        "CSV": (safe_csv, "csv", "text/csv"),
        "Parquet": (parquet, "parquet", "application/vnd.apache.parquet"),
        "Markdown": (markdown, "md", "text/markdown"),
    }
    with st.popover(label, icon=":material/download:", key=f"take-{name}"):
        for kind, (written, ending, mime) in kinds.items():
            st.download_button(
                kind,
                lambda written=written: written(table()),
                f"{name}.{ending}",
                mime,
                on_click="ignore",
                key=f"take-{name}-{ending}",
            )


def offer_model(data: Dataset, entry: Entry) -> None:
    """One button: the graph, or a zip of all that a model is made of where its weights lie beside it."""
    sizes = cached.files(data, entry)
    wanted = model_files(sizes)
    total = sum(sizes[name] for name in wanted)
    if total > LARGEST_MODEL:
        st.caption(
            f"{size(total)}: too large to hand out through a browser. Whoever runs this server finds it in the zoo, in "
            f"`{data.name}/{entry.name}/{data.current(entry.name)}`."
        )
        return
    packed = len(wanted) > 1
    st.download_button(
        f"Download ONNX and weights, zip ({size(total)})" if packed else f"Download ONNX ({size(total)})",
        lambda: model_bytes(data, entry.name),
        f"{data.name}-{entry.name}.{'zip' if packed else 'onnx'}",
        "application/zip" if packed else "application/octet-stream",
        on_click="ignore",
        key=f"download-{entry.name}",
        icon=":material/download:",
    )


def model_files(names: Iterable[str]) -> list[str]:
    """What is needed to run a model elsewhere: one graph with its weights inside, or everything."""
    graphs = [name for name in names if name.endswith(".onnx")]
    inside = len(graphs) == 1 and not any(name.endswith((".safetensors", ".data")) for name in names)
    return graphs if inside else sorted(names)


def model_bytes(data: Dataset, name: str) -> bytes:
    """Read when the button is pressed, held so that nobody takes the folder away meanwhile, every checksum compared."""
    with data.model(name) as folder:
        files = model_files([path.name for path in folder.path.iterdir() if path.is_file()])
        if len(files) == 1:
            return (folder.path / files[0]).read_bytes()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:  # stored, not deflated: weights do not shrink
            for file in files:
                archive.write(folder.path / file, f"{name}/{file}")
        return packed.getvalue()
