"""One visitor: opens a page, takes a ready-made taste, and from then on changes it every few seconds.

What comes back is held against what it must be, at once: the taste that the page shows is the one that this visitor has
chosen, and every list is there, without anything that is known or disliked. Whether the lists are the right ones is
asked afterwards, of the models themselves (`checked`), so that it costs the measurement nothing.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load.tab import Lost, Page, Tab
from zoo.recommend import Taste, recommend
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

MOST_LIKES = 40  # as many chips as the page shows of one kind; beyond that, things are taken back
LISTS = {"": 1, "compare": 4}  # how many stand on which page


@dataclass(frozen=True)
class Answer:
    """What one list said to one taste."""

    data: str
    model: str
    likes: tuple[int, ...]
    dislikes: tuple[int, ...]
    items: tuple[int, ...]


@dataclass
class Record:
    """What all visitors saw, in the order in which it happened."""

    opened: list[float] = field(default_factory=list)  # seconds until a page stood there, per visitor
    changes: list[float] = field(default_factory=list)  # seconds from when a change was due until the page was done
    errors: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    n_bytes: int = 0  # received after changes


class Visitor:
    def __init__(self, tab: Tab, record: Record, chance: random.Random, path: str = "") -> None:
        self._tab, self._record, self._chance = tab, record, chance
        self._n_lists = LISTS[path]
        self._of = ""  # fingerprint of the data set
        self._data = ""  # its name
        self._likes: list[int] = []
        self._dislikes: list[int] = []
        self._offered: list[int] = []  # items that stand in the lists

    async def arrive(self) -> None:
        """The page opens, and one of the tastes that it offers is taken."""
        start = time.perf_counter()
        page = await self._tab.run()
        self._record.opened.append(time.perf_counter() - start)
        self._look(page)
        lists = page.components.get("lists") or {}
        if not lists.get("samples"):
            self._record.errors.append("the page came without tastes to begin with")
            return
        self._of = lists["of"]
        page = await self._tab.click(self._chance.choice(lists["samples"])["event"], self._of)
        taste = page.components.get("taste") or {}
        self._likes = [card["id"] for card in taste.get("likes", ())][::-1]
        self._data = (page.components.get("share") or {}).get("data", "")
        self._see(page)

    async def change(self) -> None:
        """Likes, dislikes, or takes back one thing; the page follows."""
        event = self._next()
        page = await self._tab.click(event, self._of)
        self._record.n_bytes += page.n_bytes
        self._judge(event)
        self._see(page)

    def _next(self) -> dict:
        roll = self._chance.random()
        if len(self._likes) > 1 and (roll < 0.1 or len(self._likes) >= MOST_LIKES):
            return {"kind": "forget", "id": self._chance.choice(self._likes)}
        if roll < 0.25 and len(self._dislikes) < MOST_LIKES // 4:
            return {"kind": "dislike", "id": self._chance.choice(self._offered)}
        return {"kind": "like", "id": self._chance.choice(self._offered)}

    def _judge(self, event: dict) -> None:
        for kind, held in (("like", self._likes), ("dislike", self._dislikes)):
            if event["id"] in held:
                held.remove(event["id"])
            if event["kind"] == kind:
                held.append(event["id"])

    def _look(self, page: Page) -> None:
        self._record.errors += page.errors

    def _see(self, page: Page) -> None:
        """Every list must be there, and tell of this taste."""
        self._look(page)
        taste, shown = page.components.get("taste"), (page.components.get("lists") or {}).get("lists") or []
        told = taste and tuple([card["id"] for card in taste[kind]][::-1] for kind in ("likes", "dislikes"))
        if told != (self._likes, self._dislikes):
            self._record.errors.append(f"the page shows another taste: {told}, not {self._likes, self._dislikes}")
        if len(shown) != self._n_lists:
            self._record.errors.append(f"{len(shown)} lists came, not {self._n_lists}")
        for one in shown:
            items = tuple(card["id"] for card in one["cards"])
            if not items or {*items} & {*self._likes, *self._dislikes}:
                self._record.errors.append(f"{one['title']} offers {items} to somebody who knows {self._likes}")
            self._record.answers.append(
                Answer(self._data, one["name"], tuple(self._likes), tuple(self._dislikes), items)
            )
        self._offered = [card["id"] for one in shown for card in one["cards"]] or self._offered


async def visit(
    address: str, record: Record, chance: random.Random, *, until: float, every: float, path: str = ""
) -> None:
    """One visit that ends at `until` (of time.monotonic). A change that is late counts from when it was due."""
    try:
        async with Tab.opened(address, path) as tab:
            visitor = Visitor(tab, record, chance, path)
            await visitor.arrive()
            due = time.monotonic() + every
            while due < until:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await visitor.change()
                record.changes.append(time.monotonic() - due)
                due += every
    except Lost as error:
        record.errors.append(str(error))


def checked(zoo: Path, answers: Sequence[Answer], most: int = 200) -> tuple[int, list[str]]:
    """How many of these answers were asked of the models again, and a sentence for each that is another one."""
    runtime, wrong = Runtime(Settings(zoo=zoo, provider="cpu")), []
    few = random.Random(0).sample(answers, min(most, len(answers)))
    for one in few:
        model = runtime.load(Zoo(zoo).dataset(one.data).model(one.model))
        ranked = recommend(model, [Taste(one.likes, one.dislikes)], k=len(one.items)).ranked[0]
        if tuple(ranked.tolist()) != one.items:
            wrong.append(f"{one.model} answered {one.likes} but {one.dislikes} with {one.items}, not {ranked.tolist()}")
    return len(few), wrong
