"""The Recommend page: one taste, one model, cards."""

from pages.parts.state import Visit


def column(app, model: str = "") -> dict:
    return next(shown for shown in app.lists if not model or shown["name"] == model)


def test_an_empty_taste_is_invited_to_begin_with_items_that_most_people_know(app):
    (invitation,) = app.lists
    n_users = app.data.catalogue.items["n_users"]
    assert invitation["title"] == "Begin with something you know"
    assert invitation["cards"][0]["id"] == n_users.arg_max()
    assert all(card["rank"] is None for card in invitation["cards"])


def test_a_like_gives_ranked_cards_with_scores_the_provider_and_milliseconds(app):
    app.taste(0, 2)
    shown = column(app)
    assert [card["rank"] for card in shown["cards"]] == list(range(1, 21))
    assert all(card["score"] for card in shown["cards"])
    texts = [fact["text"] for fact in shown["facts"]]
    assert texts[0] == "20 items"
    assert texts[1] == "CPU"
    assert texts[2].endswith(" ms")
    assert "CPUExecutionProvider" in shown["facts"][1]["why"]


def test_the_list_follows_the_taste(app):
    comedies = [card["id"] for card in column(app.taste(0, 2, 4))["cards"]]
    thrillers = [card["id"] for card in column(app.taste(1, 3, 5))["cards"]]
    assert sum(item % 2 == 0 for item in comedies[:10]) > sum(item % 2 == 0 for item in thrillers[:10])


def test_known_items_do_not_return_until_they_are_asked_for_and_disliked_ones_never(app):
    app.taste(0, 2, dislikes=(1,))
    assert {0, 1, 2}.isdisjoint(card["id"] for card in column(app)["cards"])
    app.at.slider(key="recommend-k").set_value(50)
    app.at.toggle(key="recommend-hide-seen").set_value(False)
    app.run()
    items = {card["id"]: card for card in column(app)["cards"]}
    assert {0, 2} <= items.keys()
    assert items[0]["verdict"] == "like"
    assert 1 not in items


def test_filters_keep_only_their_genres_and_years(app):
    app.taste(0, 2)
    fingerprint = app.data.info.fingerprint[:8]
    app.at.multiselect(key=f"recommend-genres-{fingerprint}").set_value(["Thriller"])
    app.at.slider(key=f"recommend-years-{fingerprint}").set_value((1960, 1980))
    app.run()
    cards = column(app)["cards"]
    assert cards
    assert all(card["id"] % 2 == 1 and 1960 <= int(card["year"]) <= 1980 for card in cards)


def test_nothing_left_says_which_filter_to_widen(app):
    app.taste(*range(60))
    assert column(app)["cards"] == []
    assert "Nothing is left" in column(app)["empty"]


def test_a_memory_based_model_says_why_it_cannot_serve_a_new_taste_and_offers_ways_out(app):
    app.choose(model=["two_tower_id"]).taste(0, 2)
    problem = column(app)["problem"]
    assert "memory-based" in problem["text"]
    assert {"kind": "surprise", "known": True} in [way["event"] for way in problem["ways"]]
    assert any(way["event"]["kind"] == "models" for way in problem["ways"])
    assert not app.at.error


def test_a_memory_based_model_serves_people_it_was_trained_on_but_not_those_held_out(app):
    app.choose(model=["two_tower_id"])
    app.visit(Visit(looking=True, user_idx=int(app.data.training_users()[0])))
    assert column(app)["cards"]
    app.visit(Visit(looking=True, user_idx=int(app.data.test.user_idx[0])))
    assert column(app)["problem"]


def test_of_somebody_held_out_the_really_chosen_items_are_marked_and_counted(app):
    person = int(app.data.test.user_idx[0])
    hidden = set(app.data.hidden_choices(person).tolist())
    app.choose(k=50).visit(Visit(looking=True, user_idx=person))
    shown = column(app)
    marked = {card["id"] for card in shown["cards"] if card["chosen"]}
    assert marked == hidden & {card["id"] for card in shown["cards"]}
    assert marked
    assert shown["facts"][-1]["text"] == f"found {len(marked)} of {len(hidden)} hidden"
    (bar,) = app.shown("taste")
    assert bar["person"]["note"].endswith("unknown to the models")


def test_people_known_to_training_have_hidden_choices_too_where_the_last_one_is_held_out(app_last):
    person = int(app_last.data.test.user_idx[0])
    app_last.choose(model=["two_tower_id"]).visit(Visit(looking=True, user_idx=person))
    assert column(app_last)["facts"][-1]["text"].endswith("of 1 hidden")


def test_looking_at_somebody_leaves_ones_own_taste_alone(app):
    app.visit(Visit(likes=(4,), looking=True, user_idx=3))
    assert app.shown("lists")[0]["judge"] is False
    app.visit(Visit(likes=(4,), looking=False, user_idx=3))
    (bar,) = app.shown("taste")
    assert [card["id"] for card in bar["likes"]] == [4]


def test_popularity_says_that_it_is_exempt_from_dislikes(app):
    app.choose(model=["popularity"]).taste(0, dislikes=(1,))
    assert "exempt from dislikes" in column(app)["note"]
    app.choose(model=["ease"])
    assert column(app)["note"] is None


def test_the_best_model_that_reads_new_profiles_answers_first(app):
    app.taste(0)
    cards = {name: app.data.model(name).card for name in app.data.model_names()}
    quality = {name: card.metrics["ndcg_at_100"].mean for name, card in cards.items() if card.metrics}
    assert column(app)["name"] == max(quality, key=quality.get)


def test_titles_of_strangers_reach_the_page_as_component_data_only(app):
    app.taste(11, 13, 17, 19, 23)
    assert not any(odd in app.words for odd in ("Bold", "SUM(", "Stars", "red[ink]"))
    (bar,) = app.shown("taste")
    assert "<b>Bold</b> & <script>alert('x')</script>" in [card["title"] for card in bar["likes"]]


def test_a_taste_of_another_data_set_is_not_taken_over_and_not_lost(app):
    app.taste(0, 2)
    app.at.selectbox[0].set_value("tiny-last")
    app.run()
    assert app.lists[0]["title"] == "Begin with something you know"
    app.at.selectbox[0].set_value("tiny")
    app.run()
    assert len(app.shown("taste")[0]["likes"]) == 2


def test_every_taste_change_reaches_four_lists(app):  # how soon: benchmarks/taste_change.py
    app.choose(models=["popularity", "pure_svd", "ease", "variational"]).open("try/compare")
    app.taste(1, 2, 3)
    for liked in range(4, 11):
        app.taste(1, 2, 3, liked)
        assert [len(shown["cards"]) for shown in app.lists] == [20] * 4


def test_filters_that_are_on_are_told_and_cleared_by_one_press(app):
    genre = app.data.catalogue.genres()[0]
    of = app.data.info.fingerprint[:8]
    app.session.kept[f"genres-{of}"] = [genre]
    app.session.turns += 1  # as an address does: the widgets are made anew with what is kept
    app.taste(0, 2)
    assert f"Only {genre}" in app.words
    next(button for button in app.at.button if button.label == "Clear").click()
    app.run()
    assert f"Only {genre}" not in app.words
    assert app.session.kept[f"genres-{of}"] == []
