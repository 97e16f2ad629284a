"""The Latent page: each idea's numbers and lists, against the models asked by hand; its address; what is not here."""

import json
import re
import shutil

import numpy as np
import pytest

from pages.parts import cached, latent, latent_noise, solved
from tests.pages.conftest import App
from zoo.latent import draws, posterior, shared
from zoo.linear import ease_scores, profiles, pure_svd_scores, spectrum
from zoo.noise import held
from zoo.pools import sample
from zoo.recommend import Taste, all_scores, recommend, tastes_of
from zoo.significance import mean_interval

LIKES = (0, 2, 4, 8, 12)
TASTE = Taste(LIKES)
NAMES = (
    *("idea", "act", "temperature", "draw", "dimension", "walk"),
    *("salt", "pepper", "everybody", "factors", "l2", "tower"),
)
TOWERS = ("id", "id_fold_in", "profile", "item_profile", "text", "image", "mixed")


@pytest.fixture
def page(app) -> App:
    return app.open("inside/latent")


def look(app: App, *likes: int, dislikes: tuple[int, ...] = (), **view: str) -> App:
    """As if an address had asked for this."""
    app.session.view = dict(view)
    app.session.view_turns = {name: app.session.view_turns.get(name, 0) + 1 for name in NAMES}
    app.session.linked = True
    return app.taste(*likes, dislikes=dislikes)


def model(app: App, name: str):
    return cached.model(app.data, latent.entry(app.data, name))


def ids(app: App, at: int) -> list[int]:
    return [card["id"] for card in app.lists[at]["cards"]]


def best(scores: np.ndarray, taste: Taste, k: int = 10) -> list[int]:
    open_scores = np.array(scores, dtype=np.float64)
    open_scores[[*taste.likes, *taste.dislikes]] = -np.inf
    return np.argsort(-open_scores, kind="stable")[:k].tolist()


def charts_of(app: App) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.at.get("plotly_chart")]


def address(app: App) -> str:
    return app.shown("address")[-1]["steps"][-1]["query"]


def segments(app: App) -> list[str]:
    (control,) = [one for one in app.at.get("button_group") if one.proto.label == "What is inside"]
    return [option.content for option in control.proto.options]


def test_every_idea_is_offered_beside_its_equation_and_without_a_taste_begins_with_one(page):
    assert segments(page) == list(latent.IDEAS.values())
    for idea in latent.IDEAS:
        look(page, idea=idea)
        assert len(page.at.latex) == 1
        assert page.lists[0]["title"] == "Begin with something you know"
        assert not page.at.error


def test_the_centre_is_the_served_list_and_the_figure_is_that_of_64_draws(page):
    look(page, *LIKES, draw="5", temperature="1.5")
    variational = model(page, "variational")
    of = posterior(variational, TASTE)
    served = recommend(variational, [TASTE], k=10).ranked
    assert ids(page, 0) == served[0].tolist()
    scores = draws(variational, TASTE, of, 1.5, 64, seed=5)
    ranked = np.array([best(row, TASTE) for row in scores])
    assert [ids(page, at) for at in (1, 2, 3)] == ranked[:3].tolist()
    stays = mean_interval(shared(served, ranked))
    assert (
        f"{10 * stays.mean:.1f} of 10 (95 % interval {10 * stays.low:.1f} to {10 * stays.high:.1f}) stay" in page.words
    )
    assert f"**{of.n_in_use} of 200 dimensions are in use**" in page.words
    facts = [shown["facts"][0]["text"] for shown in page.lists]
    assert facts[1] == f"{len({*ranked[0]} & {*served[0]})} of 10 as in the centre"


def test_at_temperature_zero_every_draw_is_the_centre(page):
    look(page, *LIKES, temperature="0", draw="9")
    assert ids(page, 1) == ids(page, 2) == ids(page, 3) == ids(page, 0)
    assert "10.0 of 10 (95 % interval 10.0 to 10.0) stay" in page.words


def test_drawing_again_is_another_draw_and_another_address_that_gives_it_back(page):
    look(page, *LIKES, temperature="2")
    before = ids(page, 1)
    page.at.button(key="again-draw").click()
    page.run()
    after = ids(page, 1)
    assert after != before
    assert "draw=2" in address(page)
    look(page, *LIKES, temperature="2", draw="2")
    assert ids(page, 1) == after


def test_the_chart_of_the_cloud_has_mu_and_sigma_of_each_dimension_the_one_that_says_most_first(page):
    look(page, *LIKES)
    of = posterior(model(page, "variational"), TASTE)
    (marks,) = charts_of(page)[0]["data"]
    assert marks["x"] == [str(k) for k in of.order[:40]]
    np.testing.assert_allclose(marks["y"], of.mu[of.order[:40]], rtol=1e-6)
    np.testing.assert_allclose(marks["error_y"]["array"], of.sigma[of.order[:40]], rtol=1e-5)


def test_a_walk_of_no_step_is_the_list_itself_and_a_long_one_leads_to_its_end(page):
    look(page, *LIKES, act="walk", dimension="7")
    assert ids(page, 1) == recommend(model(page, "variational"), [TASTE], k=10).ranked[0].tolist()
    offset = np.zeros((3, 200), dtype=np.float32)
    offset[:, 7] = [-3, 0, 3]
    variational = model(page, "variational")
    from zoo.latent import moved

    low, _, high = moved(variational, TASTE, offset).astype(np.float64)
    p = lambda scores: np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()  # noqa: E731
    gain = p(high) - p(low)
    rising = [item for item in best(gain, TASTE) if gain[item] > 0]
    falling = [item for item in best(-gain, TASTE) if gain[item] < 0]
    assert ids(page, 2) == rising
    assert ids(page, 0) == falling
    look(page, *LIKES, act="walk", dimension="7", walk="3")
    assert ids(page, 1) == best(high, TASTE)


def test_noise_holds_as_much_as_zoo_noise_counts(page):
    look(page, *LIKES, idea="noise", salt="0.4", pepper="3", draw="4")
    denoising, autoencoder = (
        held(model(page, name), [TASTE], (0.4,), 3, k=10, n_draws=30, seed=4)[:, 0]
        for name in ("denoising", "autoencoder")
    )
    for title, values in (("Denoising autoencoder", denoising), ("Autoencoder", autoencoder)):
        one = mean_interval(values)
        said = f"**{title}** keeps {10 * one.mean:.1f} of 10 (95 % interval {10 * one.low:.1f} to {10 * one.high:.1f})"
        assert said in page.words
    difference = 10 * (denoising - autoencoder).mean()
    assert f"{difference:+.2f} items".replace("-", "−") in page.words.replace("\\", "")
    assert "this taste alone" in page.words
    assert [shown["title"] for shown in page.lists][::2] == ["Denoising autoencoder", "Autoencoder"]


def test_without_salt_and_pepper_everything_holds(page):
    look(page, *LIKES, idea="noise", salt="0")
    assert ids(page, 0) == ids(page, 1) == recommend(model(page, "denoising"), [TASTE], k=10).ranked[0].tolist()
    assert page.words.count("10.0 of 10") == 2
    assert "not told apart" in page.words


def test_noise_of_test_users_is_that_of_their_own_tastes(page):
    look(page, *LIKES, idea="noise", salt="0.3", everybody="on")
    fold = sample(page.data.test, 200)
    people = tastes_of(fold.fold_in, seen=fold.masked)
    one = mean_interval(held(model(page, "denoising"), people, (0.3,), 0, k=10, seed=1)[:, 0])
    assert f"keeps {10 * one.mean:.1f} of 10" in page.words
    assert f"over {len(people)} test users" in page.words
    assert "this taste alone" not in page.words


def test_what_is_told_of_two_models_follows_their_differences():
    rng = np.random.default_rng(0)
    entries = [type("Entry", (), {"title": name}) for name in ("First", "Second")]
    low, high = rng.random(40) * 0.1, 0.5 + rng.random(40) * 0.1
    paired = latent_noise.paired
    assert latent_noise.sentence(entries, paired(high, low), True).startswith(
        "First keeps more of its list than Second"
    )
    assert latent_noise.sentence(entries, paired(low, high), True).startswith(
        "Second keeps more of its list than First"
    )
    assert latent_noise.sentence(entries, paired(low, low), False).startswith("The two are not told apart")


def test_a_rank_gives_its_own_list_and_is_marked_on_the_curve(page):
    look(page, *LIKES, idea="rank", factors="5")
    of = spectrum(page.data.train)
    x = profiles([TASTE], 60)
    assert ids(page, 0) == best(pure_svd_scores(of, x, 5)[0].astype(np.float32), TASTE)
    assert ids(page, 1) == best(all_scores(model(page, "pure_svd"), [TASTE])[0], TASTE)
    layout = charts_of(page)[0]["layout"]
    assert [shape["x0"] for shape in layout["shapes"]] == [5, 8]  # asked for, published
    assert [word["x"] for word in layout["annotations"]] == pytest.approx(np.log10([5, 8]))
    assert "K / I = 5 / 60" in page.words


def test_all_ranks_give_nothing_but_the_history(page):
    look(page, *LIKES, idea="rank", factors="60")
    assert ids(page, 0) == []
    assert "the history is given back" in page.lists[0]["note"]
    assert "100 % of this taste come back out" in page.words


def test_at_its_own_rank_and_l2_the_published_list_comes_out(page):
    look(page, *LIKES, dislikes=(1, 3), idea="rank")
    assert ids(page, 0) == ids(page, 1)
    look(page, *LIKES, dislikes=(1, 3), idea="l2")
    assert ids(page, 0) == ids(page, 1)
    off = float(re.search(r"differ by (\S+) at most", page.lists[1]["facts"][-1]["why"])[1])
    assert off < 1e-4


def test_an_l2_gives_its_own_list(page):
    look(page, *LIKES, idea="l2", l2="5000")
    scores = ease_scores(spectrum(page.data.train), profiles([TASTE], 60), 5000.0)
    assert ids(page, 0) == best(scores[0].astype(np.float32), TASTE)
    assert page.lists[0]["title"] == "λ = 5,000"
    assert "**λ = 5,000**" in page.words


def test_a_two_tower_shows_every_score_as_a_place_along_the_user(page):
    look(page, *LIKES, idea="towers", tower="two_tower_mixed")
    scores = all_scores(model(page, "two_tower_mixed"), [TASTE])[0]
    assert ids(page, 0) == best(scores, TASTE)
    by_name = {trace["name"]: trace for trace in charts_of(page)[0]["data"]}
    assert set(by_name) == {"Other items", "The history", "The first 10"}
    first = by_name["The first 10"]
    np.testing.assert_allclose([told[1] for told in first["customdata"]], scores[ids(page, 0)], rtol=1e-3)
    assert (np.diff(first["x"]) <= 1e-3).all()
    others = {told[0] for told in by_name["Other items"]["customdata"]}
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; &lt;script&gt;alert('x')&lt;/…" in others or any(
        "&lt;b&gt;" in t for t in others
    )
    assert not any("<script" in title for title in others)


def test_a_memory_based_tower_says_why_it_has_no_vector_for_a_new_taste(page):
    look(page, *LIKES, idea="towers", tower="two_tower_id")
    assert "memory-based" in page.words.replace("\\", "")
    assert not page.at.error
    user = int(page.data.training_users()[3])
    from pages.parts.state import Visit

    page.visit(Visit(looking=True, user_idx=user))
    taste = Taste(tuple(page.data.history(user).tolist()), user_idx=user)
    assert ids(page, 0) == best(all_scores(model(page, "two_tower_id"), [taste])[0], taste)


@pytest.mark.parametrize("idea", latent.IDEAS)
def test_a_taste_of_one_item_or_of_dislikes_alone_or_of_everything_breaks_nothing(page, idea):
    look(page, 11, idea=idea)
    assert page.lists[0]["cards"]
    look(page, dislikes=(1, 2), idea=idea)
    assert not page.at.error
    look(page, *range(60), idea=idea)
    assert not page.at.error
    assert page.lists[0]["cards"] == []


@pytest.mark.parametrize(
    "view",
    [
        {"idea": "?"},
        {"temperature": "9"},
        {"draw": "-1"},
        {"draw": "99999999999"},
        {"draw": "x"},
        {"act": "walk", "dimension": "200"},
        {"act": "walk", "dimension": "²"},
        {"act": "walk", "walk": "77"},
        {"act": "walk", "dimension": "-1"},
        {"idea": "noise", "salt": "2"},
        {"idea": "noise", "pepper": "many"},
        {"idea": "rank", "factors": "0"},
        {"idea": "rank", "factors": "61"},
        {"idea": "rank", "factors": "9" * 200},
        {"idea": "l2", "l2": "0"},
        {"idea": "l2", "l2": "nan"},
        {"idea": "towers", "tower": "ease"},
    ],
)
def test_an_address_that_does_not_fit_is_told_and_left_out(page, view):
    look(page, *LIKES, **view)
    assert page.lists[0]["cards"]
    assert not page.at.error
    assert "Not everything in this link could be used" in page.words
    last = list(view)[-1]
    assert f"&{last}=" not in address(page)
    assert not page.session.view.get(last)


def test_a_link_gives_the_same_view_again(page):
    look(page, *LIKES, idea="rank", factors="7")
    before, query = ids(page, 0), address(page)
    assert query.endswith("&idea=rank&factors=7")
    look(page, *LIKES, idea="cloud")
    look(page, *LIKES, idea="rank", factors="7")
    assert (ids(page, 0), address(page)) == (before, query)


@pytest.fixture
def poor(tiny_zoo, tmp_path, monkeypatch):
    """A zoo without some of its models."""

    def without(*names: str) -> App:
        shutil.copytree(tiny_zoo, tmp_path / "zoo", ignore=lambda _, files: {*names} & {*files})
        monkeypatch.setenv("MENAGERIE_ZOO", str(tmp_path / "zoo"))
        return App(tmp_path / "zoo").open("inside/latent")

    return without


def test_ideas_without_a_model_say_so_and_the_others_are_there(poor):
    page = poor("variational", "denoising", *(f"two_tower_{kind}" for kind in TOWERS))
    assert segments(page) == ["Rank", "Regularisation"]
    words = page.words.replace("\\", "")
    assert "Variational is not here: this data set has no Mult-VAE. Train it: menagerie train variational." in words
    assert "Denoising is not here" in words
    assert "Two-tower is not here" in words
    look(page, *LIKES, idea="cloud")
    assert page.lists[0]["cards"]
    assert "Not everything in this link could be used" in page.words


def test_solving_needs_no_model_and_noise_needs_no_plain_one(poor):
    page = poor("pure_svd", "ease", "autoencoder")
    for idea in ("rank", "l2"):
        look(page, *LIKES, idea=idea)
        assert len(page.lists) == 1
        assert page.lists[0]["cards"]
    look(page, *LIKES, idea="noise")
    assert [shown["title"] for shown in page.lists] == ["Denoising autoencoder", "Denoising autoencoder, damaged"]
    assert "no plain autoencoder" in page.words


def test_a_large_catalogue_takes_the_factors_of_its_pure_svd(page, monkeypatch):
    for module in (latent, solved):
        monkeypatch.setattr(module, "MOST_ITEMS", 59)
    solved._solved.clear()
    look(page, *LIKES, idea="rank", factors="8")
    assert "Regularisation" not in segments(page)
    assert "60 items are too many to solve on the spot" in page.words.replace("\\", "")
    assert "**8 of 60 factors**" in page.words
    assert ids(page, 0) == ids(page, 1)
    look(page, *LIKES, idea="rank", factors="9")
    assert "Not everything in this link could be used" in page.words
    solved._solved.clear()


def test_a_graph_of_before_there_was_a_way_in_says_so(page, monkeypatch):
    monkeypatch.setattr("zoo.runtime.Model.moves_code", False)
    look(page, *LIKES)
    assert "no way to move the code" in page.words


def test_data_without_test_users_shows_lists_without_a_curve(page, monkeypatch):
    monkeypatch.setattr(solved, "_curve", lambda *of: [None] * len(of[4]))
    for idea in ("rank", "l2"):
        look(page, *LIKES, idea=idea)
        assert "nothing can be measured" in page.words
        assert page.lists[0]["cards"]


def test_lists_hold_neither_likes_nor_dislikes_and_end_where_nothing_is_left():
    scores = np.array([[5.0, 4.0, 3.0, 2.0, 1.0]], dtype=np.float32)
    ranked, _ = latent.listed(scores, Taste((0,), dislikes=(2,)), 4)
    assert ranked.tolist() == [[1, 3, 4, -1]]
