"""What was seen on a page, as one file to hand on: HTML that works offline, prints well and fetches nothing.

What enters comes from strangers' files (titles, people, settings of a link) and is escaped here, in one place: `_tag`
escapes every text that it is given. Titles stand in <bdi>, so that one written from right to left moves nothing.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

from zoo.card import Interval
from zoo.significance import MIN_USERS, Comparison

BY_LUCK = (
    "Of many pairs, some intervals leave out 0 by luck: such a pair is told apart only if p, which grows with the "
    "number of pairs compared (Holm), is below 0.05 too."
)
LARGEST = 2_000_000  # bytes; a file that pictures make larger goes without them
STYLE = Path(__file__).with_name("memo.css").read_text("utf-8")


@dataclass(frozen=True)
class Line:
    """One place of a list."""

    rank: int
    title: str
    year: str | None = None
    score: str | None = None  # as the page shows it
    chosen: bool = False  # a test user really chose it, and no model was shown that
    reason: str | None = None  # why it is here, in a few words
    picture: str | None = None  # an <svg> of our own drawing


@dataclass(frozen=True)
class Ranked:
    """What one model made of the taste; `problem` in place of lines where it could not answer."""

    title: str
    colour: str = "#22201c"  # #rrggbb
    note: str | None = None  # how long, under which filters, where it ran
    lines: Sequence[Line] = ()
    problem: str | None = None


@dataclass(frozen=True)
class Figures:
    """A metric of some models: the mean over test users with its 95 % interval."""

    title: str
    definition: str
    of: Mapping[str, Interval]  # title of the model -> its figure


@dataclass(frozen=True)
class Trained:
    """A model that was shown, so that anybody can tell whether theirs is the same."""

    title: str
    name: str
    checksum: str  # sha256 of the list of its files and their checksums
    trained: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Memo:
    """All that the file tells; an empty part is left out."""

    title: str
    made: str  # when
    data: Mapping[str, str]  # label -> text
    whose: str | None = None  # whose taste it is
    likes: Sequence[str] = ()  # titles, perhaps not all
    n_likes: int = 0
    dislikes: Sequence[str] = ()
    n_dislikes: int = 0
    summary: str | None = None  # how the lists differ
    lists: Sequence[Ranked] = ()
    figures: Sequence[Figures] = ()
    verdict: Sequence[str] = ()
    pairs: Sequence[Comparison] = ()  # a and b are titles; every one by the same metric
    pairs_by: str | None = None  # that metric
    caveats: Sequence[str] = ()
    models: Sequence[Trained] = ()
    versions: Mapping[str, str] = field(default_factory=dict)  # of what showed the page
    link: str | None = None  # opens the same view
    link_note: str | None = None


def html(memo: Memo, largest: int = LARGEST) -> str:
    """The file. The same memo gives the same text; beyond `largest` bytes it goes without pictures."""
    text = _page(memo)
    return text if len(text.encode()) <= largest else _page(_without_pictures(memo))


def _without_pictures(memo: Memo) -> Memo:
    bare = [replace(one, lines=[replace(line, picture=None) for line in one.lines]) for one in memo.lists]
    return replace(memo, lists=bare)


def _page(memo: Memo) -> str:
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"  # a browser would fetch nothing if it could
    head = _tag(
        "head",
        _alone("meta", charset="utf-8"),
        _alone("meta", http_equiv="Content-Security-Policy", content=policy),
        _alone("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _alone("meta", name="generator", content="Menagerie"),
        _tag("title", memo.title),
        _tag("style", _Html(f"\n{STYLE}\n")),
    )
    parts = [
        _header(memo),
        _short(memo),
        _taste(memo),
        _lists(memo),
        _measured(memo),
        _caveats(memo),
        _models(memo),
        _link(memo),
    ]
    body = _tag("body", _tag("main", *filter(None, parts)))
    return "<!doctype html>\n" + _tag("html", head, "\n", body, lang="en") + "\n"


def _header(memo: Memo) -> "_Html":
    facts = [part for label, text in memo.data.items() for part in (_tag("dt", label), _tag("dd", _bdi(text)))]
    return _tag("header", _tag("h1", memo.title), _tag("p", memo.made, class_="quiet"), _tag("dl", *facts))


def _short(memo: Memo) -> "_Html | None":
    """The verdict before long lists, for whoever reads one page of it; without lists it stands above its figures."""
    return _section("In short", *_verdict(memo)) if memo.lists and memo.verdict else None


def _verdict(memo: Memo) -> "list[_Html]":
    return [_tag("p", sentence, class_="lead" if i == 0 else None) for i, sentence in enumerate(memo.verdict)]


def _taste(memo: Memo) -> "_Html | None":
    if not (memo.n_likes or memo.n_dislikes or memo.whose):
        return None
    parts = [_tag("p", memo.whose)] if memo.whose else []
    for word, n, titles in (("Liked", memo.n_likes, memo.likes), ("Disliked", memo.n_dislikes, memo.dislikes)):
        if n:
            some = f"; {len(titles):,} of them are listed" if len(titles) < n else ""
            items = [_tag("li", _bdi(title)) for title in titles]
            parts += [_tag("p", f"{word}: {n:,}{some}", class_="quiet"), _tag("ul", *items, class_="titles")]
    return _section("The taste", *parts)


def _lists(memo: Memo) -> "_Html | None":
    if not memo.lists:
        return None
    lead = [_tag("p", memo.summary, class_="lead")] if memo.summary else []
    kind = "lists one" if len(memo.lists) == 1 else "lists"
    return _section("The lists", *lead, _tag("div", *map(_ranked, memo.lists), class_=kind))


def _ranked(one: Ranked) -> "_Html":
    head = _tag("h3", _tag("span", one.title), style=f"border-color: {one.colour}")
    note = [_tag("p", one.note, class_="quiet")] if one.note else []
    if one.problem:
        return _tag("div", head, *note, _tag("p", one.problem))
    lines = _tag("ol", *map(_line, one.lines)) if one.lines else _tag("p", "Nothing was left to list.")
    return _tag("div", head, *note, lines)


def _line(line: Line) -> "_Html":
    picture = []
    if line.picture:
        data = b64encode(line.picture.encode()).decode()
        picture = [_alone("img", src=f"data:image/svg+xml;base64,{data}", alt=f"Poster of {line.title}")]
    what: list[str] = [_tag("strong", _bdi(line.title))]
    what += [" ", _tag("span", line.year, class_="quiet")] if line.year else []
    what += [" ", _tag("span", "really chosen", class_="chosen")] if line.chosen else []
    what += [_tag("span", _bdi(line.reason), class_="reason")] if line.reason else []
    score = [_tag("span", line.score, class_="score numbers", title="Score")] if line.score else []
    return _tag(
        "li", _tag("span", str(line.rank), class_="rank numbers"), *picture, _tag("span", *what, class_="what"), *score
    )


def _measured(memo: Memo) -> "_Html | None":
    verdict = [] if memo.lists else _verdict(memo)
    tables = [_figures(memo.figures)] if memo.figures else []
    if memo.pairs:
        tables.append(_pairs(memo.pairs, memo.pairs_by or ""))
    return _section("How good they are", *verdict, *tables) if verdict or tables else None


def _figures(figures: Sequence[Figures]) -> "_Html":
    names = list(dict.fromkeys(name for one in figures for name in one.of))
    head = _tag("tr", _tag("th", "Model", scope="col"), *(_tag("th", one.title, scope="col") for one in figures))
    rows = [
        _tag("tr", _tag("th", name, scope="row"), *(_figure(one.of.get(name)) for one in figures)) for name in names
    ]
    caption = _tag("caption", "Means over the test users, and their 95 % intervals.")
    table = _tag("table", caption, _tag("thead", head), _tag("tbody", *rows), class_="numbers")
    meanings = [part for one in figures for part in (_tag("dt", one.title), _tag("dd", one.definition))]
    return _Html(_tag("div", table, class_="wide") + _tag("dl", *meanings))


def _figure(of: Interval | None) -> "_Html":
    if of is None:
        return _tag("td", "–")
    interval = _tag("span", f"[{number(of.low)}, {number(of.high)}]", class_="interval")
    return _tag("td", number(of.mean), interval, title=f"{of.n:,} users")


def _pairs(pairs: Sequence[Comparison], by: str) -> "_Html":
    heads = ("First", "Second", "First minus second", "p (Holm)", "Users", "Verdict")
    head = _tag("tr", *(_tag("th", text, scope="col") for text in heads))
    told = f"By {by}: differences, their 95 % intervals, and a permutation test, on the same test users."
    if any(not one.distinguishable and one.n >= MIN_USERS and (one.low > 0 or one.high < 0) for one in pairs):
        told += f" {BY_LUCK}"
    caption = _tag("caption", told)
    return _tag(
        "div",
        _tag("table", caption, _tag("thead", head), _tag("tbody", *map(_pair, pairs)), class_="numbers"),
        class_="wide",
    )


def _pair(one: Comparison) -> "_Html":
    few = one.n < MIN_USERS
    word = "too few users" if few else "told apart" if one.distinguishable else "not told apart"
    interval = _tag("span", f"[{number(one.low, sign=True)}, {number(one.high, sign=True)}]", class_="interval")
    difference = _tag("td", number(one.difference, sign=True), interval)
    p = "–" if few else "under 0.0001" if one.p_holm < 1e-4 else number(one.p_holm)
    return _tag(
        "tr",
        _tag("td", one.a),
        _tag("td", one.b),
        difference,
        _tag("td", p),
        _tag("td", f"{one.n:,}"),
        _tag("td", word),
    )


def _caveats(memo: Memo) -> "_Html | None":
    return (
        _section("Read this with care", _tag("ul", *(_tag("li", _bdi(text)) for text in memo.caveats)))
        if memo.caveats
        else None
    )


def _models(memo: Memo) -> "_Html | None":
    if not memo.models:
        return None
    head = _tag("tr", *(_tag("th", text, scope="col") for text in ("Model", "SHA-256", "Trained", "With")))
    rows = [
        _tag(
            "tr",
            _tag("th", one.title, _tag("span", one.name, class_="interval"), scope="row"),
            _tag("td", _tag("code", one.checksum)),
            _tag("td", one.trained, class_="day"),
            _tag("td", _versions(one.versions)),
        )
        for one in memo.models
    ]
    what = "The checksum covers every file of a model: two models with the same one are the same."
    shown = [_tag("p", f"Shown with {_versions(memo.versions)}.", class_="quiet")] if memo.versions else []
    table = _tag("table", _tag("caption", what), _tag("thead", head), _tag("tbody", *rows))
    return _section("Which models these are", _tag("div", table, class_="wide"), *shown)


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _link(memo: Memo) -> "_Html | None":
    if not (memo.link or memo.link_note):
        return None
    link = [_tag("p", _tag("a", memo.link, href=memo.link))] if memo.link else []
    return _section("See it again", *link, *([_tag("p", memo.link_note)] if memo.link_note else []), class_="whole")


def number(value: float, sign: bool = False) -> str:
    """
    >>> number(0.34567), number(12.3456), number(-0.2, sign=True), number(float("nan"))
    ('0.3457', '12.35', '−0.2000', '–')
    """
    if value != value:
        return "–"
    places = 4 if abs(value) < 10 else 2
    return f"{value:{'+' if sign else ''}.{places}f}".replace("-", "−")


class _Html(str):
    """Text that is HTML already."""


def _tag(tag: str, *content: str, **attributes: str | None) -> _Html:
    """An element; whatever in it is not HTML yet is escaped. A trailing _ of an attribute's name is dropped."""
    return _Html(f"{_alone(tag, **attributes)}{_inside(content)}</{tag}>")


def _alone(tag: str, **attributes: str | None) -> _Html:
    told = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(text)}"'
        for name, text in attributes.items()
        if text is not None
    )
    return _Html(f"<{tag}{told}>")


def _inside(content: Iterable[str]) -> str:
    return "".join(part if isinstance(part, _Html) else escape(part) for part in content)


def _bdi(text: str) -> _Html:
    """A text whose direction of writing is its own affair."""
    return _tag("bdi", text)


def _section(title: str, *content: str, class_: str | None = None) -> _Html:
    return _tag("section", _tag("h2", title), *content, class_=class_)
