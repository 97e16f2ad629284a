"""What strangers call their items, and what strangers write into links: every page answers, and shows it as text."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.link import MOST_LETTERS, VIEW
from pages.parts.state import SESSION
from tests.hostile import MARKDOWN, MARKUP, TITLES, renamed
from tests.navigation import APP, Place, places
from tests.pages.conftest import App

VIEWS = {  # where a page shows titles only when it is asked to
    "catalogue": {"of": "item", "item": "100"},
    "segments": {"a": "ease", "b": "popularity"},
}
NAMES = ("model", "models", "like", "dislike", "seen", "who", "taste", "genres", "years", "k", "known", *VIEW)
WORDS = ("zzz", "-1", "1e309", "~", "<script>alert(1)</script>", "x" * MOST_LETTERS, "../../etc", "0~0", "\x00")


@pytest.fixture(scope="module")
def hostile_zoo(tiny_zoo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return renamed(tiny_zoo, tmp_path_factory.mktemp("hostile"))


def opened(place: Place, query: dict[str, str]) -> AppTest:
    """The page as somebody sees it who comes by a link."""
    at = AppTest.from_file(APP, default_timeout=60)
    at.switch_page(place.script)
    for name, text in query.items():
        at.query_params[name] = text
    at.run()
    assert not at.exception, (query, at.exception)
    return at


def words(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.error, at.info, at.warning, at.success)
    return "\n".join(element.value for kind in kinds for element in kind)


@pytest.mark.parametrize("place", places(), ids=str)
def test_what_items_are_called_is_text_on_every_page(place: Place, hostile_zoo: Path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(hostile_zoo))
    app = App(hostile_zoo).taste(*range(len(TITLES)))
    app.session.view = VIEWS.get(place.path, {})
    app.at.switch_page(place.script)
    app.run()
    assert MARKUP[:20] not in app.words
    assert MARKDOWN[:8] not in app.words, "markdown of strangers was not escaped"
    figures = [element.proto.spec for element in app.at.get("plotly_chart")]
    told = json.dumps(figures)
    assert "<img" not in told
    assert "<script" not in told
    assert "<b>bold</b>" not in told


def test_a_list_holds_the_names_as_they_are(hostile_zoo: Path, monkeypatch):
    """The component writes text nodes: what it is given is the name itself, neither escaped nor cut."""
    monkeypatch.setenv("MENAGERIE_ZOO", str(hostile_zoo))
    shown = {card["title"] for card in App(hostile_zoo).taste(0, 2).lists[0]["cards"]}
    assert shown <= {*TITLES} | {" ".join(title.split()) for title in TITLES} | shown & {"Item 1"}
    assert shown & {TITLES[4], TITLES[5], MARKUP}


@pytest.mark.parametrize("word", WORDS, ids=lambda word: ascii(word[:12]))
@pytest.mark.parametrize("place", places(), ids=str)
def test_a_link_of_nonsense_opens_what_can_be_opened(place: Place, word: str, tiny_zoo: Path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    at = opened(place, {"data": "tiny"} | dict.fromkeys(NAMES, word))
    assert at.markdown[0].value.startswith("# ")
    assert "Not everything in this link could be used." in words(at)
    assert "<script>" not in words(at)


@pytest.mark.parametrize("place", places(), ids=str)
def test_a_link_to_a_data_set_that_is_not_here_says_so_on_every_page(place: Place, tiny_zoo: Path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    at = opened(place, {"data": "elsewhere", "like": "100"})
    assert "It is about a data set that is not here." in words(at)
    assert at.markdown[0].value.startswith("# ")


@pytest.mark.parametrize("place", places(), ids=str)
def test_known_items_of_a_link_are_kept_and_the_others_counted(place: Place, tiny_zoo: Path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    at = opened(place, {"data": "tiny", "like": "nobody,100,106,nothing"})
    (visit,) = at.session_state[SESSION].tastes.values()
    assert len(visit.likes) == 2
    assert "Items that this catalogue does not have were left out: 2." in words(at)


@pytest.mark.parametrize("place", places(), ids=str)
def test_every_page_has_a_link_to_copy(place: Place, tiny_zoo: Path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    at = opened(place, {"data": "tiny"})
    shares = [one for one in at.get("bidi_component") if one.proto.component_name == "menagerie.share"]
    assert len(shares) == 1
