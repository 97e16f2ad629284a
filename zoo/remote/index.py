"""What a zoo elsewhere holds.

A web server tells nobody which files it has, so `menagerie index ZOO` writes down, beside the data sets, what is in
service: written last and replaced in one step, INDEX.json is what a reader takes as the truth. Where files can be
listed (S3), folders and their CURRENT are the truth, as on a disk.

    {"format": 1, "datasets": {"films": {"manifest": sha256, "models": {"ease": sha256 of its MANIFEST.json}}}}
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError

from zoo.errors import CardError
from zoo.manifest import CURRENT, MANIFEST, PUBLICATION, check_manifest, put
from zoo.registry import Zoo
from zoo.remote.source import Missing, Source
from zoo.typed import Typed

INDEX = "INDEX.json"
MOST_BYTES = 2**22  # of an index: a few hundred thousand bytes for a thousand models
MOST = 1000  # data sets, and models of one


def _plain(name: str) -> str:
    if not name.isprintable() or name.startswith(".") or "/" in name or "\\" in name or not 0 < len(name) <= 100:
        raise ValueError(f"{name!r} is not the name of a data set or a model")
    return name


Name = Annotated[str, AfterValidator(_plain)]
# of a MANIFEST.json; where a CURRENT names it only its first eight digits are known
Checksum = Annotated[str, Field(pattern=r"^[0-9a-f]{8}([0-9a-f]{56})?$")]


class Indexed(Typed):
    """One data set. None: what only its own MANIFEST.json tells, and a model whose CURRENT is odd."""

    manifest: Checksum | None
    models: dict[Name, Checksum | None] = Field(max_length=MOST)


class Index(Typed):
    format: Literal[1] = 1
    datasets: dict[Name, Indexed] = Field(max_length=MOST)

    @classmethod
    def of(cls, source: Source) -> Self:
        """What is in service at an address.

        Raises
        ------
        Unreachable if it does not answer
        CardError if it has no index, or one that cannot be read
        """
        return cls._listed(source) if source.lists else cls._written(source)

    @classmethod
    def _written(cls, source: Source) -> Self:
        try:
            return cls.model_validate_json(source.read(INDEX, MOST_BYTES))
        except Missing:
            raise CardError(f"{source.name} has no {INDEX}. Write it where the zoo is: menagerie index ZOO.") from None
        except ValidationError:
            raise CardError(
                f"{source.name}/{INDEX} is no index of this version. Write it anew: menagerie index ZOO."
            ) from None

    @classmethod
    def _listed(cls, source: Source) -> Self:
        found: dict[str, object] = {}
        for dataset in filter(_is_plain, source.folders()):
            models = {}
            for name in filter(_is_plain, source.folders(dataset)):
                with suppress(Missing):  # pictures, and whatever else is no model
                    models[name] = _current(source, f"{dataset}/{name}")
            if models or _is_there(source, f"{dataset}/{MANIFEST}"):
                found[dataset] = {"manifest": None, "models": models}
        try:
            return cls.model_validate({"datasets": found})
        except ValidationError:
            raise CardError(
                f"{source.name} lists more than {MOST:,} data sets, or models of one. It is no zoo."
            ) from None


def _is_plain(name: str) -> bool:
    try:
        return bool(_plain(name))
    except ValueError:
        return False


def _current(source: Source, model: str) -> str | None:
    """What its CURRENT names; None where that is no publication."""
    try:
        name = source.read(f"{model}/{CURRENT}", 100).decode(errors="replace").strip()
    except Missing:
        raise
    except CardError:  # longer than that
        return None
    return name if PUBLICATION.fullmatch(name) else None


def _is_there(source: Source, path: str) -> bool:
    try:
        source.read(path, 1)
    except Missing:
        return False
    except CardError:  # longer than that
        return True
    return True


def write_index(root: Path) -> Index:
    """Checks every file of a zoo, and writes INDEX.json over all of it in one step.

    Raises
    ------
    CardError for whatever is broken: what cannot be served is not announced
    """
    zoo, found = Zoo(root), {}
    for name in zoo.datasets():
        data = zoo.dataset(name)
        models = {}
        for model in data.model_names():
            with data.model(model) as folder:
                models[model] = folder.checksum
        found[name] = Indexed(manifest=check_manifest(data.path, below=False), models=models)
    if not found:
        raise CardError(f"{root} holds no data set. Train one: menagerie train all --data FILE --out {root}.")
    index = Index(datasets=found)
    new = root / f".{INDEX}.new"
    index.save(new)
    put(new, root / INDEX)
    os.chmod(root / INDEX, 0o644)
    return index
