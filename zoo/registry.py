"""What a zoo folder holds. Registering a data set or a model = its folder is there; nothing else keeps a list."""

from pathlib import Path

from zoo.dataset import Dataset
from zoo.errors import CardError


class Zoo:
    """A folder of data sets."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def datasets(self) -> list[str]:
        return sorted(
            path.parent.name for path in self.root.glob("*/dataset.json") if not path.parent.name.startswith(".")
        )

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
        return Dataset(self.root / name)
