"""What a newcomer meets: a page that says what it is for, a taste that is ready, and no number without a meaning."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.navigation import Place, places
from tests.pages.conftest import App


def fresh(zoo: Path, place: Place, view: dict[str, str] | None = None) -> App:
    """The page as somebody opens it who has no taste yet."""
    app = App(zoo)
    app.session.view = view or {}
    app.at.switch_page(place.script)
    return app.run()


@pytest.mark.parametrize("place", places(), ids=str)
def test_every_page_says_in_a_sentence_what_it_is_for(place, app, tiny_zoo):
    headline, _, lead = fresh(tiny_zoo, place).at.markdown[0].value.partition("\n\n")
    assert headline.startswith("# ")
    assert 20 < len(lead) < 160
    assert lead[-1] in ".?!"


@pytest.mark.parametrize("place", places(), ids=str)
def test_whoever_has_no_taste_is_offered_some_wherever_one_is_needed(place, app, tiny_zoo):
    page = fresh(tiny_zoo, place)
    if not page.shown("taste"):
        return  # needs none
    ready = [sample for mounted in page.shown("lists") for sample in mounted.get("samples") or ()]
    assert len(ready) >= 2, f"{place} asks for a taste and offers none"


def test_a_newcomer_is_told_the_way_until_a_taste_is_there(app):
    assert "*Leaderboard* says which model is best" in app.words
    n = len(app.data.model_names())
    assert f"{n} models learned" in app.words
    assert "New here?" not in app.taste(0, 2).words


@pytest.mark.parametrize("view", [{}, {"of": "item", "item": "100"}, {"of": "genre", "genre": "Comedy"}])
def test_no_head_of_the_catalogue_is_without_a_meaning(app, tiny_zoo, view):
    (place,) = (place for place in places() if place.path == "catalogue")
    (table,) = (one for one in fresh(tiny_zoo, place, view).shown("shelf") if one.get("rows"))
    assert len(table["whys"]) == len(table["heads"]) == 4
    assert all(why.endswith(".") for why in table["whys"])


@pytest.mark.parametrize("place", places(), ids=str)
def test_headings_follow_each_other_without_a_gap(place, app, tiny_zoo):
    """A heading of the third order without one of the second is a hole to whoever hears the page."""
    texts = [element.value for element in fresh(tiny_zoo, place).at.markdown]
    orders = [len(line) - len(line.lstrip("#")) for text in texts for line in text.splitlines() if line.startswith("#")]
    assert orders[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(orders)), orders
