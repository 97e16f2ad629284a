"""A view as a web address, and back: data set, taste, models and settings as one query string. Pure.

    data=films&like=318,527&dislike=2&seen=7&who=12&model=ease&models=ease,ease!k=10&k=50&known=shown&genres=War&years=1960-1979
    data=films&metric=recall_at_20&a=ease&b=popularity&by=activity&range=0.1~0.4         what a page under Measure shows

Items and people are named by their outside ids, which may hold any character; "," and "~" in them become "~1" and "~0".
What an address says is a stranger's word: it is read without trust, and nothing that can be typed makes it fail.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from urllib.parse import quote, urlencode

TASTE_LETTERS = 3000  # of all ids together: messengers and proxies cut longer addresses off
MOST_ITEMS = 1000  # taken from an address, of each kind
MOST_JOBS = 3
MOST_LETTERS = 300  # of anything else
VIEW = (  # what a page under Measure shows (pages/parts/view.py)
    *("metrics", "at", "sort", "baseline", "differing", "pairs", "across", "up", "cost"),
    *("metric", "a", "b", "by", "group", "range", "order", "person"),
    *("of", "depth", "item", "genre", "under"),
    *("see", "likeness", "shelf", "layout", "dots", "colour", "box"),
    *("idea", "act", "temperature", "draw", "dimension", "walk"),
    *("salt", "pepper", "everybody", "factors", "l2", "tower"),
    *("differ", "ranks"),
    *("why", "whose", "turn"),
    *("ask", "words", "reader", "weight", "anyyear"),
    *("second", "share", "mix", "penalty", "diversity", "calibration", "along"),
)
YEARS = re.compile(r"(-?\d{1,5})-(-?\d{1,5})", re.ASCII)
NUMBER = re.compile(r"\d{1,4}", re.ASCII)


@dataclass(frozen=True)
class Link:
    """What an address says. None or empty: it says nothing about that."""

    data: str | None = None
    like: tuple[str, ...] = ()  # item ids, the latest last
    dislike: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()  # known, and neither liked nor disliked: kept out of the lists
    job: tuple[str, ...] = ()  # words of trainings: whoever has one may see what came out
    taste: str | None = None  # stands for a taste that only the session knows: one that was brought, or is too long
    who: str | None = None  # the person from the data who is looked at; "": nobody was chosen yet
    model: str | None = None
    models: tuple[str, ...] = ()  # columns to compare (pages/parts/columns.py)
    k: int | None = None
    known: bool | None = None  # whether known items are hidden
    genres: tuple[str, ...] = ()
    years: tuple[int, int] | None = None
    view: tuple[tuple[str, str], ...] = ()  # of VIEW, name and text

    def query(self) -> str:
        """Such as "data=films&like=318,527": what stands behind the question mark."""
        said = {
            "data": self.data,
            "like": _join(self.like),
            "dislike": _join(self.dislike),
            "seen": _join(self.seen),
            "job": _join(self.job),
            "taste": self.taste,
            "who": self.who,
            "model": self.model,
            "models": _join(self.models),
            "k": None if self.k is None else str(self.k),
            "known": None if self.known is None else "hidden" if self.known else "shown",
            "genres": _join(self.genres),
            "years": None if self.years is None else "{}-{}".format(*self.years),
        } | dict(self.view)
        return urlencode({name: text for name, text in said.items() if text is not None}, safe="~,!=", quote_via=quote)


def read(query: Mapping[str, str]) -> tuple[Link, list[str]]:
    """The link that a query makes, and a sentence for each thing in it that could not be taken."""
    known = {field.name for field in fields(Link)} - {"view"} | {*VIEW}
    odd = [name for name in query if name not in known and not name.startswith("embed")]
    like, dislike, seen = (_split(query.get(name)) for name in ("like", "dislike", "seen"))
    link = Link(
        data=_short(query.get("data")),
        like=like[-MOST_ITEMS:],
        dislike=dislike[-MOST_ITEMS:],
        seen=seen[-MOST_ITEMS:],
        job=_split(query.get("job"))[:MOST_JOBS],
        taste=_short(query.get("taste")),
        who=_short(query.get("who")),
        model=_short(query.get("model")),
        models=_split(query.get("models"))[:20],
        k=_number(query.get("k")),
        known={"hidden": True, "shown": False}.get(query.get("known", "")),
        genres=_split(query.get("genres"))[:50],
        years=_years(query.get("years")),
        view=tuple((name, text) for name in VIEW if (text := _short(query.get(name)))),
    )
    unread = [name for name in ("data", "taste", "who", "model", "k", "known", "years") if name in query]
    odd += [name for name in unread if getattr(link, name) is None]
    sentences = [
        f"It names {len(ids):,} {verb} items; the last {MOST_ITEMS:,} were taken."
        for verb, ids in (("liked", like), ("disliked", dislike), ("seen", seen))
        if len(ids) > MOST_ITEMS
    ]
    if odd:
        sentences.append(f"{_count(len(odd), 'setting')} in it could not be read and {_were(len(odd))} left out.")
    return link, sentences


def fitting(likes: list[str], dislikes: list[str], seen: Sequence[str] = ()) -> tuple[list[str], list[str], list[str]]:
    """The latest likes, dislikes and merely seen items that an address can hold, likes before those that were seen; a
    quarter of the room is kept for dislikes."""
    kept = _latest(dislikes, TASTE_LETTERS // 4)
    room = TASTE_LETTERS - sum(_length(item) for item in kept)
    liked = _latest(likes, room)
    return liked, kept, _latest(seen, room - sum(_length(item) for item in liked))


def _latest(ids: Sequence[str], room: int) -> list[str]:
    kept: list[str] = []
    for item in reversed(ids):
        room -= _length(item)
        if room < 0:
            break
        kept.append(item)
    return kept[::-1]


def _length(item: str) -> int:
    return len(quote(_escape(item))) + 1


def _escape(text: str) -> str:
    return text.replace("~", "~0").replace(",", "~1")


def _join(texts: Iterable[str]) -> str | None:
    return ",".join(_escape(text) for text in texts) or None


def _split(text: str | None) -> tuple[str, ...]:
    parts = text.split(",") if text else ()
    return tuple(part.replace("~1", ",").replace("~0", "~") for part in parts if 0 < len(part) <= MOST_LETTERS)


def _short(text: str | None) -> str | None:
    return text if text is not None and len(text) <= MOST_LETTERS else None


def _number(text: str | None) -> int | None:
    return int(text) if text and NUMBER.fullmatch(text) else None


def _years(text: str | None) -> tuple[int, int] | None:
    match = YEARS.fullmatch(text or "")
    return (int(match[1]), int(match[2])) if match else None


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"
