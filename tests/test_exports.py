"""Exports of services as people download them: likes, dislikes, what was merely seen, and what says nothing."""

import io
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import menagerie
from zoo.catalogue import Catalogue
from zoo.dataset import Dataset
from zoo.errors import DataError
from zoo.exports import SERVICES, Stars, recognise
from zoo.files import Limits
from zoo.history import Histories, corrected, read_histories
from zoo.recommend import Taste, recommend, tastes_of
from zoo.runtime import Runtime
from zoo.settings import Settings

FILMS = [  # item_id, title, year, imdb_id, tmdb_id, training users
    (10, "Matrix, The", 1999, "0133093", 603, 90),
    (20, "Amélie (Fabuleux destin d'Amélie Poulain, Le)", 2001, "0211915", 194, 30),
    (30, "Sabrina", 1954, "0047437", 6620, 10),
    (40, "Sabrina", 1995, "0114319", 11860, 20),
    (50, "Spirited Away (Sen to Chihiro no kamikakushi)", 2001, "0245429", 129, 40),
    (60, "Heat", 1995, "0113277", 949, 50),
    (70, "Godfather, The", 1972, "0068646", 238, 80),
    (80, "Paddington 2", 2017, "4468740", 346648, 5),
]
BOOKS = [  # item_id, title, year, goodreads_book_id, training users
    (1, "The Hunger Games (The Hunger Games, #1)", 2008, 2767052, 90),
    (2, "Dune (Dune Chronicles #1)", 1965, 234225, 60),
    (3, "Emma", 1815, 6969, 40),
    (4, "Ulysses", 1922, 338798, 30),
]
LETTERBOXD = "Date,Name,Year,Letterboxd URI,Rating\n"
DIARY = "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\n"
WATCHED = "Date,Name,Year,Letterboxd URI\n"
IMDB = (
    "Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,Num Votes,"
    "Release Date,Directors\n"
)
GOODREADS = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,Publisher,Binding,"
    "Number of Pages,Year Published,Original Publication Year,Date Read,Date Added,Bookshelves,"
    "Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,Private Notes,Read Count,Owned Copies\n"
)
MOVIELENS = "movie_id,imdb_id,tmdb_id,rating,average_rating,title\n"


@pytest.fixture(scope="module")
def films() -> Catalogue:
    ids, titles, years, imdb, tmdb, n_users = zip(*FILMS, strict=True)
    table = pl.DataFrame({"item_id": ids, "title": titles, "year": years, "imdb_id": imdb, "tmdb_id": tmdb})
    return Catalogue.build(pl.Series(ids), table, np.array(n_users))


@pytest.fixture(scope="module")
def plain_films(films) -> Catalogue:
    """The same films where nobody knows their ids elsewhere."""
    return Catalogue(films.items.drop("imdb_id", "tmdb_id"))


@pytest.fixture(scope="module")
def books() -> Catalogue:
    ids, titles, years, goodreads, n_users = zip(*BOOKS, strict=True)
    table = pl.DataFrame({"item_id": ids, "title": titles, "year": years, "goodreads_book_id": goodreads})
    return Catalogue.build(pl.Series(ids), table, np.array(n_users))


def read(text: str | bytes, catalogue: Catalogue, name: str = "export.csv", **options) -> Histories:
    return read_histories(text if isinstance(text, bytes) else text.encode(), name, catalogue, **options)


def taste(found: Histories, catalogue: Catalogue) -> tuple[list[int], list[int], list[int]]:
    """Ids of what the only person likes, dislikes and has seen."""
    ids = catalogue.items["item_id"].to_list()
    return tuple([ids[column] for column in part.indices] for part in (found.X, found.dislikes, found.seen))


def film(name: str, year: int | str, rating: str = "", **more: str) -> str:
    quoted = f'"{name}"' if "," in name else name
    return ",".join(["2024-03-01", quoted, str(year), "https://boxd.it/2a", rating, *more.values()]) + "\n"


def imdb(const: str, rating: str, title: str, year: int | str, kind: str = "Movie", original: str = "") -> str:
    return f"{const},{rating},2024-01-05,{title},{original or title},https://x,{kind},8.1,110,{year},Drama,1000,,Somebody\n"


def book(number: int, title: str, rating: int, shelf: str, *, original: str = "", read_on: str = "") -> str:
    return (
        f'{number},"{title}",Somebody,"Body, Some",,"=""0439023483""","=""9780439023481""",{rating},4.3,Press,'
        f"Paperback,374,2010,{original},{read_on},2020/01/02,,,{shelf},,,,1,0\n"
    )


# --- which service


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (LETTERBOXD, "Letterboxd"),
        (DIARY, "Letterboxd"),
        (WATCHED, "Letterboxd"),
        ("\ufeff" + LETTERBOXD, "Letterboxd"),
        (IMDB, "IMDb"),
        ("Position,Const,Created,Modified,Description,Title,URL,Title Type,IMDb Rating,Year\n", "IMDb"),
        (GOODREADS, "Goodreads"),
        (MOVIELENS, "MovieLens"),
        ("userId,movieId,rating,timestamp\n", None),  # a data set: read by the rules that the zoo was trained by
        ("user,movieId,rating\n", None),
        ("title,year,rating\n", None),
        ("Name,Year,Rating\n", None),
    ],
)
def test_a_service_is_recognised_by_its_columns(header, name):
    service = recognise(header.strip().split(","))
    assert (service.name if service else None) == name


def test_naming_columns_sets_the_service_aside(films):
    from zoo.columns import Mapping

    found = read(LETTERBOXD + film("Heat", 1995, "1"), films, mapping=Mapping(item="Name"))
    assert found.report.service is None
    assert taste(found, films) == ([60], [], [])


# --- Letterboxd


def test_half_stars_become_likes_dislikes_and_what_says_nothing(films):
    rows = [("The Matrix", 1999, "5"), ("Heat", 1995, "3.5"), ("The Godfather", 1972, "3"), ("Amélie", 2001, "2.5")]
    rows += [("Paddington 2", 2017, "2"), ("Sabrina", 1995, "0.5"), ("Spirited Away", 2001, "")]
    found = read(LETTERBOXD + "".join(film(*row) for row in rows), films)
    assert taste(found, films) == ([10, 50, 60], [40, 80], [20, 70])
    assert found.report.sentence() == (
        "Letterboxd export: 7 of 7 rows matched; 0 unknown; 0 repeated. "
        "Likes: 2 rated 3.5 or more, 1 watched and not rated. Dislikes: 2 rated below 2.5. "
        "Seen, but say nothing: 2 rated in between."
    )


def test_bounds_can_be_set(films):
    table = LETTERBOXD + film("The Matrix", 1999, "4") + film("Heat", 1995, "3") + film("Amélie", 2001, "2")
    assert taste(read(table, films, like_from=4.5, dislike_below=3), films) == ([], [20], [10, 60])
    assert taste(read(table, films, like_from=2), films) == ([10, 20, 60], [], [])
    with pytest.raises(DataError, match="Give the dislikes a lower bound"):
        read(table, films, like_from=3, dislike_below=4)


def test_a_watchlist_has_the_columns_of_watched_films_and_says_nothing(films):
    table = WATCHED + "2024-03-01,Heat,1995,https://boxd.it/2a\n"
    assert taste(read(table, films, "watched.csv"), films) == ([60], [], [])
    with pytest.raises(DataError, match=r"1 on the watchlist, not watched yet.*Bring what was watched"):
        read(table, films, "watchlist.csv")


def test_a_film_seen_again_is_one_item_and_its_last_rating_counts(films):
    table = DIARY + (
        "2020-01-02,Heat,1995,https://boxd.it/a,2,,,2020-01-01\n"
        "2023-01-02,Heat,1995,https://boxd.it/b,4.5,Yes,,2023-01-01\n"
        "2024-01-02,Heat,1995,https://boxd.it/c,,Yes,,2024-01-01\n"  # no rating says less than one
        "2021-01-02,The Matrix,1999,https://boxd.it/d,5,,,2021-01-01\n"
        "2019-01-02,The Matrix,1999,https://boxd.it/e,1,,,2019-01-01\n"
    )
    found = read(table, films)
    assert taste(found, films) == ([10, 60], [], [])
    assert (found.report.matched, found.report.repeated) == (5, 3)


def archive(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name.replace("__", "/").replace("_csv", ".csv"), content)
    return out.getvalue()


WHOLE = {
    "profile_csv": "Date Joined,Username\n2020-01-01,somebody\n",
    "watched_csv": WATCHED
    + "".join(film(*f)[:-2] + "\n" for f in [("Heat", 1995), ("The Matrix", 1999), ("Amélie", 2001)]),
    "ratings_csv": LETTERBOXD + film("The Matrix", 1999, "2") + film("Amélie", 2001, "1.5"),
    "likes__films_csv": WATCHED + film("Amélie", 2001)[:-2] + "\n",
    "likes__reviews_csv": "Date,Review URI\n",
    "diary_csv": DIARY + "2024-01-02,Heat,1995,https://boxd.it/c,,Yes,,2024-01-01\n",
    "watchlist_csv": WATCHED + film("The Godfather", 1972)[:-2] + "\n",
    "deleted__diary_csv": DIARY + "2024-01-02,Sabrina,1995,https://boxd.it/c,5,,,2024-01-01\n",
}


@pytest.mark.parametrize("folder", ["", "letterboxd-somebody-2024/"])
def test_the_whole_archive_of_letterboxd_is_one_row_per_film(films, folder):
    found = read(archive(**{folder + name: content for name, content in WHOLE.items()}), films, "letterboxd.zip")
    assert taste(found, films) == ([20, 60], [10], [])  # a heart is a like whatever the stars
    assert found.report.rows == 3
    assert found.report.notes == (
        "Put together from watched.csv, ratings.csv, likes/films.csv: one row per film.",
        "Re-watches in the diary: 1; a film counts once.",
    )


def test_an_archive_of_somebody_who_never_rated_is_read(films):
    empty = WHOLE | {"ratings_csv": LETTERBOXD, "likes__films_csv": WATCHED, "diary_csv": DIARY}
    assert taste(read(archive(**empty), films, "letterboxd.zip"), films) == ([10, 20, 60], [], [])


def test_another_archive_with_the_same_names_is_none_of_letterboxds(films):
    movielens = archive(ratings_csv="userId,movieId,rating,timestamp\n1,10,5,1\n", movies_csv="movieId,title\n10,X\n")
    with pytest.raises(DataError, match="holds 2 tables"):
        read(movielens, films, "ml.zip")


def test_an_archive_is_unpacked_within_the_limit(films):
    bomb = archive(**WHOLE | {"watched_csv": WATCHED + "\n" * 500_000})
    with pytest.raises(DataError, match="unpacks to more than"):
        read(bomb, films, "letterboxd.zip", limits=Limits(bytes=100_000))


# --- IMDb


def test_points_of_ten_and_ids_of_imdb(films):
    table = IMDB + imdb("tt0133093", "9", "Matrix", 1999) + imdb("tt0113277", "6", "Heat", 1995)
    table += imdb("tt4468740", "4", "Paddington 2", 2017) + imdb("tt0903747", "10", "Breaking Bad", 2008, "TV Series")
    table += imdb("tt0959621", "9", "Pilot", 2008, "TV Episode") + imdb("tt0068646", "", "The Godfather", 1972)
    found = read(table, films)
    assert taste(found, films) == ([10], [80], [60])
    assert found.report.by_id == 3
    assert found.report.left_aside == 3
    assert "Left aside: 2 series, episodes or games, 1 without a rating of yours." in found.report.sentence()


@pytest.mark.parametrize(
    "kind", ["tvSeries", "TV Mini Series", "Serie TV", "Série télévisée", "Video Game", "tvEpisode"]
)
def test_what_is_no_film_is_left_aside_in_every_language(films, kind):
    table = IMDB + imdb("tt0133093", "9", "Matrix", 1999) + imdb("tt0113277", "9", "Heat", 1995, kind)
    assert taste(read(table, films), films) == ([10], [], [])


@pytest.mark.parametrize("kind", ["Movie", "TV Movie", "tvMovie", "Short", "Video", "TV Special", "Film"])
def test_films_for_television_are_films(films, kind):
    assert taste(read(IMDB + imdb("tt0113277", "9", "Heat", 1995, kind), films), films) == ([60], [], [])


def test_a_title_in_another_language_is_found_by_the_original_one(plain_films):
    table = IMDB + imdb("tt0068646", "10", "Il padrino", 1972, original="The Godfather")
    table += imdb("tt0245429", "9", "Chihiros Reise ins Zauberland", 2001, original="Sen to Chihiro no kamikakushi")
    assert taste(read(table, plain_films), plain_films) == ([50, 70], [], [])


# --- Goodreads


def test_books_are_taken_for_films_by_title_and_year_only_and_that_is_told():
    table = {"item_id": [1, 2], "title": ["Emma", "Fight Club"], "year": [2020, 1999], "directors": [["A"], ["B"]]}
    of_films = Catalogue.build(pl.Series([1, 2]), pl.DataFrame(table), np.ones(2))
    rows = book(8, "Fight Club", 5, "read", original="") + book(9, "Emma", 5, "read", original="2020")
    histories = read(GOODREADS + rows, of_films)
    assert histories.X.indices.tolist() == [0]
    assert histories.report.matches["given"].to_list() == ["Fight Club", "Emma (2020)"]
    assert "Goodreads tells of books, and this catalogue holds films" in " ".join(histories.report.notes)


def test_shelves_and_stars_of_goodreads(books):
    table = GOODREADS + book(2767052, "The Hunger Games (The Hunger Games, #1)", 5, "read", original="2008")
    table += book(53764, "Dune", 0, "read", original="1965", read_on="2021/05/04")
    table += book(6969, "Emma", 0, "did-not-finish", original="1815") + book(338798, "Ulysses", 0, "to-read")
    found = read(table, books)
    assert taste(found, books) == ([1, 2], [3], [])
    assert found.report.sentence() == (
        "Goodreads export: 3 of 4 rows matched; 0 unknown; 0 repeated; 1 left aside. "
        "Likes: 1 rated 3.5 or more, 1 read and not rated. Dislikes: 1 not finished. Left aside: 1 to read."
    )


@pytest.mark.parametrize(
    ("rating", "shelf", "read_on", "verdict"),
    [
        (4, "read", "", "like"),
        (3, "read", "", "seen"),
        (2, "read", "", "dislike"),
        (4, "did-not-finish", "", "like"),  # a rating says more than a shelf
        (0, "dnf", "", "dislike"),
        (0, "Did Not Finish", "", "dislike"),
        (0, "abandoned", "", "dislike"),
        (0, "currently-reading", "", None),
        (0, "wishlist", "", None),
        (0, "owned", "2020/01/01", "like"),
        (0, "", "", "like"),
    ],
)
def test_what_a_shelf_says_where_there_is_no_rating(books, rating, shelf, read_on, verdict):
    table = GOODREADS + book(1, "Ulysses", 5, "read") + book(2, "Emma", rating, shelf, read_on=read_on)
    parts = dict(zip(("like", "dislike", "seen"), taste(read(table, books), books), strict=True))
    assert [name for name, items in parts.items() if 3 in items] == ([verdict] if verdict else [])


def test_the_year_of_an_edition_does_not_hide_a_book(books):
    assert taste(read(GOODREADS + book(99, "Emma", 5, "read"), books), books) == ([3], [], [])  # published 2010


# --- MovieLens


def test_ratings_from_the_movielens_website_are_found_by_the_ids_of_imdb(films):
    table = MOVIELENS + "2571,0133093,603,4.5,4.19,The Matrix (1999)\n6,0113277,949,1.0,3.9,Heat (1995)\n"
    found = read(table, films)
    assert taste(found, films) == ([10], [60], [])
    assert found.report.by_id == 2


def test_ratings_from_the_movielens_website_are_found_by_title_elsewhere(plain_films):
    table = MOVIELENS + '858,0068646,238,4.5,4.3,"Godfather, The (1972)"\n7,0114319,11860,1.0,3.3,Sabrina (1995)\n'
    assert taste(read(table, plain_films), plain_films) == ([70], [40], [])


def test_ratings_of_the_data_sets_count_as_they_did_in_training(films):
    found = read("userId,movieId,rating,timestamp\n1,10,5,100\n1,60,1,200\n2,60,3,300\n", films)
    assert found.user_ids == [1, 2]
    assert [(one.likes, one.dislikes) for one in tastes_of(found.X, found.dislikes, found.seen)] == [
        ((0, 5), ()),  # without a threshold every row is a positive
        ((5,), ()),
    ]


# --- how the world writes


def test_decimal_commas_semicolons_and_a_byte_order_mark(films):
    text = LETTERBOXD.replace(",", ";") + "01.03.2024;The Matrix;1999;https://boxd.it/a;4,5\n"
    text += "02.03.2024;Heat;1995;https://boxd.it/b;1,5\n"
    assert taste(read(b"\xef\xbb\xbf" + text.encode(), films), films) == ([10], [60], [])
    quoted = LETTERBOXD + '2024-03-01,The Matrix,1999,https://boxd.it/a,"4,5"\n'
    assert taste(read(quoted.encode("utf-16"), films), films) == ([10], [], [])


def test_later_is_later_however_dates_are_written(films):
    table = "Date;Name;Year;Letterboxd URI;Rating\n03.01.2024;Heat;1995;a;5\n02.12.2023;Heat;1995;b;1\n"
    assert taste(read(table, films), films) == ([60], [], [])


NAMES = st.sampled_from(["Heat", "The Matrix", "matrix, the", "Sabrina", "Nobody's Film", "", '"'])
CELLS = {
    "Letterboxd": (LETTERBOXD, ["Name", "Year", "Rating"]),
    "IMDb": (IMDB, ["Title", "Year", "Your Rating", "Title Type"]),
    "Goodreads": (GOODREADS, ["Title", "My Rating", "Exclusive Shelf", "Date Read"]),
    "MovieLens": (MOVIELENS, ["imdb_id", "rating", "title"]),
}
VALUES = NAMES | st.sampled_from(
    ["1995", "0", "0.5", "2.5", "3,5", "10", "nan", "-1", "TV Series", "to-read", "2020/01/02"]
)


@settings(max_examples=150, deadline=None)
@given(
    service=st.sampled_from(list(CELLS)),
    rows=st.lists(st.lists(VALUES, min_size=4, max_size=4), min_size=1, max_size=8),
)
def test_any_export_adds_up_or_is_a_data_error(films, service, rows):
    header, filled = CELLS[service]
    columns = header.strip().split(",")
    cells = [dict(zip(filled, row, strict=False)) for row in rows]
    table = pl.DataFrame([[row.get(name, "") for name in columns] for row in cells], schema=columns, orient="row")
    try:
        found = read(table.write_csv(), films)
    except DataError:
        return
    report = found.report
    assert report.service == service
    assert report.rows == report.matched + report.unknown + report.left_aside == sum(n for _, n in report.reasons)
    assert found.X.nnz + found.dislikes.nnz + found.seen.nnz == report.matched - report.repeated > 0
    assert not (found.X.multiply(found.dislikes)).nnz
    assert not ((found.X + found.dislikes).multiply(found.seen)).nnz
    report.sentence()


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_usual_bounds_lie_on_the_services_scale(service):
    lowest, highest, _ = service.scale
    assert lowest < service.stars.dislike_below < service.stars.like_from < highest


def test_bounds_that_cross_are_refused():
    with pytest.raises(DataError, match="cannot be dislikes where 3 is a like already"):
        Stars(like_from=3, dislike_below=4)


@pytest.mark.parametrize("model", ["ease", "variational"])
def test_what_was_merely_seen_is_kept_out_and_changes_no_score(tiny_zoo, model):
    dataset = Dataset(tiny_zoo / "tiny")
    loaded = Runtime(Settings()).load(dataset.model(model))
    plain, knowing = Taste((0, 2), (5,)), Taste((0, 2, 8, 10), (5,), (1.0, 1.0, 0.0, 0.0))
    scores = []
    for taste_ in (plain, knowing):
        lists = recommend(loaded, [taste_], k=60)
        scores.append(dict(zip(lists.ranked[0].tolist(), lists.scores[0].tolist(), strict=True)))
    assert {8, 10} <= scores[0].keys()
    assert {8, 10}.isdisjoint(scores[1])
    common = scores[1].keys() - {-1}
    assert [scores[1][item] for item in common] == pytest.approx([scores[0][item] for item in common], rel=1e-4)


# --- corrections


def test_a_wrong_match_can_be_corrected_or_left_out(films):
    table = LETTERBOXD + film("Sabrina", 1995, "5") + film("Nobody's Film", 2020, "5") + film("Heat", 1995, "1")
    found = read(table, films)
    mended = corrected(found, {"Sabrina (1995)": 2, "Nobody's Film (2020)": 7, "Heat (1995)": -1}, films)
    assert taste(mended, films) == ([30, 80], [], [])
    report = mended.report
    assert (report.matched, report.by_hand, report.unknown, report.left_aside) == (2, 2, 0, 1)
    assert dict(report.matches.select("given", "how").iter_rows()) == {
        "Sabrina (1995)": "hand",
        "Nobody's Film (2020)": "hand",
        "Heat (1995)": "left out",
    }
    assert taste(corrected(mended, {}, films), films) == taste(found, films)  # taken back


def test_everything_can_be_left_out(films):
    found = read("title\nHeat\nNobody's Film\n", films)
    mended = corrected(found, {"Heat": -1}, films)
    assert (mended.X.nnz, mended.report.left_aside, mended.report.unknown) == (0, 1, 1)


def test_two_rows_that_turn_out_to_be_one_item_count_once(films):
    table = LETTERBOXD + film("Heat", 1995, "5") + film("Hitze", 1995, "4.5")
    mended = corrected(read(table, films), {"Hitze (1995)": 5}, films)
    assert (mended.X.nnz, mended.report.repeated) == (1, 1)


# --- the command


def test_the_command_takes_an_export_with_dislikes(tiny_zoo, tmp_path: Path):
    path = tmp_path / "ratings.csv"
    path.write_text(LETTERBOXD + film("The Amber Harbour", 1950, "5") + film("The Silent Harbour", 1951, "1"))
    call = (
        "recommend",
        "--zoo",
        str(tiny_zoo),
        "--dataset",
        "tiny",
        "--model",
        "ease",
        "--history",
        str(path),
        "--k",
        "60",
    )
    done = menagerie(*call)
    assert "Letterboxd export: 2 of 2 rows matched" in done.stderr
    assert "Dislikes: 1 rated below 2.5." in done.stderr
    assert "Harbour" in done.stdout
    assert "Amber Harbour" not in done.stdout
    assert "Silent Harbour" not in done.stdout
    assert "Likes: 2 rated 0.5 or more." in menagerie(*call, "--like-from", "0.5").stderr
