"""The memo of a page: each figure in it, against where it comes from; and the way back."""

import re
import threading
from collections.abc import Callable
from urllib.parse import parse_qsl

import numpy as np
import polars as pl
import pytest

from pages.parts import memo
from pages.parts.memo_content import MOST_TITLES
from pages.parts.state import Visit
from tests.pages.conftest import App
from tests.pages.test_address import opened
from tests.pages.test_own_model import bring
from tests.test_memo import HOSTILE, Page
from zoo.evaluate import read_per_user
from zoo.explain import explain
from zoo.memo import Memo, html
from zoo.recommend import Taste, recommend
from zoo.runtime import Runtime
from zoo.settings import Settings
from zoo.significance import compare_all, mean_interval

Made = Callable[[], Memo]


@pytest.fixture
def pressed(monkeypatch) -> Made:
    """What the button gives: made on a thread of its own, as Streamlit does, which has no session."""
    kept: list[Made] = []
    monkeypatch.setattr(memo, "_button", lambda data, made: kept.append(made))

    def press() -> Memo:
        found: list[Memo] = []
        thread = threading.Thread(target=lambda: found.append(kept[-1]()))
        thread.start()
        thread.join()
        return found[0]

    return press


@pytest.fixture
def models(app) -> Callable:
    runtime = Runtime(Settings.from_environment())
    return lambda name: runtime.load(app.data.model(name))


def title(app: App, item: int) -> str:
    return app.data.catalogue.title(item)


def test_the_lists_of_the_memo_are_those_of_the_page_with_their_scores(app, pressed):
    app.choose(models=["ease", "variational"], k=10).taste(0, 2, dislikes=(5,)).open("try/compare")
    told = pressed()
    assert [one.title for one in told.lists] == [shown["title"] for shown in app.lists] == ["EASE", "Mult-VAE"]
    for one, shown in zip(told.lists, app.lists, strict=True):
        assert [(line.rank, line.title, line.year, line.score) for line in one.lines] == [
            (card["rank"], card["title"], card["year"], card["score"]) for card in shown["cards"]
        ]
    assert (told.n_likes, told.n_dislikes) == (2, 1)
    assert told.likes[1].startswith(title(app, 0))
    assert told.summary == app.shown("overlap")[0]["sentence"]
    Page(html(told))


def test_reasons_are_those_of_the_explanation(app, pressed, models):
    app.choose(models=["ease", "variational", "popularity"]).taste(0, 2, 9).open("try/compare")
    told = pressed()
    for one, name in zip(told.lists, ("ease", "variational"), strict=False):
        items = recommend(models(name), [Taste((0, 2, 9))], k=20).ranked[0]
        found = explain(models(name), Taste((0, 2, 9)), items)
        assert any(line.reason for line in one.lines)
        for place, line in enumerate(one.lines):
            parts = dict(zip(found.history.tolist(), found.contributions[:, place], strict=True))
            best = sorted((item for item in parts if parts[item] > 0), key=lambda item: -parts[item])[:2]
            numbers = re.findall(r"\(\+([\d.]+)\)", line.reason or "")
            assert len(numbers) <= len(best)
            for item, number in zip(best, numbers, strict=False):
                assert float(number) == pytest.approx(parts[item], abs=0.51 * 10.0 ** -len(number.partition(".")[2]))
    assert not any(line.reason for line in told.lists[2].lines)  # nobody's history counts


def test_figures_are_means_and_intervals_over_the_test_users(app, pressed):
    app.choose(models=["ease", "pure_svd"]).taste(0, 2).open("try/compare")
    told = pressed()
    names = {"EASE": "ease", "PureSVD": "pure_svd"}
    columns = {
        title: read_per_user(app.data.path / name / app.data.current(name))["ndcg_at_100"].cast(pl.Float64).to_numpy()
        for title, name in names.items()
    }
    (ndcg,) = [one for one in told.figures if one.title == "nDCG@100"]
    for model, column in columns.items():
        assert ndcg.of[model].mean == pytest.approx(np.nanmean(column))
        again = mean_interval(column)
        assert (ndcg.of[model].low, ndcg.of[model].high) == pytest.approx((again.low, again.high), abs=1e-6)
    (pair,) = told.pairs
    (alone,) = compare_all({pair.a: columns[pair.a], pair.b: columns[pair.b]})
    assert (pair.difference, pair.low, pair.high) == pytest.approx((alone.difference, alone.low, alone.high), abs=1e-6)
    assert pair.p_holm >= alone.p  # Holm over every two of the zoo
    assert [sentence.split(":")[0] for sentence in told.verdict[-2:]] == ["EASE", "PureSVD"]
    assert told.verdict[-2].startswith("EASE: place ")
    assert any("the lists of 20 by" in sentence for sentence in told.verdict)


def test_models_are_named_with_their_whole_checksum(app, pressed):
    app.choose(models=["ease", "ease!k=5", "pure_svd"]).taste(0, 2).open("try/compare")
    told = pressed()
    assert [model.name for model in told.models] == ["ease", "pure_svd"]  # a doubled one once
    for model in told.models:
        with app.data.model(model.name) as folder:
            assert model.checksum == folder.checksum
            assert len(model.checksum) == 64
            assert model.versions == folder.card.versions


def test_the_link_opens_the_same_lists(app, pressed):
    app.choose(models=["ease!k=10", "variational"], k=15).taste(0, 2, dislikes=(5,)).open("try/compare")
    app.session.view = {"differ": "on", "ranks": "10"}
    app.session.turns += 1
    app.run()
    before, told = [[card["id"] for card in shown["cards"]] for shown in app.lists], pressed()
    query = dict(parse_qsl(told.link.partition("?")[2]))
    assert query["differ"] == "on"
    assert query["ranks"] == "10"
    again = opened(app, query, "try/compare")
    assert [[card["id"] for card in shown["cards"]] for shown in again.lists] == before
    assert again.shown("flow")


def test_a_taste_from_a_file_stays_out_of_the_link_and_the_memo_says_so(app, pressed):
    app.taste(0, 2, private=True).open("try/compare")
    told = pressed()
    assert "like" not in dict(parse_qsl(told.link.partition("?")[2]))
    assert "taste=" not in told.link
    assert "from a file" in told.link_note
    assert told.n_likes == 2  # in the file it is: who hands that on, has seen it


def test_a_taste_that_is_too_long_for_a_link_is_cut_and_the_memo_says_how_far(app, pressed, monkeypatch):
    monkeypatch.setattr("pages.parts.link.TASTE_LETTERS", 20)
    app.taste(*range(30)).open("try/compare")
    told = pressed()
    held = dict(parse_qsl(told.link.partition("?")[2]))["like"].split(",")
    assert told.link_note.startswith(f"The link holds the latest {len(held)} of 30 items")
    assert told.n_likes == 30


def test_the_titles_of_a_long_taste_are_not_all_listed(app, pressed, monkeypatch):
    monkeypatch.setattr("pages.parts.memo_content.MOST_TITLES", 10)
    assert MOST_TITLES > 10
    app.visit(Visit(likes=tuple(range(30)), seen=(40, 41))).open("try/compare")
    told = pressed()
    assert len(told.likes) == 10
    assert "Liked: 30; 10 of them are listed" in html(told)
    assert told.whose.startswith("2 more items were known")


def test_hidden_choices_of_a_test_user_are_marked_and_their_own_taste_is_not_told(app, pressed):
    user = int(app.data.test.user_idx[3])
    app.choose(models=["ease", "pure_svd"]).visit(Visit(likes=(7, 9), looking=True, user_idx=user)).open("try/compare")
    told, hidden = pressed(), set(app.data.hidden_choices(user).tolist())
    for one, shown in zip(told.lists, app.lists, strict=True):
        assert [line.chosen for line in one.lines] == [card["id"] in hidden for card in shown["cards"]]
    assert told.n_likes == len(app.data.history(user))
    assert f"{len(hidden)} more choice" in told.whose
    query = dict(parse_qsl(told.link.partition("?")[2]))
    assert query["who"] == str(app.data.users["user_id"][user])
    assert "like" not in query


def test_a_model_that_cannot_answer_says_why_and_who_has_no_figures_is_among_the_caveats(app, pressed):
    app.choose(models=["ease", "two_tower_id"]).taste(0, 2).open("try/compare")
    told = pressed()
    assert "memory-based" in told.lists[1].problem
    assert told.summary is None
    assert any(text.startswith("Without figures: ") for text in told.caveats)
    assert any("split" in text for text in told.caveats)


def test_one_model_has_a_memo_of_its_own(app, pressed):
    app.choose(model=["ease"]).taste(0, 2)
    told = pressed()
    assert told.title == "EASE on one taste"
    assert [line.title for line in told.lists[0].lines] == [card["title"] for card in app.lists[0]["cards"]]
    assert told.pairs == []
    assert "model=ease" in told.link


def test_the_memo_of_the_leaderboard_tells_its_verdict_and_figures_and_no_taste(app, pressed):
    app.taste(0, 2).open("measure/leaderboard")
    told = pressed()
    assert all(sentence in app.words.replace("\\", "") for sentence in told.verdict)
    assert len(told.verdict) > 1
    (board,) = app.shown("board")
    assert list(told.figures[0].of) == [row["title"] for row in board["rows"]]
    assert [one.title for one in told.figures] == [column["title"] for column in board["columns"]]
    best = next(iter(told.figures[0].of))
    assert {one.a for one in told.pairs} == {best}
    assert len(told.pairs) == len(board["rows"]) - 1
    assert all(one.difference >= 0 for one in told.pairs)
    assert "like" not in dict(parse_qsl(told.link.partition("?")[2]))
    assert not told.lists
    app.session.view = {"baseline": "popularity"}
    app.session.turns += 1
    app.run()
    pinned = pressed()
    assert {one.b for one in pinned.pairs} == {"Popularity"}
    assert "baseline=popularity" in pinned.link


def test_titles_of_strangers_are_text_in_the_file(app, pressed):
    app.choose(models=["ease", "popularity"], k=50).taste(11, 17, 19).open("try/compare")
    told = pressed()
    text = html(told)
    assert "<script" not in text
    page = Page(text)
    assert "<b>Bold</b> & <script>alert('x')</script> (1961)" in page.all("bdi")
    assert any("**Stars**" in one for one in page.all("bdi"))
    assert len(text.encode()) < 2_000_000
    assert all(hostile not in text for hostile in HOSTILE[:2])


def test_a_model_of_ones_own_stands_in_every_memo(app, pressed):
    """Made where no session is, as a download is: its lists and their reasons, and what nobody knows of it."""
    bring(app)
    app.taste(0, 2).open("try/recommend").choose(**{"model": ["yours"], "shown-model": ["yours"]})
    (alone,) = pressed().lists
    assert [line.title for line in alone.lines] == [card["title"] for card in app.lists[0]["cards"]]
    assert any("because of" in (line.reason or "") for line in alone.lines)
    app.open("try/compare").choose(models=["yours", "ease"])
    told = pressed()
    assert [one.title for one in told.lists] == ["Mine", "EASE"]
    assert all(one.problem is None and one.lines for one in told.lists)
    assert told.models[0].checksum.startswith("none:")
    assert any(caveat.startswith("Without figures in this memo: Mine") for caveat in told.caveats)
    assert told.link_note == memo.BROUGHT
    Page(html(told))
    app.open("measure/leaderboard")
    board = pressed()
    assert all("Mine" in figures.of for figures in board.figures)
    assert any("Mine" in (pair.a, pair.b) for pair in board.pairs)
    assert any(caveat.startswith("Mine: Not known here") for caveat in board.caveats)
    assert board.link_note == memo.BROUGHT
    Page(html(board))
