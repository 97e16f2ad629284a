"""The Segments page: one metric by groups, a histogram over users, and who they are."""

import json

import numpy as np
import pytest

from pages.parts import groups, histogram, measured, people
from tests.pages.conftest import App
from tests.pages.test_leaderboard import look


@pytest.fixture
def page(app) -> App:
    return app.open("measure/segments")


def listed(app: App) -> list[dict]:
    (shown,) = app.shown("people")
    return shown["people"]


def values(app: App, a: str, b: str | None = None, metric: str = "ndcg_at_100") -> np.ndarray:
    rows = {row.name: row for row in measured.rows(app.data)}
    of = measured.named(metric)
    first = measured.column(app.data, rows[a], of)
    return first if b is None else first - measured.column(app.data, rows[b], of)


def test_everybody_is_listed_at_first_the_worst_first(page):
    look(page, a="ease")
    found = [float(person["values"][0]) for person in listed(page)]
    assert found == sorted(found)
    n = int(np.isfinite(values(page, "ease")).sum())
    assert f"**{n} of {n} users**" in page.words


def test_two_models_are_compared_user_by_user_the_largest_difference_first(page):
    look(page, a="ease", b="popularity")
    shown = [float(person["values"][2].replace("−", "-")) for person in listed(page)]
    assert [abs(one) for one in shown] == sorted((abs(one) for one in shown), reverse=True)
    difference = values(page, "ease", "popularity")
    ahead, behind = int((difference > 0).sum()), int((difference < 0).sum())
    assert f"EASE ahead for {ahead}, Popularity for {behind}" in page.words


def test_every_column_of_users_is_headed_by_what_stands_in_it(page):
    look(page, a="ease", b="popularity", metric="recall_at_20")
    (shown,) = page.shown("people")
    assert shown["heads"] == ["Recall@20, EASE", "Recall@20, Popularity", "difference"]
    look(page, a="ease")
    (shown,) = page.shown("people")
    assert shown["heads"] == ["nDCG@100, EASE"]


def test_a_group_of_few_users_has_a_mean_and_no_interval(page, monkeypatch):
    least = 12  # between the two groups of this small data
    monkeypatch.setattr(groups, "MIN_USERS", least)
    look(page, a="ease", by="activity")
    chart = json.loads(page.at.get("plotly_chart")[0].proto.spec)
    segments = measured.cached.segments(page.data, "activity")
    n = {label: int(segments.rows(label).sum()) for label in segments.labels}
    assert min(n.values()) < least <= max(n.values())
    trace = next(trace for trace in chart["data"] if trace["name"] == "EASE")
    assert len(trace["x"]) == len(n)
    ends = zip(trace["customdata"], trace["error_x"]["array"], trace["error_x"]["arrayminus"], strict=True)
    for (label, users, told, *_), up, down in ends:
        few = n[label] < least
        assert int(users) == n[label]
        assert ("too few" in told) == few
        assert (up, down) == (0, 0) if few else up > 0 and down > 0
    ticks = chart["layout"]["yaxis"]["ticktext"]
    assert [tick.endswith("too few") for tick in ticks] == [many < least for many in n.values()]
    assert f"Of fewer than {least} users, the mean alone is drawn" in page.words


def test_a_range_in_the_address_keeps_only_who_lies_in_it(page):
    look(page, a="ease", b="popularity", range="0.05~0.3")
    of = histogram.bins(values(page, "ease", "popularity"), signs=True)
    low, high = (min(of.edges, key=lambda edge, end=end: abs(edge - end)) for end in (0.05, 0.3))
    difference = values(page, "ease", "popularity")
    inside = int(((difference >= low) & (difference < high)).sum())
    assert 0 < inside < len(difference)
    assert len(listed(page)) == inside
    assert f"**{inside} of {len(difference)} users**" in page.words


@pytest.mark.parametrize("text", ["", "x~y", "0.3~0.1", "nan~nan", "-inf~inf", "~", "1"])
def test_a_range_that_is_none_is_everybody(page, text):
    look(page, a="ease", range=text)
    assert len(listed(page)) == int(np.isfinite(values(page, "ease")).sum())


def test_a_group_keeps_only_its_users(page):
    segments = measured.cached.segments(page.data, "activity")
    label = segments.labels[0]
    look(page, a="ease", group=label)
    assert len(listed(page)) == int(segments.rows(label).sum())


def test_lists_least_alike_come_first_where_they_are_asked_for(page):
    look(page, a="ease", b="popularity", order="unlike")
    data = page.data
    lists = [measured.cached.lists(data, name)[:, :20] for name in ("ease", "popularity")]
    shared = [len({*a.tolist()} & {*b.tolist()} - {-1}) for a, b in zip(*lists, strict=True)]
    ids = data.users["user_id"].gather(data.test.user_idx).cast(str).to_list()
    found = [shared[ids.index(person["id"])] for person in listed(page)]
    assert found == sorted(found)


def test_a_person_has_history_and_both_lists_with_hits_marked(page):
    data = page.data
    row = int(np.nanargmax(values(page, "ease")))
    user_idx = int(data.test.user_idx[row])
    name = str(data.users["user_id"][user_idx])
    look(page, a="ease", b="popularity", person=name)
    history, first, second = page.lists
    assert {card["id"] for card in history["cards"]} <= set(data.history(user_idx).tolist())
    assert [card["id"] for card in first["cards"]] == [
        item for item in measured.cached.lists(data, "ease")[row, :20].tolist() if item >= 0
    ]
    hidden = set(data.hidden_choices(user_idx).tolist())
    assert {card["id"] for card in first["cards"] if card["chosen"]} == hidden & {card["id"] for card in first["cards"]}
    assert (first["name"], second["name"]) == ("ease", "popularity")


def test_an_unknown_person_is_nobody(page):
    look(page, a="ease", person="no such user")
    assert page.shown("lists") == []


def test_a_person_opens_in_compare_with_the_same_models(page):
    name = str(page.data.users["user_id"][int(page.data.test.user_idx[0])])
    look(page, a="ease", b="popularity", person=name)
    next(button for button in page.at.button if button.label.startswith("Open this taste")).click()
    page.run()
    assert [one["name"] for one in page.lists] == ["ease", "popularity"]
    (bar,) = page.shown("taste")
    assert bar["person"]["title"].endswith(name)


def test_what_is_said_of_groups_is_a_hint_where_the_whole_is_not_decided(page):
    look(page, a="ease", b="popularity")
    metric = measured.named("ndcg_at_100")
    found = measured.compared(page.data, measured.rows(page.data), [metric])[metric.name]
    (whole,) = [one for one in found if {one.a, one.b} == {"ease", "popularity"}]
    assert ("hint and no finding" in page.words) == (not whole.distinguishable)


@pytest.mark.parametrize("by", ["activity", "popularity", "genres", "year"])
def test_users_can_be_grouped_in_every_way(page, by):
    look(page, a="ease", by=by)
    labels = measured.cached.segments(page.data, by).labels
    assert labels
    options = next(box for box in page.at.selectbox if box.label == "Of these users").options
    assert len(options) == len(labels) + 1


def test_a_metric_that_is_undefined_for_some_leaves_them_out_and_says_how_many(page, monkeypatch):
    data = page.data
    half = np.where(np.arange(len(data.test)) % 2 == 0, 0.5, np.nan)
    monkeypatch.setattr(measured, "column", lambda data, row, metric: half)
    look(page, a="ease")
    n = int(np.isfinite(half).sum())
    assert f"**{n} of {n} users**" in page.words
    assert f"{len(half) - n} more have no nDCG" in page.words.replace("\\", "")


def test_bins_hold_everybody_and_those_of_a_difference_have_0_in_the_middle():
    rng = np.random.default_rng(0)
    found = np.r_[rng.normal(0, 1, 500), np.nan, 0.0]
    of = histogram.bins(found, signs=True)
    assert of.counts.sum() == 501
    middle = len(of.counts) // 2
    assert of.edges[middle] < 0 < of.edges[middle + 1]
    assert of.edges[0] == pytest.approx(-of.edges[-1])
    plain = histogram.bins(np.array([0.0, 1.0, 1.0]), signs=False)
    assert (plain.counts[0], plain.counts[-1], plain.counts.sum()) == (1, 2, 3)


@pytest.mark.parametrize("signs", [True, False])
@pytest.mark.parametrize("found", [[], [0.0], [np.nan], [3.0, 3.0], [-1.0]])
def test_bins_of_little_are_bins_all_the_same(found, signs):
    of = histogram.bins(np.array(found), signs=signs)
    assert of.counts.sum() == np.isfinite(found).sum()
    assert (np.diff(of.edges) > 0).all()


def test_a_stretch_snaps_to_the_bins_whose_middles_it_holds():
    of = histogram.bins(np.linspace(0, 1, 100), signs=False)
    low, high = histogram.snapped(of, 0.2, 0.5)
    assert low in of.edges
    assert high in of.edges
    assert 0.17 < low < 0.23
    assert 0.47 < high < 0.53
    assert histogram.snapped(of, 0.5, 0.5001) is None


def test_a_range_is_forgotten_where_another_metric_or_model_has_another_scale(page):
    look(page, a="ease", b="popularity", range="0.05~0.3")
    kept = len(listed(page))
    assert kept < len(page.data.test)
    page.session.view["metric"] = "novelty_at_20"
    page.session.turns += 1
    page.run()
    assert len(listed(page)) == len(page.data.test)
    assert "range" not in page.session.view


def test_another_data_set_takes_over_no_person_and_no_range(page):
    look(page, a="ease", person=str(page.data.users["user_id"][int(page.data.test.user_idx[0])]))
    assert page.lists
    picker = next(box for box in page.at.selectbox if box.label == "Data set")
    picker.set_value("tiny-last")
    page.run()
    assert "person" not in page.session.view
    assert page.shown("lists") == []


def test_edges_of_narrow_bins_read_differently():
    of = histogram.bins(np.linspace(0, 0.002, 50), signs=False)
    texts = [histogram._edge(of, edge) for edge in of.edges.tolist()]
    assert len(set(texts)) == len(texts)


def test_two_lists_share_what_stands_in_both():
    first, second = np.array([[1, 2, -1], [1, 2, 3], [-1, -1, -1]]), np.array([[2, 5, 7], [3, 2, 1], [-1, -1, -1]])
    assert people.jaccards(first, second).tolist() == [1 / 4, 1.0, 0.0]
