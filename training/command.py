"""From the command line to published models: read, split, then fit, export, measure and publish each model in turn."""

import argparse
import dataclasses
import datetime
import difflib
import hashlib
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import torch

from training.export import Figures, Fit, figures_of, publish
from training.loop import progress
from training.memory import peak_memory, resident_bytes
from training.model import Fitted, MissingContent, Run, Step
from training.table import BY_NAME, MODELS
from training.told import Told
from zoo.arguments import add_training_arguments
from zoo.card import DatasetInfo
from zoo.catalogue import Catalogue, find_items_beside
from zoo.dataset import Dataset, write_dataset
from zoo.datasets import find, licence_beside
from zoo.datasets.built_in import BuiltIn, built_in, settings_of
from zoo.errors import DataError, ModelError, ZooError
from zoo.files import read_table
from zoo.interactions import Interactions, Mapping, Rules, read_interactions
from zoo.pictures import pictures_of
from zoo.split import Rule, Split, split

LONGEST_NAME = 100  # letters of a data set's name: it is a folder


def main(model: str | None = None) -> None:
    """The command line of `python -m training`, or of one model's script. Ends the process."""
    script = f"training.{MODELS[model].rpartition('.')[2]}" if model else "training"
    parser = argparse.ArgumentParser(
        prog=f"python -m {script}",
        description=importlib.import_module(MODELS[model]).__doc__ if model else __doc__,
        epilog=settings_help(model) if model else "models: " + ", ".join(MODELS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_training_arguments(parser, models=model is None)
    options = parser.parse_args()
    try:
        train(options, [model] if model else options.models)
    except ZooError as error:
        sys.exit(f"error: {error}")
    except OSError as error:  # of a place that somebody named, or of a full disk
        sys.exit(f"error: {error}. Name another place, or make room there.")


def train(options: argparse.Namespace, names: list[str]) -> None:
    asked, names = names, chosen_models(names)
    modules = {name: importlib.import_module(MODELS[name]) for name in names}
    suited = settings_of(str(options.data), modules)
    configs = configs_from(modules, [*suited, *options.set])  # the last one of a key counts
    if suited:
        say(f"{options.data}: trained with {' '.join(suited)}, where --set says nothing else")
    device = choose_device(options.device)
    imports_bytes = resident_bytes()
    dataset, parts = prepare(options)
    data_bytes = None if imports_bytes is None else max(0, resident_bytes() - imports_bytes)
    told = Told(options.progress, names)
    told.data(users=dataset.info.n_users, items=dataset.info.n_items, test_users=len(parts.test))
    data = Run(
        seed=options.seed,
        device=device,
        validation=parts.validation,
        items=dataset.catalogue.items,
        pictures=lambda: pictures_of(dataset.catalogue, options.pictures),
    )
    for name, module in modules.items():
        say(f"{name}: fitting on {device}")
        told.model(name, "fitting")
        try:
            with peak_memory(data_bytes) as peak, progress(name) as report:
                start = time.perf_counter()
                watched = dataclasses.replace(data, progress=both(report, told, name), say=partial(said, name))
                fitted = module.fit(parts.train, configs[name], watched)
                seconds = time.perf_counter() - start
        except MissingContent as missing:
            if "all" not in asked:
                raise
            say(f"{name}: left out. {missing}")
            told.model(name, "left out", sentence=str(missing))
            continue
        told.model(name, "publishing")
        meanings = {key: field.metadata["doc"] for key, field in _fields(module).items()}
        fit = Fit(dataclasses.asdict(configs[name]), options.seed, str(device), seconds, peak.bytes, meanings)
        runs = other_runs(module, fitted, configs[name], dataset, parts, fit, data, options)
        folder = publish(module.ABOUT, fitted, dataset, fit, half=options.float16, other_runs=runs)
        say(f"{name}: fitted in {seconds:.1f} s, published in {folder}")
        told.model(name, "done", seconds=round(seconds, 3))
        if options.json:
            answer = {"model": name, "seconds": round(seconds, 6), "peak_bytes": peak.bytes, "folder": str(folder)}
            print(json.dumps(answer), flush=True)
        del fitted


def both(show: Callable[[Step], None], told: Told, name: str) -> Callable[[Step], None]:
    """A step goes to whoever sits at the terminal, and to whatever reads `--progress`."""

    def report(step: Step) -> None:
        show(step)
        told.step(name, step)

    return report


def other_runs(
    module: ModuleType,
    first: Fitted,
    config: Any,
    dataset: Dataset,
    parts: Split,
    fit: Fit,
    data: Run,
    options: argparse.Namespace,
) -> list[Figures]:
    """The figures of the same model under the seeds that follow; none where the seed changes nothing."""
    name, found = module.ABOUT.name, []
    for seed in range(options.seed + 1, options.seed + options.seeds):
        say(f"{name}: fitting again with seed {seed}")
        with progress(name) as report:
            again = module.fit(parts.train, config, dataclasses.replace(data, seed=seed, progress=report))
        if same_weights(first, again):
            say(f"{name}: the same with every seed")
            break
        figures = figures_of(module.ABOUT, again, dataset, fit, half=options.float16)
        if figures is None:  # nothing to spread under this split
            break
        found.append(figures)
    return found


def same_weights(a: Fitted, b: Fitted) -> bool:
    """Whether two fits gave the same model, bit for bit."""
    of_a, of_b = a.scorer.state_dict(), b.scorer.state_dict()
    return of_a.keys() == of_b.keys() and all(torch.equal(of_a[name], of_b[name]) for name in of_a)


def chosen_models(names: list[str]) -> list[str]:
    """Names as given, without repeats, `all` spelled out; a `ModelError` suggests the nearest of an unknown one."""
    every = [name for name in MODELS if name not in BY_NAME]
    spelled = [one for name in names for one in (every if name == "all" else [name])]
    wanted = list(dict.fromkeys(spelled))
    for name in wanted:
        if name not in MODELS:
            raise ModelError(f"There is no model {name!r}{_nearest(name, MODELS)} Models: {', '.join(MODELS)}.")
    return wanted


def configs_from(modules: dict[str, ModuleType], assignments: list[str]) -> dict[str, Any]:
    """A Config for each model, from its defaults and from `[MODEL.]KEY=VALUE`; without MODEL for all that have the key.

    Raises
    ------
    ModelError for a setting that none has, or a value of another type or outside its range
    """
    values: dict[str, dict[str, Any]] = {name: {} for name in modules}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        model, dot, key = key.strip().rpartition(".")
        if not equals or not key:
            raise ModelError(f"--set {assignment} is not of the form [MODEL.]KEY=VALUE.")
        if dot and model not in modules:
            raise ModelError(
                f"--set {assignment}: {model!r} is not among the models to train{_nearest(model, modules)}"
            )
        fields = {name: _fields(modules[name]) for name in ([model] if dot else modules)}
        having = [name for name in fields if key in fields[name]]
        if not having:
            known = sorted({name for of_model in fields.values() for name in of_model})
            raise ModelError(
                f"--set {assignment}: no setting {key!r}{_nearest(key, known)} Settings: {', '.join(known)}."
            )
        for name in having:
            values[name][key] = parse_setting(fields[name][key], text.strip())
    return {name: module.Config(**values[name]) for name, module in modules.items()}


def parse_setting(field: dataclasses.Field[Any], text: str) -> Any:
    """A value of the field's type and within its range; else a `ModelError`."""
    kind = type(field.default)
    try:
        value = {"true": True, "false": False}[text.lower()] if kind is bool else kind(text)
    except (ValueError, KeyError):
        raise ModelError(f"{field.name}={text!r} is no {kind.__name__}. {field.metadata['doc']}") from None
    low, high, choices = (field.metadata[key] for key in ("low", "high", "choices"))
    if choices and value not in choices:
        raise ModelError(
            f"{field.name}={value!r} is not one of {', '.join(map(str, choices))}. {field.metadata['doc']}"
        )
    if value != value or (low is not None and value < low) or (high is not None and value > high):
        ends = (("at least", low), ("at most", high))
        allowed = " and ".join(f"{words} {end:g}" for words, end in ends if end is not None)
        raise ModelError(f"{field.name}={value} is not allowed: {allowed}. {field.metadata['doc']}")
    return value


def settings_help(model: str) -> str:
    lines = [f"settings (--set KEY=VALUE) of {model}:"]
    for field in _fields(importlib.import_module(MODELS[model])).values():
        choices = field.metadata["choices"]
        default = f"default: {field.default}" + (f"; one of {', '.join(map(str, choices))}" if choices else "")
        lines.append(f"  {field.name:<18} {field.metadata['doc']} ({default})")
    return "\n".join(lines)


def choose_device(wanted: str) -> torch.device:
    """The device to train on; a `ModelError` where CUDA was asked for by name and is not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError(
            "CUDA was asked for, but torch finds no GPU. Take --device auto; `menagerie doctor` tells more."
        )
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def prepare(options: argparse.Namespace) -> tuple[Dataset, Split]:
    """Read, split, and lay the data set into the zoo."""
    if options.name is not None:
        plain_name(options.name)  # before a long file is read
    own, source, interactions, parts, catalogue = understood(options)
    name, file = (own.name, own.name) if own else (source.resolve().parent.name, source.name)
    info = describe(plain_name(options.name or name), file, options, interactions, parts)
    if own:
        info = info.model_copy(update={"licence": own.licence, "simulated": True, "notice": own.notice})
    elif info.licence is None:
        info = info.model_copy(update={"licence": licence_beside(source)})
    references = own.references(interactions, parts) if own else None
    dataset = write_dataset(options.out / info.name, info, catalogue, interactions.user_ids, parts, references)
    say(
        f"{dataset.path}: {info.n_users:,} users, {info.n_items:,} items; "
        f"{len(parts.test):,} test users under {parts.rule}"
    )
    return dataset, parts


def understood(options: argparse.Namespace) -> tuple[BuiltIn | None, Path | bytes, Interactions, Split, Catalogue]:
    """What is trained on, and where it came from; nothing is written."""
    own = built_in(str(options.data))
    source = own.interactions if own else find_interactions(options.data)
    mapping = Mapping(user=options.user, item=options.item, value=options.value, timestamp=options.timestamp)
    rules = Rules(options.threshold, options.min_user, options.min_item, options.repeats)
    part = Rule.parse(options.split).column
    interactions = read_interactions(source, mapping=mapping, rules=rules, part=part)
    say(interactions.report.sentence())
    for note in interactions.report.notes:
        say(f"note: {note}")
    parts = split(interactions.X, options.split, last_time=interactions.last_time, part=interactions.part)
    n_users = np.bincount(parts.train.indices, minlength=parts.train.shape[1])
    catalogue = Catalogue.build(interactions.item_ids, items_table(options, source, own), n_users)
    return own, source, interactions, parts, catalogue


def plain_name(name: str) -> str:
    """The name of a folder in the zoo, and no way out of it; else a `DataError`."""
    if not name or name.startswith(".") or any(mark in name for mark in "/\\\0") or len(name) > LONGEST_NAME:
        raise DataError(f"{name!r} cannot be the name of a data set. Give --name one plain word, such as films.")
    return name


def items_table(options: argparse.Namespace, source: Path | bytes, own: BuiltIn | None) -> pl.DataFrame | None:
    """What describes the items: the file named, else what comes with the data; None where there is nothing."""
    if own and not options.items:
        return own.items
    items = options.items or find_items_beside(source)
    return read_table(items) if items else None


def describe(
    name: str, source: str, options: argparse.Namespace, interactions: Interactions, parts: Split
) -> DatasetInfo:
    n_users, n_items = interactions.X.shape
    return DatasetInfo(
        name=name,
        source=source,
        licence=options.licence,
        fingerprint=hashlib.sha256(f"{interactions.fingerprint} {parts.rule}".encode()).hexdigest(),
        split=parts.rule,
        threshold=options.threshold,
        min_user=options.min_user,
        min_item=options.min_item,
        repeats=options.repeats,
        n_users=n_users,
        n_items=n_items,
        n_interactions=interactions.X.nnz,
        n_training_users=int(np.count_nonzero(np.diff(parts.train.indptr))),
        n_training_interactions=parts.train.nnz,
        n_test_users=len(parts.test),
        n_validation_users=len(parts.validation),
        leak_checks=parts.leak_checks,
        rows_read=interactions.report.rows_read,
        dropped=interactions.report.dropped,
        notes=interactions.report.notes,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def find_interactions(data: Path) -> Path:
    """The file itself, or the one named interactions.* in a folder, or in that of a known data set."""
    data = find(data)
    if not data.is_dir():
        return data
    found = sorted(path for path in data.glob("interactions.*") if path.is_file())
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise DataError(
            f"{data} is a folder and holds not exactly one interactions.* file (found: {names}). Name the file."
        )
    return found[0]


def said(name: str, text: str) -> None:
    say(f"{name}: {text}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _fields(module: ModuleType) -> dict[str, dataclasses.Field[Any]]:
    return {field.name: field for field in dataclasses.fields(module.Config)}


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else "."
