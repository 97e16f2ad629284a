"""The uploader of a visitor's own model: what to bring, the checks as they are made, and what each of them found."""

from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from pages.parts import cached, held, own_card, own_model, state, upload, wide_table
from pages.parts.downloads import safe_csv
from pages.parts.frame import escape
from pages.parts.held import Sent
from zoo.dataset import Dataset
from zoo.errors import DataError, ModelError
from zoo.own_graph import anatomy
from zoo.own_graph_checks import QUESTIONS
from zoo.own_graph_order import read_order
from zoo.own_graph_rules import RULES, Check

FOUND = "own-model-found"  # the session's key of what the last file came to
TURN = "own-model-turn"  # counts uploaders: a new one holds no file
N_CHECKS = 1 + len(RULES) + 3 + len(QUESTIONS) + 1
EXAMPLE = "popularity"  # the smallest, and the easiest to read
MARKS = {True: ":green[✓]", False: ":red[✕]", None: ":gray[–]"}


@dataclass(frozen=True)
class Found:
    """What became of one file."""

    file: str
    file_id: str
    of: str  # the data set, as it is described now
    kept: str | None  # the title under which it stands beside the zoo now; None: it does not
    checks: list[Check] = field(repr=False)


def show(data: Dataset) -> None:
    """The uploader, and what was found of the file that it holds."""
    settings = cached.settings()
    if own_model.free_slot() is None:
        _report(data, None)
        st.info(f"{len(own_model.SLOTS)} models of yours are here, as many as a session can hold. Remove one first.")
        return
    turn = state.kept(TURN, 0)
    file = held.uploader(
        "Your model, one .onnx file with its weights inside",
        ["onnx"],
        f"own-model-{turn}",
        settings.upload_bytes,
        help=f"Up to {settings.upload_bytes / 2**20:,.0f} MB. For a larger one, whoever runs this server can raise "
        "MENAGERIE_UPLOAD_BYTES, or publish it for everybody: docs/contract.md says how.",
    )
    with st.expander("Its name, and the order of its items"), st.container(gap="small"):
        wanted = st.text_input("Name", placeholder="Yours", max_chars=own_model.LONGEST_TITLE, key=f"own-name-{turn}")
        order = held.uploader(
            "The items in the order of the graph’s columns, if it is not that of this data (CSV of ids)",
            upload.KINDS,
            f"own-order-{turn}",
            settings.upload_bytes,
        )
        _order_of_data(data, "asked")
    if (
        file is not None
        and file.content is not None
        and st.button("Check this model", type="primary", icon=":material/rule:")
    ):
        _check(data, file, wanted or _name_of(file.name), order)
    _report(data, file)


def _name_of(file: str) -> str:
    return file.rsplit("/", 1)[-1].removesuffix(".onnx").replace("_", " ")


def _check(data: Dataset, file: Sent, wanted: str, order: Sent | None) -> None:
    bar = st.progress(0.0, "Reading …")
    checks: list[Check] = []

    def say(check: Check) -> None:
        checks.append(check)
        told = f"{len(checks)} of {N_CHECKS}: {check.title}"
        if len(checks) == N_CHECKS - 1 and all(one.passed for one in checks):
            told = f"Every question was passed. It makes its lists for {data.info.n_test_users:,} test users …"
        bar.progress(min(1.0, len(checks) / N_CHECKS), told)

    of = cached.described(data)
    try:
        columns = None if order is None or order.content is None else _read_order(data, order, order.content)
        new = own_model.bring(data, file.content or b"", file.name, wanted, columns, say)
        st.session_state[FOUND] = Found(file.name, file.file_id, of, new and new.entry.title, checks)
        if new is not None:
            bar.progress(1.0, "Measuring its lists …")
            own_card.figures(data, new)
            state.keep(TURN, state.kept(TURN, 0) + 1)
    except DataError as error:
        failed = Check("The order of the items", False, "every item of this data, once", str(error), "Mend the CSV.")
        st.session_state[FOUND] = Found(file.name, file.file_id, of, None, [failed])
    bar.empty()
    st.rerun()


def _read_order(data: Dataset, order: Sent, content: bytes) -> np.ndarray:
    settings = cached.settings()
    limits = {"seconds": settings.decode_seconds, "bytes": settings.decode_bytes}
    return read_order(content, order.name, data, upload.allowed(), **limits)


def _report(data: Dataset, file: Sent | None) -> None:
    """What the last file came to: what failed first, each with what to change; the rest behind a fold."""
    found = st.session_state.get(FOUND)
    if found is None or found.of != cached.described(data) or (file is not None and file.file_id != found.file_id):
        return
    if found.kept and found.kept not in {own.entry.title for own in own_model.all_of(data)}:
        return  # it was removed since
    failed = [check for check in found.checks if check.passed is False]
    passed = [check for check in found.checks if check.passed]
    unasked = [check for check in found.checks if check.passed is None]
    if found.kept:
        st.success(f"{len(passed)} of {len(passed)} checks passed. **{escape(found.kept)}** stands beside the zoo now.")
    else:
        n = f"{len(failed)} of {len(found.checks)} checks"
        st.error(f"{escape(found.file)} is not used: {n} failed. Nothing else changed.", title="Not yet")
    for check in failed:
        with st.container(border=True):
            told = [f"{MARKS[False]} **{escape(check.title)}**", f"*Expected:* {escape(check.expected)}"]
            told += [f"*Came:* {escape(check.came)}"]
            told += [f"*To mend it:* {escape(check.mend)}"] if check.mend else []
            st.markdown("  \n".join(told))
    if passed:
        with st.expander("What was checked" if found.kept else f"{len(passed)} passed"):
            st.markdown("\n".join(f"- {MARKS[True]} {_line(check)}" for check in passed))
    if unasked:
        with st.expander(f"{len(unasked)} could not be asked yet"):
            st.markdown(
                "\n".join(f"- {MARKS[None]} {escape(check.title)}: {escape(check.expected)}" for check in unasked)
            )


def _line(check: Check) -> str:
    came = "" if check.came == "as expected" else f" ({escape(check.came)})"
    return f"{escape(check.title)}: {escape(check.expected)}{came}"


def explain(data: Dataset) -> None:
    """The empty state: what to bring, an example, and what becomes of it."""
    n = data.info.n_items
    with st.container(border=True):
        st.markdown(
            "## What to bring\n\n"
            f"A recommender as **ONNX**, opset 18 or later, for the {n:,} items of this data: a history goes in, a "
            "ranked list comes out. Any method, any framework.\n\n"
            f"It is checked first, in a process of its own: its form, then its answers, {N_CHECKS} questions in "
            "seconds. What fails is listed with what to change. Then it stands beside the zoo on Recommend, Compare, "
            "What if and the pages under Measure, with figures measured here and now.\n\n"
            "**It stays in this session: nobody else sees it, and it is gone when you leave.**"
        )
        with st.container(horizontal=True):
            if example := _example(data):
                st.download_button(
                    "Download an example",
                    lambda: example[1],
                    f"{data.name}-{example[0]}.onnx",
                    "application/octet-stream",
                    on_click="ignore",
                    icon=":material/download:",
                    help=f"The graph of {example[0]} as this zoo serves it. It passes every check.",
                )
            _order_of_data(data, "explained")
        with st.expander("The contract, in short"):
            _contract(n)


def _contract(n: int) -> None:
    wide_table.show(_form("Input", INPUTS, n), "What the graph takes", code=["Input"])
    wide_table.show(_form("Output", OUTPUTS, n), "What the graph gives", code=["Output"])
    st.markdown("docs/contract.md has the whole of it, and thirty lines of PyTorch that pass every check.")


def _form(kind: str, tensors: dict[str, tuple[str, str]], n: int) -> list[dict[str, str]]:
    return [{kind: name, "Type": of.format(n=n), "Meaning": is_.format(n=n)} for name, (of, is_) in tensors.items()]


INPUTS = {
    "items": ("int64 [B, L]", "columns of the history; padding = {n}"),
    "weights": ("float32 [B, L]", "1.0, and 0.0 on padding"),
    "candidates": ("bool [{n}]", "what may be recommended"),
    "exclude_seen": ("bool []", "whether the history is kept out"),
    "k": ("int64 []", "list length"),
}
OUTPUTS = {
    "ranked": ("int64 [B, k]", "columns, best first; −1 where nothing is left"),
    "scores": ("float32 [B, k]", "of these; −infinity where ranked is −1"),
    "all_scores": ("float32 [B, {n}]", "of every item, before anything is kept out"),
}


def _order_of_data(data: Dataset, where: str) -> None:
    st.download_button(
        "The order of the items (CSV)",
        lambda: _items(data),
        f"{data.name}-items.csv",
        "text/csv",
        on_click="ignore",
        key=f"own-items-{where}",
        icon=":material/download:",
    )


def _items(data: Dataset) -> bytes:
    items = data.catalogue.items.select("item_id", "title").with_row_index("column")
    return safe_csv(items)


def _example(data: Dataset) -> tuple[str, bytes] | None:
    """A graph of this zoo that holds its weights: the simplest there is."""
    ready = [entry for entry in cached.entries(data) if entry.card and entry.card.about.input == "items"]
    for entry in sorted(ready, key=lambda entry: (entry.name != EXAMPLE, entry.card.weight_bytes)):
        try:
            content = cached.graph_file(data, entry)
            if not anatomy(content).external:
                return entry.name, content
        except (ModelError, OSError):
            continue
    return None
