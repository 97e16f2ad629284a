"""What if?: sliders, the list that follows, what it is like, what it costs, and the address that tells it all."""

import re

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from pages.parts import cached, charts, what_if, what_if_cost, wishes, wishes_workings
from pages.parts.state import Visit
from tests.pages.conftest import App
from tests.pages.test_address import ids, opened, written
from tests.pages.test_leaderboard import look
from zoo.metrics import ItemFacts
from zoo.metrics.accuracy import ndcg_at_k
from zoo.metrics.beyond import (
    diversity_by_genre_at_k,
    genre_miscalibration_at_k,
    novelty_at_k,
    popularity_at_k,
)
from zoo.pools import ask_fold
from zoo.recommend import Taste, recommend
from zoo.rerank import Pool, Wishes, rerank
from zoo.significance import mean_interval, paired

PAGE = "try/what_if"
LIKES = (0, 2, 5)


@pytest.fixture
def page(app) -> App:
    app.choose(model=["ease"])
    return app.open(PAGE).taste(*LIKES)


def slider(app: App, label: str):
    return next(one for one in app.at.slider if one.label == label)


def move(app: App, label: str, value: float) -> App:
    slider(app, label).set_value(value)
    return app.run()


def plain(app: App) -> str:
    return app.words.replace("\\", "")


def items(app: App, place: int = 0) -> list[int]:
    return [card["id"] for card in app.lists[place]["cards"]]


def moves(app: App, place: int = 0) -> dict[int, str]:
    return {card["id"]: card["move"]["text"] for card in app.lists[place]["cards"]}


def model(app: App, name: str):
    entry = next(one for one in cached.entries(app.data) if one.name == name)
    return cached.model(app.data, entry)


def own(app: App, name: str = "ease", k: int = 20) -> list[int]:
    return [i for i in recommend(model(app, name), [Taste(LIKES)], k=k).ranked[0].tolist() if i >= 0]


def wished(app: App, wishes_: Wishes, name: str = "ease", k: int = 20) -> list[int]:
    """The list by `rerank` on candidates that were put together here."""
    full = own(app, name, k=60)
    scores = recommend(model(app, name), [Taste(LIKES)], k=60).scores[:, : len(full)].astype(np.float64)
    history = csr_array((np.ones(len(LIKES)), LIKES, [0, len(LIKES)]), shape=(1, 60))
    pool = Pool(np.array([full]), scores[None], 200, history, app.data.item_facts)
    return [i for i in rerank(pool, wishes_, k)[0].tolist() if i >= 0]


def figure(app: App, label: str):
    return next(one for one in app.at.metric if one.label.startswith(label))


def test_without_a_wish_it_is_the_models_own_list(page):
    assert items(page) == own(page)
    assert set(moves(page).values()) == {"–"}
    assert len(page.lists) == 1  # nothing left it
    assert "This is EASE's own list" in plain(page)
    assert next(one for one in page.at.button if one.label == "Back to the original").disabled
    assert all(one.delta in ("", "0") for one in page.at.metric)


@pytest.mark.parametrize(
    ("label", "name"),
    [("Diversity", "diversity"), ("Popularity penalty", "penalty"), ("Genre calibration", "calibration")],
)
def test_a_slider_moves_the_list_and_the_address(page, label, name):
    move(page, label, 0.6)
    expected, before = wished(page, Wishes(**{name: 0.6})), own(page)
    assert expected != before
    assert items(page) == expected
    assert f"{name}=0.6" in written(page)["query"]
    assert written(page)["push"]
    for rank, item in enumerate(expected, 1):
        was = before.index(item) + 1 if item in before else None
        text = "new" if was is None else "–" if was == rank else f"▲{was - rank}" if rank < was else f"▼{rank - was}"
        assert moves(page)[item] == text
    left = [item for item in before if item not in expected]
    assert (items(page, 1) if left else []) == left
    if left:
        assert moves(page, 1) == {item: f"was {before.index(item) + 1}" for item in left}


def test_the_slider_that_was_moved_is_the_one_whose_cost_is_drawn(page):
    for label, name in (
        ("Popularity penalty", "penalty"),
        ("Diversity", "diversity"),
        ("Genre calibration", "calibration"),
    ):
        move(page, label, 0.3)
        assert along(page) == name
    assert "along=calibration" in written(page)["query"]  # of three that are set, not the first


def along(app: App) -> str:
    return next(one for one in app.at.segmented_control if one.label == "What it costs").value


def test_what_the_list_is_like_is_measured_beside_the_original(page):
    move(page, "Diversity", 0.7)
    now, before = wished(page, Wishes(diversity=0.7)), own(page)
    facts = page.data.item_facts
    history = csr_array((np.ones(3), LIKES, [0, 3]), shape=(1, 60))

    def both(of) -> tuple[float, float]:
        return of(np.array([before]))[0], of(np.array([now]))[0]

    for label, of in (
        ("Popularity@20", lambda ranked: popularity_at_k(ranked, facts, 20)),
        ("Novelty@20", lambda ranked: novelty_at_k(ranked, facts, 20)),
        ("Diversity@20", lambda ranked: diversity_by_genre_at_k(ranked, facts, 20)),
        ("Genre miscalibration@20", lambda ranked: genre_miscalibration_at_k(ranked, history, facts, 20)),
    ):
        was, found = both(of)
        assert figure(page, label).value == what_if.decimals(found)
        assert figure(page, label).delta == str(what_if._change(found - was))


def test_the_sentence_is_true_to_both_lists_and_to_the_test_users(page):
    move(page, "Diversity", 0.7)
    stay = len({*wished(page, Wishes(diversity=0.7))} & {*own(page)})
    fold = page.data.test
    pool = ask_fold([model(page, "ease")], fold, page.data.item_facts)
    now, before = (ndcg_at_k(rerank(pool, one, 10), fold.held_out, 10) for one in (Wishes(diversity=0.7), Wishes()))
    one = paired(now, before)
    kept = f"{stay} of your 20 stay" if stay < 20 else "all of your 20 stay, in another order"
    assert f"With diversity 0.7, {kept}." in plain(page)
    assert what_if_cost.words(one) in plain(page)
    assert f"on {one.n} test users" in plain(page)
    assert f"by {abs(np.nanmean(now - before)):.4f} (" in plain(page)


def test_what_is_said_of_accuracy_claims_no_more_than_the_test():
    rng = np.random.default_rng(0)
    before = rng.random(60)
    clear = what_if_cost.words(paired(before - 0.1 - 0.01 * rng.random(60), before))
    assert re.fullmatch(
        r"nDCG@10 falls by 0\.10\d\d \(95 % interval 0\.10\d\d to 0\.1\d\d\d\) on 60 test users: "
        r"told apart from the original\.",
        clear,
    )
    noise = what_if_cost.words(paired(before + rng.normal(0, 0.1, 60), before))
    assert "not told apart" in noise
    assert "interval −" in noise
    risen = what_if_cost.words(paired(before + 0.1, before + 0.001 * rng.random(60)))
    assert "rises by 0.099" in risen or "rises by 0.1" in risen
    assert "too few to tell" in what_if_cost.words(paired(before[:5] - 0.5, before[:5]))
    assert what_if_cost.words(paired(before, before)) == "nDCG@10 of 60 test users is the same."


def test_the_curve_is_measured_weight_by_weight_on_test_users(page):
    move(page, "Popularity penalty", 0.35)
    move(page, "Diversity", 0.2)
    first = next(one for one in cached.entries(page.data) if one.name == "ease")
    asked = wishes.Wished(first, None, Wishes(penalty=0.35, diversity=0.2))
    points = what_if_cost.curve(page.data, asked, "penalty")
    assert [one.weight for one in points] == sorted({*(step / 10 for step in range(11)), 0.35})
    fold, facts = page.data.test, page.data.item_facts
    pool = ask_fold([model(page, "ease")], fold, facts)
    for one in (points[0], points[4], points[-1]):
        ranked = rerank(pool, Wishes(penalty=one.weight, diversity=0.2), 10)
        assert one.amount == pytest.approx(np.nanmean(popularity_at_k(ranked, facts, 10)))
        expected = mean_interval(ndcg_at_k(ranked, fold.held_out, 10))
        assert (one.accuracy.mean, one.accuracy.n) == (pytest.approx(expected.mean), expected.n)
        assert one.accuracy.low < one.accuracy.mean < one.accuracy.high
    table = what_if_cost.table("penalty", points)
    assert table["weight"].to_list() == [one.weight for one in points]
    assert "over 24 of 24 test users" in plain(page)
    assert "The other sliders stay" in plain(page)


def test_a_click_on_a_mark_sets_the_slider(page, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(charts, "clicked", lambda key: [0.3, "", ""])
        patch.setattr(what_if_cost.state, "session", lambda: page.session)
        what_if_cost._choose("chart", "diversity")
    page.run()
    assert slider(page, "Diversity").value == 0.3
    assert items(page) == wished(page, Wishes(diversity=0.3))


@pytest.mark.parametrize("name", ["two_tower_text", "popularity", "variational"])
def test_a_link_brings_the_same_list_to_another_browser(page, name):
    page.choose(model=[name])
    move(page, "Diversity", 0.45)
    move(page, "Genre calibration", 0.2)
    before, query = items(page), dict(part.split("=") for part in written(page)["query"].split("&"))
    opened(page, query, PAGE)
    assert items(page) == before
    assert (slider(page, "Diversity").value, slider(page, "Genre calibration").value) == (0.45, 0.2)
    assert along(page) == "calibration"


def test_back_to_the_original_takes_every_wish_back(page):
    look(page, diversity="0.5", penalty="0.2", second="pure_svd", share="0.3", mix="ranks", along="penalty")
    assert items(page) != own(page)
    next(one for one in page.at.button if one.label == "Back to the original").click()
    page.run()
    assert items(page) == own(page)
    assert not page.session.view
    assert [one.value for one in page.at.slider if one.label in wishes.LABELS.values()] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("mix", ["scores", "ranks"])
def test_a_blend_ends_at_either_models_list(page, mix):
    look(page, second="variational", share="0", mix=mix)
    assert items(page) == own(page)
    assert along(page) == "diversity"
    look(page, second="variational", share="1", mix=mix)
    assert items(page) == own(page, "variational")
    assert "With 100 % Mult-VAE" in plain(page)
    assert along(page) == "share"
    look(page, second="variational", mix=mix)
    assert slider(page, "Share of the second model").value == 0.5
    assert "50 % Mult-VAE" in plain(page)
    assert items(page) not in (own(page), own(page, "variational"))


def test_the_cost_of_a_blend_goes_from_one_model_to_the_other(page):
    entries = {one.name: one for one in cached.entries(page.data)}
    asked = wishes.Wished(entries["ease"], entries["popularity"], Wishes(0.5))
    points = what_if_cost.curve(page.data, asked, "share")
    fold = page.data.test
    for point, name in ((points[0], "ease"), (points[-1], "popularity")):
        ranked = cached.lists(page.data, name)[:, :10].astype(np.int64)
        assert point.accuracy.mean == pytest.approx(np.nanmean(ndcg_at_k(ranked, fold.held_out, 10)))
    assert [point.amount for point in points] == [point.weight for point in points]


def test_the_whole_list_without_wishes_has_the_published_accuracy(page):
    entries = {one.name: one for one in cached.entries(page.data)}
    points = what_if_cost.curve(page.data, wishes.Wished(entries["ease"], None, Wishes()), "diversity")
    ranked = cached.lists(page.data, "ease")[:, :10].astype(np.int64)
    assert points[0].accuracy.mean == pytest.approx(np.nanmean(ndcg_at_k(ranked, page.data.test.held_out, 10)))


@pytest.mark.parametrize(
    "odd",
    [
        {"diversity": "0.37x"}, {"diversity": "nan"}, {"diversity": "-0.1"}, {"diversity": "7"}, {"diversity": "0.333"},
        {"second": "no such model"}, {"second": "ease"}, {"along": "share"}, {"mix": "votes", "second": "popularity"},
    ],
    ids=str,
)  # fmt: skip
def test_a_link_that_makes_no_sense_is_said_and_the_rest_taken(page, odd):
    look(page, penalty="0.2", **odd)
    assert "Not everything in this link could be used" in page.words
    assert slider(page, "Popularity penalty").value == 0.2
    assert len(items(page)) == 20


def test_without_a_taste_the_page_invites(app):
    app.open(PAGE)
    assert app.lists[0]["title"] == "Begin with something you know"
    assert not [one for one in app.at.slider if one.label == "Diversity"]


def test_a_memory_based_model_says_why_it_has_no_list(page):
    page.choose(model=["two_tower_id"])
    (refused,) = page.lists
    assert "memory-based" in refused["problem"]["text"]
    assert refused["problem"]["ways"]


def test_a_memory_based_model_is_not_blended_in_and_says_why(page):
    look(page, second="two_tower_id")
    assert "Not blended" in page.words
    assert "memory" in page.words
    assert items(page) == own(page)


def test_a_memory_based_model_lists_for_somebody_it_knows_but_cannot_be_measured(page):
    user = int(page.data.training_users()[0])
    page.choose(model=["two_tower_id"]).visit(Visit(looking=True, user_idx=user))
    assert len(items(page)) == 20
    assert "Not applicable" in page.words
    assert "memory" in page.words
    move(page, "Diversity", 0.5)
    assert "With diversity 0.5" in plain(page)
    assert "nDCG@10" not in plain(page)


def test_of_a_test_user_hidden_choices_are_marked_and_counted(page):
    user = int(page.data.test.user_idx[3])
    page.visit(Visit(looking=True, user_idx=user))
    move(page, "Popularity penalty", 0.4)
    hidden = set(page.data.hidden_choices(user).tolist())
    assert hidden
    assert {card["id"] for one in page.lists for card in one["cards"] if card["chosen"]} == hidden & {
        *items(page), *(items(page, 1) if len(page.lists) > 1 else [])
    }  # fmt: skip
    found = len(hidden & {*items(page)})
    assert figure(page, "Hidden choices found").value == f"{found} of {len(hidden)}"
    assert "With popularity penalty 0.4, " in plain(page)
    assert " your " not in plain(page).partition("With popularity penalty 0.4, ")[2].partition(".")[0]


def test_where_test_users_are_known_a_memory_based_model_has_a_cost(app_last):
    app_last.choose(model=["two_tower_id"]).open(PAGE)
    user = int(app_last.data.test.user_idx[0])
    app_last.visit(Visit(looking=True, user_idx=user))
    move(app_last, "Diversity", 0.3)
    assert "on 240 test users" in plain(app_last)


def test_filters_hold_for_what_takes_a_place(page):
    query = {"data": "tiny", "like": ids(page, *LIKES), "model": "ease", "genres": "Comedy", "k": "40"}
    opened(page, query | {"diversity": "0.8"}, PAGE)
    among = page.data.catalogue.allowed(("Comedy",))
    assert sorted(items(page)) == [item for item in np.flatnonzero(among).tolist() if item not in LIKES]
    assert moves(page) != dict.fromkeys(items(page), "–")


def test_a_catalogue_without_genres_has_no_calibration_and_is_varied_by_audience(page, monkeypatch):
    facts = page.data.item_facts
    bare = ItemFacts.of(facts.train, pl.Series("genres", [[]] * 60, dtype=pl.List(pl.String)))
    forget()
    try:
        monkeypatch.setitem(cached.dataset("tiny").__dict__, "item_facts", bare)
        look(page, diversity="0.5", calibration="0.5")
        assert not [one for one in page.at.slider if one.label == "Genre calibration"]
        assert "calibration" not in written(page)["query"]
        assert figure(page, "Diversity@20 by audience")
        assert "genres" not in "".join(one.label for one in page.at.metric)
        assert "With diversity 0.5, " in plain(page)
    finally:
        forget()


def forget() -> None:
    for one in (what_if_cost._measured, what_if_cost._asked, what_if_cost._intervals, what_if_cost._paired):
        one.clear()


def test_both_lists_are_taken_home(page):
    first = next(one for one in cached.entries(page.data) if one.name == "ease")
    asked = wishes.Wished(first, None, Wishes(diversity=0.7))
    limits = what_if.Filters(20, True, None)
    changed = what_if.ask(page.data, asked, Taste(LIKES), limits)
    table = what_if.table(page.data, changed)
    assert table.filter(pl.col("rank").is_not_null()).height == 20
    assert sorted(table["rank_before"].drop_nulls().to_list()) == list(range(1, 21))
    names = page.data.catalogue.items["item_id"]
    assert table["item_id"].to_list() == [names[item] for item in changed.now + changed.left]


def test_how_the_list_is_made_is_an_equation_and_a_sentence_each(page):
    steps = wishes_workings._steps(blended=True, genres=True)
    assert len(steps) == 6
    assert all(words and "\\" in equation for words, equation in steps)
    assert len(wishes_workings._steps(blended=False, genres=False)) == 3


@pytest.mark.parametrize(("text", "fits"), [("0", True), ("0.05", True), ("1", True), ("0.07", False), ("1.05", False),
                                            ("1e-1", False), ("", False), ("٠", False)])  # fmt: skip
def test_a_slider_takes_only_its_own_steps(page, text, fits):
    look(page, diversity=text)
    assert ("could not be used" in page.words or "Not everything" in page.words) == (not fits and text != "")
    assert slider(page, "Diversity").value == (float(text) if fits else 0.0)


def test_the_same_setting_asks_the_test_users_once(page, monkeypatch):
    asked = []
    measure = what_if_cost.measure_wishes
    monkeypatch.setattr(what_if_cost, "measure_wishes", lambda *one: asked.append(one[1]) or measure(*one))
    forget()
    move(page, "Diversity", 0.25)
    first = len(asked)
    assert first <= 14  # eleven weights, the one that is set, and both ends of the sentence
    move(page, "Diversity", 0.3)
    assert len(asked) <= first + 1  # it is a point of the curve already, asked for other metrics at most
    move(page, "Diversity", 0.25)
    assert len(asked) <= first + 1


def test_the_fold_shows_every_step_when_it_is_opened(page):
    look(page, second="pure_svd")
    assert not page.at.latex
    page.at.session_state["what-if-workings"] = True
    page.run()
    assert [one.value.strip("$\n") for one in page.at.latex] == [
        equation for _, equation in wishes_workings._steps(blended=True, genres=True)
    ]
