"""What a case is: a file that nobody would send with good intent, and where it is sent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

HISTORY, LISTS, PICTURE = "history", "lists", "picture"  # Bring; the incumbent's lists; a picture of a prompt
Make = Callable[[], bytes]


@dataclass(frozen=True)
class Case:
    kind: str  # the row of the table in docs/hostile.md
    about: str
    make: Make = field(repr=False)
    name: str = "ratings.csv"
    route: str = HISTORY

    @cached_property
    def content(self) -> bytes:
        return self.make()

    def __str__(self) -> str:
        return f"{self.kind}: {self.about}"


def case(kind: str, name: str = "ratings.csv", route: str = HISTORY) -> Callable[[Callable[[], Iterator]], Callable]:
    """Decorates a function that yields (about, content or a function that makes it[, name])."""

    def decorate(listing: Callable[[], Iterator]) -> Callable[[], list[Case]]:
        def listed() -> list[Case]:
            found = []
            for about, made, *called in listing():
                make = made if callable(made) else lambda made=made: made
                found.append(Case(kind, about, make, called[0] if called else name, route))
            return found

        GROUPS.append(listed)
        return listed

    return decorate


GROUPS: list[Callable[[], list[Case]]] = []


def all_cases() -> list[Case]:
    """Every handmade case, in the same order each time."""
    from tests.uploads import archives, columnar, pictures, texts  # noqa: F401  they register what they make

    return [one for group in GROUPS for one in group()]
