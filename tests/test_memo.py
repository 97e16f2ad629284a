"""The memo as a file: what it tells is what it was given, nothing in it can act, and it asks nobody for anything."""

from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from zoo.card import Interval
from zoo.memo import Figures, Line, Memo, Ranked, Trained, html
from zoo.significance import Comparison

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><b>bold</b>",
    "**Stars** [link](https://example.org) & &amp; &lt;",
    "\u05e9\u05dc\u05d5\u05dd \u202eevil",
    "🎬 Emoji 👩‍👩‍👧",
    "a" * 300,
    "' onmouseover='alert(1)",
)
VOID = {"meta", "img"}
ALLOWED = {  # nothing that runs, loads or sends
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "footer", "h1", "h2", "h3", "p"),
    *("dl", "dt", "dd", "ul", "ol", "li", "div", "span", "strong", "bdi", "img", "a", "code"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}


class Page(HTMLParser):
    """Elements in order as (tag, attributes, all text below), each closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[list] = []
        self.elements: list[list] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list) -> None:
        element = [tag, dict(attrs), ""]
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element[2] += data

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag, f"</{tag}> closes another element"

    def all(self, tag: str, class_: str | None = None) -> list[str]:
        """The texts of all elements of this kind."""
        return [
            text
            for name, has, text in self.elements
            if name == tag and (class_ is None or class_ in has.get("class", "").split())
        ]

    def rows(self) -> list[list[str]]:
        """The cells of every row of every table."""
        rows: list[list[str]] = []
        for tag, _, text in self.elements:
            if tag == "tr":
                rows.append([])
            elif tag in ("td", "th"):
                rows[-1].append(text)
        return rows


def comparison(**more: object) -> Comparison:
    usual = {"a": "EASE", "b": "VAE", "n": 800, "difference": -0.0254, "low": -0.0326, "high": -0.0181, "p": 0.0001}
    rest = {"p_holm": 0.0091, "effect_size": -0.3, "detectable": 0.01, "share_higher": 0.3, "share_lower": 0.6}
    return Comparison(**(usual | rest | {"share_equal": 0.1} | more))


@pytest.fixture
def memo() -> Memo:
    lines = [
        Line(1, "Alien", "1979", "0.95", reason="because of The Thing (+0.31)", picture="<svg><path/></svg>"),
        Line(2, "Aliens", None, "−0.50", chosen=True),
    ]
    return Memo(
        title="EASE and VAE on one taste",
        made="26 November 2026, 09:30 UTC",
        data={"Data": "films", "Holds": "8,000 people, 1,375 items, 331,461 choices"},
        likes=["The Thing (1982)"],
        n_likes=305,
        dislikes=["Cats (2019)"],
        n_dislikes=1,
        whose="User 12, from the data.",
        summary="EASE and VAE share 0 of 2 items.",
        lists=[Ranked("EASE", "#1666aa", "2 items · CPU", lines), Ranked("VAE", problem="It cannot.")],
        figures=[Figures("nDCG@100", "How high.", {"EASE": Interval(mean=0.32214, low=0.3094, high=0.335, n=800)})],
        verdict=["EASE is first.", "EASE: place 1 of 2."],
        pairs=[comparison()],
        pairs_by="nDCG@100",
        caveats=["One split."],
        models=[Trained("EASE", "ease", "ab" * 32, "2026-11-25", {"numpy": "2.4.6"})],
        versions={"Python": "3.11.7"},
        link="https://zoo.example/compare?data=films&like=a%26b",
        link_note="The taste came from a file.",
    )


def test_everything_that_it_was_given_stands_in_it(memo):
    page = Page(html(memo))
    assert page.all("h1") == page.all("title") == [memo.title]
    assert dict(zip(page.all("dt")[:2], page.all("dd")[:2], strict=True)) == memo.data
    assert page.all("p", "quiet")[1:3] == ["Liked: 305; 1 of them are listed", "Disliked: 1"]
    assert page.all("li")[:2] == [*memo.likes, *memo.dislikes]
    assert page.all("h3") == ["EASE", "VAE"]
    assert page.all("span", "rank") == ["1", "2"]
    assert page.all("strong") == ["Alien", "Aliens"]
    assert page.all("span", "score") == ["0.95", "−0.50"]
    assert page.all("span", "reason") == ["because of The Thing (+0.31)"]
    assert page.all("span", "chosen") == ["really chosen"]
    assert page.all("p", "lead") == [memo.verdict[0], memo.summary]
    assert page.all("h2")[:3] == ["In short", "The taste", "The lists"]
    assert html(memo).count(memo.verdict[1]) == 1
    assert ["EASE", "0.3221[0.3094, 0.3350]"] in page.rows()
    assert ["EASE", "VAE", "−0.0254[−0.0326, −0.0181]", "0.0091", "800", "told apart"] in page.rows()
    assert ["EASEease", "ab" * 32, "2026-11-25", "numpy 2.4.6"] in page.rows()
    for text in (memo.made, memo.whose, memo.caveats[0], memo.link_note, "It cannot.", "Python 3.11.7", "1979"):
        assert text in page.elements[0][2]


def test_the_link_alone_leads_anywhere(memo):
    text = html(memo)
    page = Page(text)
    links = [has["href"] for tag, has, _ in page.elements if tag == "a"]
    assert links == [memo.link]
    assert page.all("a") == [memo.link]
    without = html(replace(memo, link=None))
    assert "http:" not in without
    assert "https:" not in without
    assert "url(" not in without
    sources = [has["src"] for _, has, _ in page.elements if "src" in has]
    assert [b64decode(source.removeprefix("data:image/svg+xml;base64,")).decode() for source in sources] == [
        "<svg><path/></svg>"
    ]
    assert [has["alt"] for tag, has, _ in page.elements if tag == "img"] == ["Poster of Alien"]
    (policy,) = (has["content"] for tag, has, _ in page.elements if has.get("http-equiv"))
    assert policy.startswith("default-src 'none';")


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_from_strangers_stay_text_wherever_they_stand(memo, text):
    line = Line(1, text, text, text, True, text, "<svg/>")
    everywhere = replace(
        memo,
        title=text,
        made=text,
        data={text: text},
        likes=[text],
        dislikes=[text],
        whose=text,
        summary=text,
        lists=[Ranked(text, "#000000", text, [line]), Ranked(text, problem=text)],
        figures=[Figures(text, text, {text: Interval(mean=0, low=0, high=0, n=1)})],
        verdict=[text],
        pairs=[comparison(a=text, b=text)],
        pairs_by=text,
        caveats=[text],
        models=[Trained(text, text, text, text, {text: text})],
        versions={text: text},
        link=text,
        link_note=text,
    )
    page = Page(html(everywhere))
    assert {tag for tag, _, _ in page.elements} <= ALLOWED
    assert not [name for _, has, _ in page.elements for name in has if name.startswith("on")]
    assert page.all("h1") == page.all("strong") == page.all("a") == [text]
    assert page.all("h3") == [text, text]
    assert page.all("bdi").count(text) >= 5  # titles keep their direction to themselves


def test_the_same_memo_is_the_same_file(memo):
    assert html(memo) == html(replace(memo))


def test_pictures_go_where_they_make_the_file_too_large(memo):
    many = replace(
        memo, lists=[Ranked("EASE", lines=[Line(n, "x", picture="<svg>" + "y" * 900) for n in range(1, 50)])]
    )
    whole = html(many)
    assert whole.count("<img") == 49
    bare = html(many, largest=len(whole) - 1)
    assert "<img" not in bare
    assert bare.count("<li") == whole.count("<li")
    assert html(many, largest=len(whole.encode())) == whole


def test_what_is_not_known_is_left_out_and_a_bare_memo_is_a_page():
    page = Page(html(Memo("Bare", "today", {})))
    assert page.all("h2") == []
    assert page.all("h1") == ["Bare"]


def test_a_model_without_a_figure_has_a_dash_and_few_users_no_verdict(memo):
    figures = [
        Figures("A", "a", {"EASE": Interval(mean=1, low=1, high=1, n=3)}),
        Figures("B", "b", {"VAE": Interval(mean=2, low=2, high=2, n=3)}),
    ]
    few = comparison(n=5, low=float("nan"), high=float("nan"), p_holm=float("nan"))
    rows = Page(html(replace(memo, figures=figures, pairs=[few]))).rows()
    assert ["EASE", "1.0000[1.0000, 1.0000]", "–"] in rows
    assert ["VAE", "–", "2.0000[2.0000, 2.0000]"] in rows
    assert ["EASE", "VAE", "−0.0254[–, –]", "–", "5", "too few users"] in rows
    small = Page(html(replace(memo, pairs=[comparison(p_holm=0.00001), comparison(p_holm=0.3)]))).rows()
    assert [row[3:] for row in small if row[0] == "EASE" and len(row) == 6] == [
        ["under 0.0001", "800", "told apart"],
        ["0.3000", "800", "not told apart"],
    ]


def test_without_lists_the_verdict_stands_above_its_figures(memo):
    page = Page(html(replace(memo, lists=[])))
    assert "In short" not in page.all("h2")
    assert page.all("p", "lead") == [memo.verdict[0]]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, False),  # told apart
        ({"p_holm": 0.4}, True),
        ({"p_holm": 0.4, "low": -0.05, "high": 0.01}, False),  # holds 0: nothing to explain
        ({"p_holm": 0.4, "n": 5}, False),
    ],
)
def test_an_interval_without_0_that_tells_nothing_apart_is_explained(memo, more, told):
    assert ("leave out 0 by luck" in html(replace(memo, pairs=[comparison(), comparison(**more)]))) == told
