"""The Compare page: several models, one taste."""

from zoo.compare import jaccard, rank_biased_overlap


def items(shown: dict) -> list[int]:
    return [card["id"] for card in shown["cards"]]


def test_the_taste_follows_the_visitor_and_lists_stand_side_by_side(app):
    app.taste(0, 2).open("try/compare")
    (mounted,) = app.shown("lists")
    assert mounted["layout"] == "columns"
    assert len(mounted["lists"]) >= 2
    assert len(app.shown("taste")[0]["likes"]) == 2


def test_items_of_every_list_are_marked_and_ranks_in_the_others_are_told(app):
    app.choose(models=["popularity", "ease", "variational"], k=30).taste(0, 2).open("try/compare")
    common = set.intersection(*(set(items(shown)) for shown in app.lists))
    assert common
    for shown in app.lists:
        assert {card["id"] for card in shown["cards"] if card["common"]} == common
    ease, others = app.lists[1], {shown["name"]: items(shown) for shown in app.lists}
    assert ease["name"] == "ease"
    for card in ease["cards"]:
        told = {other["name"]: other["rank"] for other in card["also"]}
        assert told == {
            name: ranked.index(card["id"]) + 1
            for name, ranked in others.items()
            if name != "ease" and card["id"] in ranked
        }


def test_overlap_is_told_for_every_pair_with_its_definition(app):
    app.choose(models=["popularity", "ease", "variational"]).taste(0, 2).open("try/compare")
    (overlap,) = app.shown("overlap")
    first, second, _ = (items(shown) for shown in app.lists)
    assert len(overlap["pairs"]) == 3
    assert [cell["text"] for cell in overlap["pairs"][0]["cells"]] == [
        f"{len(set(first) & set(second))} of 20",
        f"{jaccard(first, second):.2f}",
        f"{rank_biased_overlap(first, second):.2f}",
    ]
    assert all(column["meaning"] for column in overlap["columns"])


def test_every_list_names_its_provider_and_its_milliseconds(app):
    app.taste(0, 2).open("try/compare")
    for shown in app.lists:
        assert [fact["text"] for fact in shown["facts"]][1] == "CPU"
        assert shown["facts"][2]["text"].endswith(" ms")


def test_one_model_is_asked_for_company(app):
    app.choose(models=["ease"]).taste(0, 2).open("try/compare")
    assert "needs two" in app.words
    assert [shown["name"] for shown in app.lists] == ["ease"]
    assert not app.shown("overlap")


def test_a_model_that_cannot_answer_does_not_take_the_others_lists_away(app):
    app.choose(models=["ease", "two_tower_id"]).taste(0, 2).open("try/compare")
    ease, tower = app.lists
    assert len(ease["cards"]) == 20
    assert "memory-based" in tower["problem"]["text"]
    assert not app.shown("overlap")


def test_a_model_has_the_same_colour_on_every_page(app):
    app.choose(models=["popularity", "ease"]).taste(0, 2)
    on_recommend = {chip["name"]: chip["colour"] for chip in app.shown("models")[0]["models"]}
    app.open("try/compare")
    assert all(on_recommend[shown["name"]] == shown["colour"] for shown in app.lists)
    assert len({tuple(colour) for colour in on_recommend.values()}) == len(on_recommend)


def test_the_same_model_stands_twice_with_other_settings(app):
    app.choose(models=["ease", "ease!k=10!known=shown"]).taste(0, 2).open("try/compare")
    first, second = app.lists
    assert (first["title"], second["title"]) == ("EASE", "EASE · 10 items · known ones too")
    assert (len(first["cards"]), len(second["cards"])) == (20, 10)
    assert {0, 2}.isdisjoint(items(first))
    assert {0, 2} <= set(items(second))
    assert len(app.shown("overlap")[0]["pairs"]) == 1


def test_a_column_may_have_its_own_genre_and_years(app):
    app.choose(models=["ease", "ease!genre=Thriller!years=1960-1969"]).taste(0, 2).open("try/compare")
    own = app.lists[1]
    assert own["title"] == "EASE · Thriller · 1960s"
    assert own["cards"]
    assert all(card["id"] % 2 == 1 and 1960 <= int(card["year"]) < 1970 for card in own["cards"])
    assert own["own"] == {"k": "", "known": "", "genre": "Thriller", "years": "1960-1969"}


def test_twins_without_settings_are_told_apart_by_a_number(app):
    app.choose(models=["ease", "ease"]).taste(0, 2).open("try/compare")
    assert [shown["title"] for shown in app.lists] == ["EASE", "EASE (2)"]
    assert items(app.lists[0]) == items(app.lists[1])


def test_settings_of_a_column_offer_what_the_catalogue_has(app):
    app.taste(0, 2).open("try/compare")
    (mounted,) = app.shown("lists")
    choices = {setting["name"]: dict(setting["choices"]) for setting in mounted["build"]["settings"]}
    assert choices["genre"].keys() == {"", *app.data.catalogue.genres()}
    assert choices["years"]["1950-1959"] == "1950s"
    assert choices["k"][""] == "As above: 20"


def test_columns_of_the_same_model_are_told_apart_by_name_where_an_item_stands_in_both(app):
    app.choose(models=["popularity", "ease", "ease!k=10"]).taste(0, 2).open("try/compare")
    told = [other for shown in app.lists for card in shown["cards"] for other in card["also"]]
    assert {other["named"] for other in told if other["name"] == "ease"} == {True}
    assert {other["named"] for other in told if other["name"] == "popularity"} == {False}


def test_lists_of_different_lengths_share_items_of_their_own_lengths(app):
    app.open("try/compare").taste(0, 2).choose(models=["ease", "ease!k=5", "pure_svd"])
    (overlap,) = app.shown("overlap")
    assert overlap["pairs"][0]["cells"][0]["text"] == "5 of 20 and 5"
    assert " of 20, 5 and 20 items." in overlap["sentence"]


def test_who_shares_the_most_is_who_the_table_says(app):
    app.open("try/compare").taste(0, 2).choose(models=["ease", "popularity", "pure_svd"])
    (overlap,) = app.shown("overlap")
    shared = {
        " and ".join(m["title"] for m in p["models"]): int(p["cells"][0]["text"].split()[0]) for p in overlap["pairs"]
    }
    most = max(shared, key=shared.get)
    assert list(shared.values()).count(shared[most]) == 1
    assert f" {most} share the most: {shared[most]}." in overlap["sentence"]
