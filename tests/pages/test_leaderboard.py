"""The Leaderboard page: the verdict, figures with intervals, a pinned baseline, costs, and the incumbent's lists."""

import re
from itertools import combinations
from urllib.parse import parse_qsl

import numpy as np
import polars as pl
import pytest
import streamlit as st

from pages.parts import advice, asgi, measured, pairs
from pages.parts.amounts import decimals, signed
from pages.parts.incumbent import INCUMBENT, NAME
from pages.parts.link import VIEW
from pages.parts.shown import Shown
from tests.pages.conftest import App
from tests.pages.test_bring import press, upload
from tests.pages.test_states import break_model, own_zoo  # noqa: F401 - a fixture
from zoo.board import turned
from zoo.latency import N_ASKED
from zoo.manifest import CURRENT, write_manifest
from zoo.significance import compare_all


@pytest.fixture
def page(app) -> App:
    return app.open("measure/leaderboard")


def board(app: App) -> dict:
    (shown,) = app.shown("board")
    return shown


def cells(app: App) -> dict[str, dict[str, dict | None]]:
    """model -> metric -> cell"""
    shown = board(app)
    names = [column["name"] for column in shown["columns"]]
    return {row["name"]: dict(zip(names, row["cells"], strict=True)) for row in shown["rows"]}


def look(app: App, **view: str) -> App:
    """As a click chose, or a link."""
    app.session.view = view
    app.session.turns += 1
    app.session.linked = True
    return app.run()


def lists_of(app: App, name: str, users: int | None = None, rows: list[int] | None = None) -> bytes:
    """The lists of a model for all test users, the first so many or some, as somebody else's file."""
    fold = app.data.test
    ranked = measured.cached.lists(app.data, name)[:, :20].copy()
    left_out = np.ones(len(fold), dtype=bool)
    left_out[slice(users) if rows is None else rows] = False
    ranked[left_out] = -1
    rows, ranks = np.nonzero(ranked >= 0)
    table = {
        "user_id": app.data.users["user_id"].gather(fold.user_idx[rows]),
        "item_id": app.data.catalogue.items["item_id"].gather(ranked[rows, ranks]),
        "rank": ranks + 1,
    }
    return pl.DataFrame(table).write_csv().encode()


def test_every_measured_model_has_a_row_the_best_first_and_the_others_their_reason(page):
    shown = cells(page)
    assert shown.keys() == set(page.data.model_names()) - {"two_tower_id"}
    means = [float(row["ndcg_at_100"]["mean"]) for row in shown.values()]
    assert means == sorted(means, reverse=True)
    assert "memory-based" in page.words.replace("\\", "")


def test_a_figure_is_that_of_the_card_and_leads_to_its_users(page):
    card = page.data.model("ease").card
    cell = cells(page)["ease"]["recall_at_20"]
    own = card.metrics["recall_at_20"]
    assert cell["mean"] == decimals(own.mean)
    assert cell["n"] == f"{own.n} users"
    assert cell["event"]["go"] == "segments"
    assert cell["event"]["set"] | {"metric": "recall_at_20", "a": "ease"} == cell["event"]["set"]


def test_the_best_is_marked_and_so_is_whoever_is_not_told_apart_from_it(page):
    shown = cells(page)
    states = {name: row["ndcg_at_100"]["state"] for name, row in shown.items()}
    assert list(states.values()).count("best") == 1
    best = next(name for name, state in states.items() if state == "best")
    data = page.data
    columns = {row.name: measured.column(data, row, measured.named("ndcg_at_100")) for row in measured.rows(data)}
    apart = {
        name
        for pair in compare_all(columns)
        if pair.distinguishable and best in (pair.a, pair.b)
        for name in (pair.a, pair.b)
    }
    for name, state in states.items():
        assert (state == "level") == (name != best and name not in apart), name
    assert {row["coverage_at_20"]["state"] for row in shown.values()} == {None}  # no user has a value: none is compared


def test_the_verdict_names_the_best_and_says_how_it_was_tested(page):
    best = next(iter(cells(page)))
    title = page.data.model(best).card.about.title
    words = page.words.replace("\\", "")
    assert f"## {title} has the highest nDCG@100" in words
    assert f"Tested on {page.data.info.n_test_users} people whom no model had seen (split strong:98765)." in words


def test_the_verdict_is_told_in_plain_numbers_too_and_by_who_costs_least(page):
    data, words = page.data, page.words.replace("\\", "")
    rows = {row.name: row for row in measured.rows(data)}
    best = next(iter(cells(page)))
    recall = {
        name: np.nanmean(measured.column(data, row, measured.named("recall_at_20"))) for name, row in rows.items()
    }
    first, everybody = (f"{100 * recall[name]:.0f}" for name in (best, "popularity"))
    assert f"choices that were hidden, the lists of 20 by {rows[best].title} hold {first};" in words
    assert f"the 20 most popular items, the same for everybody, hold {everybody}." in words
    level = [best] + [name for name, row in cells(page).items() if row["ndcg_at_100"]["state"] == "level"]
    assert len(level) > 1
    smallest = min(level, key=lambda name: data.model(name).card.weight_bytes)  # of equals, the better one
    assert re.search(
        rf"Of these, .*{re.escape(rows[smallest].title)} (was trained fastest \(.* and )?is smallest", words
    )
    look(page, baseline="popularity")
    assert "the lists of 20" not in page.words


def test_a_share_that_rounds_to_nothing_is_not_called_none():
    assert [advice._of_100(share) for share in (0.0, 0.004, 0.006, 1.0)] == ["0", "less than 1", "1", "100"]


def test_a_pinned_baseline_turns_figures_into_differences_to_it(page):
    look(page, baseline="popularity")
    shown = cells(page)
    assert board(page)["baseline"] == "popularity"
    data = page.data
    columns = {row.name: measured.column(data, row, measured.named("ndcg_at_100")) for row in measured.rows(data)}
    found = {one.a: one for one in compare_all(columns, baseline="popularity")}
    for name, one in found.items():
        cell = shown[name]["ndcg_at_100"]
        assert cell["mean"] == signed(one.difference)
        assert cell["state"] == (("more" if one.difference > 0 else "less") if one.distinguishable else "level"), name
        assert cell["event"]["set"]["b"] == "popularity"
    own = data.model("popularity").card.metrics["ndcg_at_100"]
    assert shown["popularity"]["ndcg_at_100"]["mean"] == decimals(own.mean)
    assert "better than Popularity" in page.words or "nobody is shown to be better than Popularity" in page.words


def test_only_differences_hides_what_is_not_told_apart_and_says_what_it_drops(page):
    look(page, differing="on", metrics="ndcg_at_{k},coverage_at_{k}")
    assert [column["name"] for column in board(page)["columns"]] == ["ndcg_at_100"]
    assert "Coverage@20: a figure of all lists together, which no test compares" in page.words.replace("\\", "")
    for row in cells(page).values():
        assert (row["ndcg_at_100"]["mean"] is None) == (row["ndcg_at_100"]["state"] == "level")


def test_metrics_and_k_can_be_chosen_and_every_head_defines_its_metric(page):
    look(page, metrics="recall_at_{k},exposure_gini_at_{k}", at="10")
    heads = {column["name"]: column for column in board(page)["columns"]}
    assert list(heads) == ["recall_at_10", "exposure_gini_at_10"]
    assert "the share found in the first 10" in heads["recall_at_10"]["why"]
    data = page.data
    by_hand = np.nanmean(measured.column(data, measured.rows(data)[0], measured.named("recall_at_10")))
    name = measured.rows(data)[0].name
    assert cells(page)[name]["recall_at_10"]["mean"] == decimals(float(by_hand))


def test_a_head_sorts_and_where_less_is_better_the_lowest_comes_first(page):
    look(page, metrics="ndcg_at_{k},genre_miscalibration_at_{k}", sort="genre_miscalibration_at_20")
    means = [float(row["genre_miscalibration_at_20"]["mean"]) for row in cells(page).values()]
    assert means == sorted(means)
    head = board(page)["columns"][1]
    assert (head["sorted"], board(page)["columns"][0]["sorted"]) == ("ascending", None)


def test_the_view_is_in_the_address_and_what_is_usual_is_not(page):
    def view():
        steps = page.shown("address")[-1]["steps"]
        return {name: text for name, text in parse_qsl(steps[-1]["query"]) if name in VIEW}

    assert view() == {}
    look(page, baseline="ease", at="10", differing="on")
    assert view() == {"at": "10", "baseline": "ease", "differing": "on"}
    page.open("try/recommend")
    assert view() == {}
    page.open("measure/leaderboard")
    assert view() == {"at": "10", "baseline": "ease", "differing": "on"}


@pytest.mark.parametrize(
    "view", [{"baseline": "nobody"}, {"at": "7"}, {"metrics": "nonsense"}, {"sort": "x"}, {"cost": "dear"}, {"up": "?"}]
)
def test_an_address_that_does_not_fit_is_left_out(page, view):
    look(page, **view)
    assert cells(page)
    assert board(page)["baseline"] is None


def test_cost_names_the_cheapest_that_is_not_told_apart_from_the_best(page):
    text = page.words.replace("\\", "")
    assert re.search(r"cheapest model that is not told apart|has the best nDCG@100; whatever costs less", text)
    look(page, cost="latency")
    assert "before it was measured here" in page.words
    press(page, "Measure on this server now")
    assert (
        f"Measured on this server, {min(N_ASKED, page.data.info.n_test_users)} people one after the other" in page.words
    )


def test_figures_and_comparisons_can_be_taken_home(page):
    shown = leaderboard_of(page)
    figures, compared = pairs.figures_table(shown), pairs.pairs_table(shown)
    assert set(figures["model"]) == cells(page).keys()
    assert figures.filter(pl.col("metric") == "ndcg_at_100", pl.col("best")).height == 1
    n = len(cells(page))
    assert compared.filter(pl.col("metric") == "ndcg_at_100").height == n * (n - 1) // 2


def leaderboard_of(page: App) -> Shown:
    wanted = measured.metrics(measured.USUAL, None)
    return Shown(measured.board(page.data, wanted), measured.rows(page.data), None, "ndcg_at_100", None, False)


def pairs_of(app: App, **view: str) -> list[dict[str, dict]]:
    """The rows of every two compared by Recall@20, from the best on; column -> cell, and the row itself as "row"."""
    look(app, pairs="recall_at_20", **view)
    (shown,) = app.shown("pairs")
    names = [column["name"] for column in shown["columns"]]
    return [dict(zip(names, row["cells"], strict=True)) | {"row": row} for row in shown["rows"]]


def test_every_two_stand_in_a_table_from_the_best_on_and_lead_to_their_users(page):
    assert not page.shown("pairs")  # until its fold is opened
    rows = pairs_of(page)
    order = list(cells(page))
    of = {(one.a, one.b): one for one in leaderboard_of(page).board.comparisons["recall_at_20"]}
    of = {(a, b): of.get((a, b)) or turned(of[b, a]) for row in rows for a, b in [row["row"]["pair"]]}
    assert len(rows) == len(order) * (len(order) - 1) // 2
    assert [row["row"]["pair"] for row in rows] == [list(pair) for pair in combinations(order, 2)]
    for row in rows:
        a, b = row["row"]["pair"]
        one = of[a, b]
        assert row["difference"] == {"text": signed(one.difference), "value": one.difference}
        assert row["row"]["interval"] == f"[{signed(one.low)}, {signed(one.high)}]"
        assert row["verdict"]["text"] == ("told apart" if one.distinguishable else "not told apart")
        assert row["ahead"] == {
            "text": f"{100 * one.share_higher:.1f} / {100 * one.share_lower:.1f} %",
            "value": one.share_higher,
        }
        assert row["n"]["value"] == one.n
        assert row["row"]["event"] == cell_event(a, b)


def cell_event(a: str, b: str) -> dict:
    asked = {"metric": "recall_at_20", "a": a, "b": b, "range": "", "group": ""}
    return {"kind": "view", "go": "segments", "set": asked}


def test_only_differences_leaves_out_of_every_two_what_is_not_told_apart(page):
    n = len(pairs_of(page))
    rows = pairs_of(page, differing="on")
    assert 0 < len(rows) < n
    assert {row["verdict"]["text"] for row in rows} == {"told apart"}
    assert f"{n - len(rows)} that are not told apart are left out" in page.words


def test_beside_a_pinned_one_every_two_are_the_others_minus_it(page):
    rows = pairs_of(page, baseline="popularity")
    assert {tuple(row["row"]["pair"]) for row in rows} == {
        (name, "popularity") for name in cells(page) if name != "popularity"
    }


def test_of_two_with_too_few_users_no_p_is_said_and_what_is_not_known_has_no_place_in_an_order(page):
    upload(page, "three.csv", lists_of(page, "ease", users=3))
    few = next(row for row in pairs_of(page, baseline=NAME) if row["row"]["pair"][0] == "ease")
    assert few["p"] == {"text": "–", "value": None}
    assert few["verdict"]["text"] == "too few users"
    assert few["n"]["text"] == "3"
    assert not few["row"]["sure"]


def test_an_incumbent_stands_beside_the_zoo_and_equals_the_model_that_made_its_lists(page):
    upload(page, "today.csv", lists_of(page, "ease"))
    shown = cells(page)
    assert shown[NAME]["recall_at_20"]["mean"] == shown["ease"]["recall_at_20"]["mean"]
    assert page.at.session_state[INCUMBENT].file == "today.csv"
    look(page, baseline="ease")
    assert cells(page)[NAME]["recall_at_20"]["state"] == "level"
    press(page, "Forget these lists")
    assert NAME not in cells(page)


def test_three_users_are_too_few_and_are_said_to_be(page):
    upload(page, "three.csv", lists_of(page, "ease", users=3))
    look(page, baseline="popularity")
    assert cells(page)[NAME]["recall_at_20"]["state"] == "few"
    assert "test users have no list" in page.words
    assert next(row for row in board(page)["rows"] if row["name"] == NAME)["note"] == "lists of 3 users"


def test_unknown_and_repeated_items_are_counted_and_told(page):
    own = lists_of(page, "ease").decode()
    user = own.splitlines()[1].split(",")[0]
    upload(page, "odd.csv", (own + f"{user},no-such-item,21\n{own.splitlines()[1]}\n").encode())
    words = page.words
    assert "the catalogue does not have" in words
    assert "repeats" in words


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"user_id,item_id,rank\n99999,100,1\n", b"\x00\x01"])
def test_a_file_that_is_no_list_is_refused_and_what_stood_there_stays(page, content):
    upload(page, "today.csv", lists_of(page, "ease"))
    page.at.file_uploader[0].upload("broken.csv", content)
    page.run()
    assert page.at.error
    assert "still stands in the table" in page.at.error[0].value
    assert NAME in cells(page)


def test_an_incumbent_of_one_data_set_stands_in_no_other(page):
    upload(page, "today.csv", lists_of(page, "ease"))
    assert NAME in cells(page)
    page.session.kept["dataset"] = "tiny-last"
    look(page)
    assert NAME not in cells(page)
    page.session.kept["dataset"] = "tiny"
    look(page)
    assert NAME in cells(page)


def test_the_same_data_under_another_protocol_is_one_choice_away(page):
    picker = next(box for box in page.at.selectbox if box.label == "Protocol")
    assert len(picker.options) == 2
    picker.set_value("tiny-last")
    page.run()
    assert page.session.kept["dataset"] == "tiny-last"
    assert "the last choice of" in page.words


def test_a_model_trained_under_another_split_or_broken_is_left_out_with_its_reason(own_zoo):  # noqa: F811
    break_model(own_zoo, "ease")
    page = App(own_zoo).open("measure/leaderboard")
    assert "ease" not in cells(page)
    assert "checksum" in page.words


def test_a_metric_that_nobody_has_leaves_empty_cells(page):
    look(page, metrics="cold_item_recall_at_{k},ndcg_at_{k}")
    assert {row["cold_item_recall_at_20"] for row in cells(page).values()} == {None}


def luckiest(page: App, name: str, n: int) -> list[int]:
    """The rows of the users for whom a model does best."""
    values = measured.column(page.data, next(row for row in measured.rows(page.data) if row.name == name), DECIDES)
    return np.argsort(-np.nan_to_num(values), kind="stable")[:n].tolist()


DECIDES = measured.named("ndcg_at_100")


def test_lists_of_a_few_lucky_users_are_not_the_best_and_decide_nothing(page):
    upload(page, "lucky.csv", lists_of(page, "popularity", rows=luckiest(page, "popularity", 3)))
    shown = cells(page)
    assert shown[NAME]["ndcg_at_100"]["state"] == "few"
    assert "Incumbent has" not in page.words
    assert next(name for name, row in shown.items() if row["ndcg_at_100"]["state"] == "best") != NAME
    page.open("measure/segments")
    assert next(box for box in page.at.selectbox if box.label == "Model").value != NAME


def test_one_user_makes_no_interval_and_no_finding(page):
    upload(page, "one.csv", lists_of(page, "ease", users=1))
    for baseline in ("popularity", NAME):
        look(page, baseline=baseline)
        other = NAME if baseline == "popularity" else "ease"
        cell = cells(page)[other]["ndcg_at_100"]
        assert (cell["state"], cell["interval"], cell["at"]) == ("few", "", None)
    assert "nobody is shown to be better than Incumbent; too few users to say" in page.words.replace("\\", "")


def test_what_is_not_compared_with_the_pinned_one_says_so(page):
    look(page, baseline="ease")
    assert cells(page)["popularity"]["coverage_at_20"]["state"] == "alone"
    assert cells(page)["ease"]["coverage_at_20"]["state"] is None


def test_more_metrics_than_a_table_holds_are_the_usual_ones(page):
    look(page, metrics=",".join(list(measured.titles())[:9]))
    assert len(board(page)["columns"]) == len(measured.USUAL)


def test_models_of_an_older_version_have_figures_and_no_lists(own_zoo):  # noqa: F811
    for path in (own_zoo / "tiny").glob("*/*/lists.parquet"):
        path.unlink()
        checksum = write_manifest(path.parent)
        path.parent.rename(path.parent.with_name(checksum[:8]))
        (path.parent.parent / CURRENT).write_text(checksum[:8])
    page = App(own_zoo).open("measure/leaderboard")
    assert cells(page)["ease"]["ndcg_at_100"]["mean"]
    look(page, at="5")
    assert cells(page)["ease"]["ndcg_at_5"] is None
    page.open("measure/segments")
    look(page, a="ease", b="popularity", metric="recall_at_5", order="unlike")
    assert "is not defined for any of these users" in page.words
    look(page, a="ease", b="popularity")
    page.open("measure/catalogue")
    assert "No lists are kept" in page.words


def test_what_the_server_drew_ahead_is_drawn_for_no_visitor_again(app, monkeypatch):
    st.cache_resource.clear()
    drawn = []
    draw = measured.figures_and_pairs
    monkeypatch.setattr(measured, "figures_and_pairs", lambda columns: drawn.append(list(columns)) or draw(columns))
    asgi.draw_ahead()
    assert len(drawn) == len(measured.cached.zoo().datasets()) * (1 + len(measured.KS))
    before = len(drawn)
    app.open("measure/leaderboard")
    look(app, at="10")
    assert len(drawn) == before
    look(app, metrics="precision_at_{k}")
    assert drawn[-1] == ["precision_at_20"]  # what nobody drew ahead is
