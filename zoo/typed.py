"""What every JSON file of the zoo is read with: typed, frozen, unknown fields refused."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from zoo.errors import CardError


class Typed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The card in this file; a `CardError` names the file and the first field that is wrong."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise CardError(f"{path} is missing; train again, or copy the whole folder.") from None
        except OSError as error:
            raise CardError(f"{path} cannot be read ({error.strerror}). Mend the disk or its rights.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise CardError(f"{path} is not a card of this version: {where}: {first['msg']}. Train again.") from None

    def save(self, path: Path) -> None:
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
