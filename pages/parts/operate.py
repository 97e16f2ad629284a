"""The Operate page: what is red and what to do about it, then the figures, as of a few seconds ago."""

import math
import shutil
import tempfile
import time
from functools import partial

import streamlit as st

from pages.parts import access, cached, elsewhere, levels, wide_table
from pages.parts.amounts import duration, milliseconds, size
from pages.parts.frame import escape, show_errors
from pages.parts.visitors import crowd
from zoo import condition, telemetry
from zoo.condition import Reading
from zoo.errors import ZooError
from zoo.placement import CPU, CUDA, PLACES
from zoo.registry import Zoo
from zoo.roles import Role
from zoo.runtime import Model, versions
from zoo.settings import Settings, shown, variable
from zoo.telemetry import WINDOW, Timing

EVERY = 5  # seconds between two looks, while the page is open
MOST_DATASETS = 20  # looked through for what is not served
UNKNOWN = "not known"
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}  # milliseconds, in the tables
OWN = "a visitor's own data"


@st.fragment(run_every=EVERY)
def now() -> None:
    """All of it; drawn anew by itself as long as the page is open, and only for an operator."""
    with show_errors():
        access.require(Role.OPERATOR)
        reading = read()
        _light(condition.red(reading))
        _figures(reading)
        _pages()
        _models()
        _running()
        _errors()
        _settings(cached.settings())


def read() -> Reading:
    """The figures as they are now."""
    settings, pages = cached.settings(), telemetry.together("page")
    unreadable, broken = _served()
    available, memory = levels.machine_memory()
    disk = shutil.disk_usage(tempfile.gettempdir())
    loaded = cached.runtime().loaded()
    return Reading(
        sessions=crowd.now,
        sessions_limit=settings.sessions,
        pages=len(pages.recent),
        p95=pages.quantile(0.95),
        memory_available=available,
        memory_total=memory,
        disk_free=disk.free,
        disk_total=disk.total,
        loaded=len(loaded),
        loads=len(telemetry.together("model_load").recent),
        evictions=int(telemetry.counts().get(("models_evicted", ()), 0)),
        errors=len(telemetry.errors(since=time.time() - WINDOW)),
        wanted=settings.provider,
        has_gpu=CUDA in versions()["providers"] and not math.isnan(levels.gpu_memory()[1]),
        on_cpu=[model.card.about.title for model in loaded if model.provider == CPU],
        broken=broken,
        unreadable=unreadable,
    )


def _served() -> tuple[str, list[str]]:
    """Why the zoo cannot be read, and what of it is not served."""
    try:
        names = _of_the_zoo()
        broken = elsewhere.details(cached.settings())
    except (ZooError, OSError) as error:
        return str(error), []
    for name in names[:MOST_DATASETS]:
        try:
            entries = cached.entries(cached.dataset(name))
        except (ZooError, OSError) as error:
            broken.append(f"{name}: {error}")
        else:
            broken += [f"{name}/{entry.name}: {entry.problem}" for entry in entries if entry.problem]
    return "", broken


def _of_the_zoo() -> list[str]:
    """The data sets that everybody sees; what a visitor trained here bears a name that is nobody's business."""
    return Zoo(elsewhere.place(cached.settings())).datasets()


def _light(found: list[condition.Red]) -> None:
    if not found:
        st.success("All is well.", icon=":material/check_circle:")
    for red in found:
        st.error(escape(red.do), title=red.what, icon=":material/error:")


def _figures(reading: Reading) -> None:
    settings, pages = cached.settings(), telemetry.together("page")
    gpu_used, gpu_total = levels.gpu_memory()
    process = levels.memory()
    models = f"{reading.loaded} model{'s' * (reading.loaded != 1)}"
    figures = {
        "Visitors now": (
            f"{reading.sessions:,}",
            f"at most {crowd.most:,} since the start · room for {settings.sessions:,}",
            "Open connections: each tab of a browser is one.",
        ),
        "Page, p95": (
            _ms(pages.quantile(0.95)),
            f"p50 {_ms(pages.quantile(0.5))} · p99 {_ms(pages.quantile(0.99))} · {len(pages.recent):,} pages",
            "Time to draw a page on this server, in the last ten minutes: 19 of 20 took at most this long.",
        ),
        "Memory of the app": (
            UNKNOWN if math.isnan(process) else size(process),
            f"{size(reading.memory_available)} of {size(reading.memory_total)} are free here"
            if not math.isnan(reading.memory_total)
            else "how much is free is not known",
            "What this process holds in memory, weights and all. What is free counts the limit of a container, too.",
        ),
        "Weights loaded": (
            size(levels.weights()) if reading.loaded else "none",
            f"{models} · up to {size(settings.session_bytes)} · {reading.evictions} let go",
            "By the models' cards. ONNX Runtime's own working memory is within the memory of the app; it does not tell "
            "how much of that it is.",
        ),
    }
    if not math.isnan(gpu_total):
        figures["Memory of the GPU"] = (size(gpu_used), f"of {size(gpu_total)}", "In use by all programs, not only us.")
    for place, (label, (value, note, why)) in zip(st.columns(len(figures)), figures.items(), strict=True):
        with place, st.container(border=True, height="stretch", gap="small"):
            st.metric(label, value, help=why)
            st.caption(note)


def _pages() -> None:
    st.markdown("## Pages, in the last ten minutes")
    ended = telemetry.counts()
    rows = {
        dict(labels)["page"].capitalize(): (timing, ended.get(("pages", (*labels, ("status", "failed"))), 0))
        for (_, labels), timing in telemetry.timings("page").items()
    }
    if not rows:
        st.caption("Nobody opened a page yet.")
        return
    table = [
        {"Page": page, "Drawn": f"{len(timing.recent):,}"} | _quantiles(timing) | {"Faults": f"{faults:,.0f}"}
        for page, (timing, faults) in sorted(rows.items(), key=lambda row: -len(row[1][0].recent))
    ]
    wide_table.show(table, "Pages")
    st.caption("Milliseconds on this server; runs that the next click broke off, too. Faults: since the start.")


def _models() -> None:
    st.markdown("## Models in memory")
    loaded = cached.runtime().loaded()
    if not loaded:
        st.caption("None is loaded: each is read when the first visitor asks it.")
        return
    answers = {dict(labels)["model"]: timing for (_, labels), timing in telemetry.timings("model_answer").items()}
    shared = _of_the_zoo()
    table = [
        _model(model, model.card.dataset if model.card.dataset in shared else OWN, answers.get(model.card.name))
        for model in reversed(loaded)
    ]
    wide_table.show(table, "Models in memory")
    st.caption(
        "The one that was used last stands first; when room is needed, the last one goes. Milliseconds an answer."
    )


def _model(model: Model, dataset: str, timing: Timing | None) -> dict[str, str]:
    card = model.card
    where = PLACES.get(model.provider, model.provider).removeprefix("the ")
    mixed = any(placement.mixed for placement in model.placement.values())
    row = {"Model": f"{card.about.title} · {dataset}", "On": where + (" (partly)" * mixed)}
    quantiles = _quantiles(timing) if timing else dict.fromkeys(QUANTILES, "–")
    return row | {"Weights": size(card.weight_bytes)} | quantiles


def _quantiles(timing: Timing) -> dict[str, str]:
    return {name: _ms(timing.quantile(share)).removesuffix(" ms") for name, share in QUANTILES.items()}


def _ms(seconds: float) -> str:
    """
    >>> _ms(0.0412), _ms(2.5), _ms(math.nan)
    ('41 ms', '2,500 ms', '–')
    """
    return "–" if math.isnan(seconds) else milliseconds(seconds * 1000)


def _running() -> None:
    st.markdown("## Trainings")
    levels_now, counts = telemetry.levels(), telemetry.counts()
    running, waiting = (int(levels_now.get(name, 0)) for name in ("jobs_running", "jobs_waiting"))
    ended = {dict(labels)["outcome"]: n for (name, labels), n in counts.items() if name == "jobs"}
    now = f"{running} now, {waiting} waiting." if running or waiting else "None now."
    st.caption(" ".join([now, *(f"{outcome.capitalize()} since the start: {n:,.0f}." for outcome, n in ended.items())]))


def _errors() -> None:
    st.markdown("## Errors")
    told = telemetry.errors()
    if not told:
        st.caption("None since the start.")
        return
    ago = partial(_ago, time.time())
    table = [
        {
            "When": ago(one.last) + (f", {one.n:,} times since {ago(one.first)}" if one.n > 1 else ""),
            "Where": one.where.capitalize(),
            "What": one.sentence,
            "Number": one.id,
        }
        for one in told[:20]
    ]
    wide_table.show(table, "Errors", code=["Number"])
    st.caption("A visitor who met one was told its number. The log says which lines of code it came through.")


def _ago(now: float, then: float) -> str:
    """
    >>> _ago(100.0, 99.5), _ago(1000.0, 400.0)
    ('just now', '10 min 0 s ago')
    """
    return "just now" if now - then < 2 else f"{duration(now - then)} ago"


def _settings(settings: Settings) -> None:
    with st.expander(f"Settings · up for {duration(time.time() - levels.BEGAN)}"):
        rows = {variable(name): shown(name, getattr(settings, name)) for name in Settings.model_fields}
        table = [{"Variable": name, "Value": value or "–"} for name, value in rows.items()]
        wide_table.show(table, "Settings", code=["Variable"])
