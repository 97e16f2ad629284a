"""What an operator may set, each by one environment variable. Read at the edge; README.md's table says the same."""

import difflib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ByteSize, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from zoo.errors import ZooError

PREFIX = "MENAGERIE_"
ELSEWHERE = ("MENAGERIE_PEERS", "MENAGERIE_TEST_DATA", "MENAGERIE_TINY_ZOO")  # what tests and benchmarks read
# What Kubernetes sets for a service that is called menagerie: nobody's wish
OF_A_SERVICE = re.compile(r"MENAGERIE_(SERVICE_(HOST|PORT)\w*|PORT(_\d+_(TCP|UDP)\w*)?)")
# Where a page that is closed may be; Recommend, where every visit begins, stays open
CLOSABLE = (
    "compare", "prompt", "what-if", "leaderboard", "segments", "catalogue", "zoo", "similar", "latent", "bring",
    "model", "train", "operate",
)  # fmt: skip
PERSON = re.compile(r"\*|@[^@\s]+|[^@\s]+@[^@\s]+")
URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s]+", re.IGNORECASE)
KIB, MIB, GIB, TIB = 2**10, 2**20, 2**30, 2**40


def system_cache() -> Path:
    """The folder that the system has for what can be fetched again."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "menagerie" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/menagerie"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "menagerie"


def _place(value: object) -> object:
    """A folder as a path, an address as it is.

    >>> _place("films"), _place("s3://bucket/films/")
    (PosixPath('films'), 's3://bucket/films')
    """
    if not isinstance(value, str):
        return value
    if "://" not in value:
        return Path(value).expanduser()
    if not URL.fullmatch(value) or "::" in value:
        raise ValueError
    return value.rstrip("/")


def _bytes(value: object) -> object:
    """
    >>> _bytes("50 MiB"), _bytes("1000"), _bytes("1kB")
    (52428800, 1000, 1000)
    """
    return int(TypeAdapter(ByteSize).validate_python(value)) if isinstance(value, str) else value


def _names(value: object) -> object:
    """
    >>> _names("Train, operate,")
    ('train', 'operate')
    """
    if not isinstance(value, str):
        return value
    return tuple(name for part in value.split(",") if (name := part.strip().lower()))


def _pages(value: object) -> object:
    names = _as_names(value)
    if not set(names) <= set(CLOSABLE):
        raise ValueError
    return names


def _people(value: object) -> object:
    names = _as_names(value)
    if not all(map(PERSON.fullmatch, names)):
        raise ValueError
    return names


def _as_names(value: object) -> tuple[str, ...]:
    return TypeAdapter(tuple[str, ...]).validate_python(_names(value))


def _home(value: object) -> object:
    return Path(value).expanduser() if isinstance(value, str) else value


def _setting(default: object, what: str, allowed: str, **options: Any) -> Any:
    return Field(default, description=what, json_schema_extra={"allowed": allowed}, **options)


def _count(default: int, least: int, most: int, what: str) -> Any:
    return _setting(default, what, f"a whole number from {least:,} to {most:,}", ge=least, le=most)


def _size(default: int, least: int, most: int, what: str) -> Any:
    allowed = f"a size from {size_text(least)} to {size_text(most)}, such as {size_text(default)}"
    return _setting(default, what, allowed, ge=least, le=most)


def size_text(size: int) -> str:
    """
    >>> size_text(256 * 2**20), size_text(1), size_text(4 * 2**30)
    ('256 MiB', '1 B', '4 GiB')
    """
    for unit, name in ((TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit:,} {name}"
    return f"{size:,} B"


Place = Annotated[Path | str, BeforeValidator(_place)]
Bytes = Annotated[int, BeforeValidator(_bytes)]
Pages = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_pages)]
People = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_people)]
PEOPLE = "e-mail addresses or @domains, separated by commas, or * for everybody"
SWITCH = "on or off"


class Settings(BaseSettings):
    """Frozen. `Settings(threads=2)` reads no environment; `Settings.from_environment()` does."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", protected_namespaces=())

    zoo: Place = _setting(
        Path("zoo-data"),
        "the zoo that the app shows: a folder, or an address that is kept in the cache (https://, s3://)",
        "a folder, or an address such as https://example.org/zoo",
    )
    cache: Annotated[Path, BeforeValidator(_home)] = Field(
        default_factory=system_cache,
        description="where fetched data sets and zoos from elsewhere are kept",
        json_schema_extra={"allowed": "a folder"},
    )
    provider: Literal["auto", "cpu", "cuda"] = _setting(
        "auto",
        "where models run: `auto` (a GPU, else the CPU), `cpu`, or `cuda` (refused loudly where it is not there)",
        "auto, cpu or cuda",
    )
    threads: int = _count(0, 0, 1024, "threads of one operator; 0 = all cores")
    batch_bytes: Bytes = _size(256 * MIB, 1, TIB, "largest intermediate of one batch")
    session_bytes: Bytes = _size(2 * GIB, 1, 64 * TIB, "weights kept loaded; the least recently used model goes first")
    graph_bytes: Bytes = _size(8 * GIB, MIB, 64 * TIB, "largest model, all its graphs and weights together")

    upload_bytes: Bytes = _size(50 * MIB, 1, 16 * GIB, "largest upload, before and after unpacking")
    upload_rows: int = _count(2_000_000, 1, 10**9, "longest upload, rows")
    catalogue_items: int = _count(200_000, 1, 10**8, "largest catalogue of an upload or a job, items")
    batch_users: int = _count(20_000, 1, 10**8, "people of one uploaded file who get lists")
    decode_seconds: int = _count(30, 1, 3_600, "time to decode an upload, seconds")
    decode_bytes: Bytes = _size(GIB, 256 * MIB, TIB, "memory of the process that decodes an upload")

    sessions: int = _count(200, 1, 100_000, "visitors at once; who comes later is asked to wait")
    hosted: bool = _setting(False, "whether strangers come: they are viewers unless they sign in", SWITCH)
    closed: Pages = _setting(
        (), "pages that are closed, separated by commas", f"names out of {', '.join(CLOSABLE)}, separated by commas"
    )

    training: Literal["auto", "on", "off"] = _setting(
        "auto", "training in the app: `auto` (open unless hosted), `on` or `off`", "auto, on or off"
    )
    jobs: int = _count(1, 1, 64, "training workers at once")
    job_seconds: int = _count(3_600, 1, 30 * 86_400, "longest training in the app, all its models together, seconds")
    job_bytes: Bytes = _size(4 * GIB, 512 * MIB, 64 * TIB, "memory of one training worker")

    sign_in: bool = _setting(False, "whether visitors sign in (needs `[auth]` in .streamlit/secrets.toml)", SWITCH)
    role_claim: str = _setting(
        "roles", "name of the claim that holds a role or a list of them", "the name of a claim", pattern=r"^[\w.:/-]+$"
    )
    viewers: People = _setting(("*",), "who may look, of those who signed in: e-mails, @domains, or `*`", PEOPLE)
    analysts: People = _setting((), "who may bring models and train, too", PEOPLE)
    operators: People = _setting((), "who may publish and see how the app is, too", PEOPLE)

    metrics_token: str = _setting(
        "", "opens the metrics to whoever sends it as a bearer token; empty: to this machine", "a text", repr=False
    )
    log: Literal["text", "json"] = _setting("text", "form of the log: `text` or `json`", "text or json")

    @property
    def trains(self) -> bool:
        """Whether training in the app is open."""
        return self.training == "on" or (self.training == "auto" and not self.hosted)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)  # a call says all that it says: the environment is read where it is asked for

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Settings with every MENAGERIE_* variable applied; blank is as good as none.

        Raises
        ------
        ZooError that names every variable that is unknown or cannot be read, its value, and what is allowed
        """
        given = os.environ if environment is None else environment
        return _read(tuple(sorted((name, given[name].strip()) for name in given if name.startswith(PREFIX))))


@lru_cache(maxsize=16)
def _read(given: tuple[tuple[str, str], ...]) -> Settings:
    """A page asks a dozen times while it is drawn: what does not change is read once."""
    told = {name: text for name, text in given if text}
    wrong = _unknown(told)
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): text for name, text in told.items()}
    try:
        settings = Settings(**source())
    except ValidationError as error:
        names = dict.fromkeys(str(one["loc"][0]) for one in error.errors())
        wrong += [_refused(name, told[variable(name)]) for name in names]
    if wrong:
        raise ZooError(" ".join(wrong))
    return settings


def variable(name: str) -> str:
    """
    >>> variable("upload_rows")
    'MENAGERIE_UPLOAD_ROWS'
    """
    return PREFIX + name.upper()


def _unknown(told: Iterable[str]) -> list[str]:
    known = [*map(variable, Settings.model_fields), *ELSEWHERE]
    wrong = []
    for name in told:
        if name not in known and not OF_A_SERVICE.fullmatch(name):
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            wrong.append(f"There is no setting {name}; the nearest is {close}.")
    return wrong


def _refused(name: str, value: str) -> str:
    return f"{variable(name)} is {shown(name, value)!r}; set it to {allowed(Settings.model_fields[name])}."


def allowed(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    return str(extra["allowed"])


def shown(name: str, value: object) -> str:
    """A value as it may be told: without passwords.

    >>> shown("zoo", "https://ann:secret@example.org/zoo"), shown("metrics_token", "abc")
    ('https://example.org/zoo', 'set, not shown')
    """
    if name == "metrics_token":
        return "set, not shown" if value else ""
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return re.sub(r"(?<=://)[^/]*@", "", text) if name == "zoo" else text
