"""What a zoo folder holds. Registering a data set or a model = its folder is there; nothing else keeps a list."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from zoo.dataset import Dataset
from zoo.errors import CardError

NOTHING: Mapping[str, Path] = MappingProxyType({})


class Zoo:
    """A folder of data sets.

    beside : name -> folder of data sets that lie elsewhere; each stands in the place of one of its name in the folder
    """

    def __init__(self, root: Path, beside: Mapping[str, Path] = NOTHING) -> None:
        self.root, self.beside = root, beside

    def datasets(self) -> list[str]:
        here = (path.parent.name for path in self.root.glob("*/dataset.json"))
        return sorted({*self.beside, *(name for name in here if not name.startswith("."))})

    def dataset(self, name: str | None = None) -> Dataset:
        """The data set of this name; without a name, the only one.

        Raises
        ------
        CardError if there is none of this name, or several and none was named
        """
        names = self.datasets()
        if name is None and len(names) == 1:
            name = names[0]
        if name not in names:
            found = ", ".join(names) or "none: train one with menagerie train all --data FILE --out " + str(self.root)
            asked = f"no data set {name!r}" if name else "not exactly one data set"
            raise CardError(f"{self.root} has {asked} (found: {found}). Name one with --dataset.")
        return Dataset(self.beside[name] if name in self.beside else self.root / name)
