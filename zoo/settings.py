"""What an operator may set, each by one environment variable. Read once, at the edge."""

import os
from dataclasses import dataclass, fields
from pathlib import Path

from zoo.errors import ZooError

PROVIDERS = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Settings:
    zoo: Path = Path("zoo-data")  # MENAGERIE_ZOO: the folder of data sets and models
    provider: str = "auto"  # MENAGERIE_PROVIDER: auto (CUDA, else CPU), cpu, or cuda (refuse anything else)
    threads: int = 0  # MENAGERIE_THREADS: threads within one operator; 0 = all cores
    batch_bytes: int = 256 * 2**20  # MENAGERIE_BATCH_BYTES: the largest intermediate of one batch, bytes
    session_bytes: int = (
        2 * 2**30
    )  # MENAGERIE_SESSION_BYTES: weights kept loaded at once, bytes; the least recently used go first
    upload_bytes: int = 50 * 2**20  # MENAGERIE_UPLOAD_BYTES: the largest upload, before and after unpacking, bytes
    upload_rows: int = 2_000_000  # MENAGERIE_UPLOAD_ROWS: the longest upload, rows

    @classmethod
    def from_environment(cls, environment: dict[str, str] | None = None) -> "Settings":
        """Settings with every MENAGERIE_* variable applied; a `ZooError` names the one that cannot be read."""
        environment = dict(os.environ) if environment is None else environment
        values: dict[str, object] = {}
        for field in fields(cls):
            name = f"MENAGERIE_{field.name.upper()}"
            if text := environment.get(name, "").strip():
                values[field.name] = _parse(name, text, type(field.default))
        return cls(**values)  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        if self.provider not in PROVIDERS:
            raise ZooError(f"MENAGERIE_PROVIDER is {self.provider!r}; set it to one of {', '.join(PROVIDERS)}.")
        for name in ("batch_bytes", "session_bytes", "upload_bytes", "upload_rows"):
            if getattr(self, name) < 1:
                raise ZooError(f"MENAGERIE_{name.upper()} is {getattr(self, name)}; set it to a number above 0.")
        if self.threads < 0:
            raise ZooError(f"MENAGERIE_THREADS is {self.threads}; set it to 0 (all cores) or more.")


def _parse(name: str, text: str, kind: type) -> object:
    if kind is not int:
        return Path(text) if issubclass(kind, Path) else text
    try:
        return int(text)
    except ValueError:
        raise ZooError(f"{name} is {text!r}; set it to a whole number.") from None
