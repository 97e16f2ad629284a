"""The trainings of this session: how far they are, why one ended, and what can be done with what came out."""

import time
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts import access, cached, own, state
from pages.parts.amounts import duration, size
from pages.parts.downloads import LARGEST_MODEL
from pages.parts.frame import escape
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.jobs.asked import Request, State
from zoo.jobs.job import Job
from zoo.jobs.result import packed, publish, size_of
from zoo.roles import Role

EVERY = 1.0  # seconds between two looks at a training that runs
ADDRESS = (
    "You may open other pages meanwhile, or reload this one. The address of this page brings the training back in "
    "another browser, too: whoever has it can see your data set."
)
TITLES = {
    "failed": "It did not come to its end",
    "cancelled": "Cancelled",
    "interrupted": "Interrupted",
}


def show() -> None:
    """One card for each, the latest first."""
    for word, job in reversed(own.trainings().items()):
        if job.state.is_over:
            _ended(word, job)
        else:
            _running(word, job)


@st.fragment(run_every=EVERY)
def _running(word: str, job: Job) -> None:
    now, request = job.state, job.request
    if now.is_over:
        st.rerun()
    if request is None:  # it has gone just now
        return
    told = job.progress()
    with st.container(border=True):
        st.markdown(f"## Training {escape(request.name)}\n\n{escape(_stage(now.stage, now.place, now.started, told))}")
        for name in request.models:
            share, text = bar(request.titles.get(name, name), told.get("models", {}).get(name, {}))
            st.progress(share, escape(text))
        if st.button("Cancel", icon=":material/stop_circle:", key=f"cancel-{word}", help="Whole models are kept."):
            job.cancel()
            st.toast("It is being ended.")
        _log(job)
        st.caption(ADDRESS)


def _stage(stage: str, place: int, started: float | None, told: dict[str, Any]) -> str:
    if stage == "waiting":
        ahead = "One training is" if place <= 1 else f"{place} trainings are"
        return f"{ahead} ahead of yours; it begins by itself."
    since = f" · {duration(max(0.0, time.time() - started))}" if started else ""
    return ("It runs." if told.get("data") else "Starting, and reading your data …") + since


def bar(title: str, told: dict[str, Any]) -> tuple[float, str]:
    """How full the bar of a model is, 0 to 1, and what stands above it.

    >>> bar("EASE", {"state": "fitting", "done": 3, "total": 12, "unit": "epoch", "loss": 0.5, "validation": 0.25})
    (0.25, 'EASE · epoch 3 of at most 12 · loss 0.5000 · nDCG@100 0.250')
    """
    stage, done, total = told.get("state", "waiting"), told.get("done"), told.get("total")
    if stage == "fitting" and total:
        most = "at most " if told.get("unit") == "epoch" else ""
        parts = [f"{told['unit']} {done:,} of {most}{total:,}"]
        parts += [f"loss {told['loss']:.4f}"] if told.get("loss") is not None else []
        parts += [f"nDCG@100 {told['validation']:.3f}"] if told.get("validation") is not None else []
        return min(1.0, done / total), " · ".join([title, *parts])
    said = {
        "waiting": (0.0, "waits"),
        "fitting": (0.0, "is being fitted"),
        "publishing": (1.0, "fitted; now it is exported, checked and measured"),
        "done": (1.0, f"done, fitted in {duration(told.get('seconds', 0.0))}"),
        "left out": (0.0, f"left out: {told.get('sentence', '')}"),
    }
    share, text = said.get(stage, (0.0, str(stage)))
    return share, f"{title} · {text}"


def _ended(word: str, job: Job) -> None:
    now, request = job.state, job.request
    name = request.name if request else "Training"
    with st.container(border=True):
        st.markdown(f"## {escape(name)}")
        if now.stage == "done":
            st.badge("Yours, this session only", icon=":material/lock:", color="green")
        elif now.stage == "cancelled":
            st.info(escape(_with_kept(now, request)), title=TITLES[now.stage])
        else:
            st.error(escape(_with_kept(now, request)), title=TITLES[now.stage])
        if now.models:
            _result(job.zoo / name)
        with st.container(horizontal=True):
            if now.models:
                _uses(word, job.zoo / name)
            st.button("Remove", icon=":material/delete:", key=f"remove-{word}", on_click=_remove, args=(word, name))
        if now.stage in ("failed", "interrupted"):
            _log(job)


def _with_kept(now: State, request: Request | None) -> str:
    if not now.models:
        return f"{now.sentence or ''} Nothing was kept. Your file can be brought again below."
    titles = request.titles if request else {}
    return f"{now.sentence or ''} Whole by then, and kept: {', '.join(titles.get(one, one) for one in now.models)}."


def _result(folder: Path) -> None:
    data = Dataset(folder)
    info, models = data.info, data.model_names()
    st.markdown(
        f"{len(models)} model{'' if len(models) == 1 else 's'} on {info.n_users:,} people, {info.n_items:,} items and "
        f"{info.n_interactions:,} choices. Choose **{escape(info.name)}** in the sidebar of any page."
    )


def _uses(word: str, folder: Path) -> None:
    if st.button("Open the Leaderboard", type="primary", key=f"open-{word}"):
        state.take_over({"dataset": folder.name})
        state.leave_view()
        st.switch_page("pages/measure/leaderboard.py")
    _take_home(word, folder)
    _offer_to_publish(word, folder)


def _take_home(word: str, folder: Path) -> None:
    total = size_of(folder)
    if total > LARGEST_MODEL:
        st.caption(f"{size(total)}: too large to hand out through a browser.")
        return
    st.download_button(
        f"Download the zoo ({size(total)})",
        lambda: packed(folder),
        f"{folder.name}.zip",
        "application/zip",
        on_click="ignore",
        key=f"zip-{word}",
        icon=":material/download:",
        help="Unpack it, then `menagerie serve --zoo zoo` shows it.",
    )


def _offer_to_publish(word: str, folder: Path) -> None:
    if (access.role() or Role.VIEWER) < Role.OPERATOR or not isinstance(cached.settings().zoo, Path):
        return
    with st.popover("Publish", icon=":material/public:", key=f"publish-{word}"):
        st.markdown(
            f"Everybody who opens this server will see **{escape(folder.name)}**: its items, its people by their ids, "
            "and what they chose."
        )
        if st.button("Publish for everybody", type="primary", key=f"really-{word}"):
            _publish(word, folder)


def _publish(word: str, folder: Path) -> None:
    name = folder.name
    try:
        access.require(Role.OPERATOR)
        with st.spinner("Copying it into the zoo …"):
            publish(folder, cached.settings().zoo)
    except ZooError as error:
        st.error(escape(str(error)), title="Not published")
        return
    except OSError as error:
        reason = escape(error.strerror or "it cannot be written")
        st.error(f"The zoo could not take it: {reason}. The zoo is as it was.", title="Not published")
        return
    own.forget(word)
    st.toast(f"{escape(name)} is in the zoo, for everybody.")
    st.rerun()


def _remove(word: str, name: str) -> None:
    own.forget(word)
    st.toast(f"{escape(name)} is gone.")


def _log(job: Job) -> None:
    if lines := job.log():
        with st.expander("Log"):
            st.code("\n".join(lines), language=None, wrap_lines=True)
