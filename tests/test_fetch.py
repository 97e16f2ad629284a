"""Known data sets: downloaded from a local server in their owners' exact formats, with all that can go wrong."""

import hashlib
import io
import json
import os
import stat
import threading
import zipfile
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import menagerie
from zoo.dataset import Dataset
from zoo.datasets import KNOWN, Known, cache_folder, find, is_here, licence_beside, place_of
from zoo.datasets.download import md5_in
from zoo.datasets.fetch import fetch
from zoo.errors import DataError
from zoo.interactions import read_interactions

RATINGS = "userId,movieId,rating,timestamp\n" + "".join(
    f"{user},{movie},{0.5 + (user + movie) % 10 / 2},{964982703 + 60 * movie}\n"
    for user in range(1, 9)
    for movie in (1, 7, 50)
)
MOVIES = (
    "movieId,title,genres\n1,Toy Story (1995),Adventure|Animation|Children\n"
    '7,"Cité des enfants perdus, La (1995)",Drama\n50,"Miss, ""The"" Film",(no genres listed)\n'
)
LINKS = "movieId,imdbId,tmdbId\n1,0114709,862\n7,0112682,902\n50,0114814,\n"
CSV = {
    "ml-latest-small/ratings.csv": RATINGS,
    "ml-latest-small/movies.csv": MOVIES,
    "ml-latest-small/links.csv": LINKS,
    "ml-latest-small/tags.csv": "userId,movieId,tag,timestamp\n2,1,pixar,1445714994\n",
    "ml-latest-small/README.txt": "Summary\n=======\n",
}
OLD_MOVIES = "661::Star Wars: A New Hope (1977)::Action|Sci-Fi\n1193::Misérables, Les (1995)::Drama\n"
DAT = {
    "ml-1m/ratings.dat": "1::1193::5::978300760\n1::661::3::978302109\n2::1193::4::978298413\n",
    "ml-1m/movies.dat": OLD_MOVIES.encode("latin-1"),
    "ml-1m/users.dat": "1::F::1::10::48067\n",
    "ml-1m/README": "SUMMARY\n",
}
BOOKS = (
    "book_id,goodreads_book_id,best_book_id,work_id,books_count,isbn,isbn13,authors,original_publication_year,"
    "original_title,title,language_code,average_rating,ratings_count\n"
    "1,2767052,2767052,2792775,272,439023483,9.78043902348e+12,Suzanne Collins,2008.0,The Hunger Games,"
    '"The Hunger Games (The Hunger Games, #1)",eng,4.34,4780653\n'
    '2,3,3,4640799,491,439554934,9.78043955493e+12,"J.K. Rowling, Mary GrandPré",,,A Book,eng,4.44,4602479\n'
)
GOODBOOKS = {
    "ratings.csv": "user_id,book_id,rating\n1,1,5\n1,2,4\n2,2,3\n",
    "books.csv": BOOKS,
    "tags.csv": "tag_id,tag_name\n5,fantasy\n6,to-read\n7,young-adult\n",
    "book_tags.csv": "goodreads_book_id,tag_id,count\n2767052,6,900\n2767052,7,30\n2767052,5,40\n",
    "__MACOSX/._ratings.csv": "x",
}


def packed(files: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


class Owner:
    """A server with files, which may know ranges or not, and may break off."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.break_after: int | None = None  # bytes of the next answer
        self.asked: list[tuple[str, str | None]] = []  # path, Range
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append((request.path, wanted))
        content = self.files.get(request.path)
        if content is None:
            request.send_error(404)
            return
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        fresh = request.headers.get("If-Range") in (None, etag)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges and fresh else 0
        if start >= len(content) > 0:
            request.send_error(416)
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(content) - start))
        request.send_header("ETag", etag)
        request.send_header("Last-Modified", formatdate(0, usegmt=True))
        request.end_headers()
        stop = None if self.break_after is None else start + self.break_after
        self.break_after = None
        request.wfile.write(content[start:stop])

    def ranges_asked(self, path: str) -> list[str | None]:
        return [wanted for asked, wanted in self.asked if asked == path]


@pytest.fixture
def owner():
    owner = Owner()
    yield owner
    owner.server.shutdown()
    owner.server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("MENAGERIE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def served(owner: Owner, name: str, files: dict[str, str | bytes] | bytes, **changes: object) -> Known:
    """The known data set of this name, as if its owner were at our server and had published these files."""
    content = files if isinstance(files, bytes) else packed(files)
    owner.files[f"/{name}.zip"] = content
    md5 = hashlib.md5(content).hexdigest() if KNOWN[name].md5 else None
    if KNOWN[name].publishes_md5:
        owner.files[f"/{name}.zip.md5"] = f"MD5 ({name}.zip) = {hashlib.md5(content).hexdigest()}\n".encode()
    facts = {"url": f"{owner.address}/{name}.zip", "bytes": len(content), "md5": md5, "rows": 3} | changes
    return replace(KNOWN[name], **facts)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock"))


# --- the three formats


def test_movielens_in_csv_becomes_interactions_and_items(owner, cache, capsys):
    place = fetch(served(owner, "ml-latest-small", CSV))
    assert place == cache / "datasets" / "ml-latest-small"
    interactions = pl.read_parquet(place / "interactions.parquet")
    assert interactions.schema == {
        "user_id": pl.Int32,
        "item_id": pl.Int32,
        "rating": pl.Float32,
        "timestamp": pl.Int64,
    }
    assert interactions.rows()[:2] == [(1, 1, 1.5, 964982763), (1, 7, 4.5, 964983123)]
    assert pl.read_parquet(place / "items.parquet").rows() == [
        (1, "Toy Story", 1995, ["Adventure", "Animation", "Children"], "0114709", 862),
        (7, "Cité des enfants perdus, La", 1995, ["Drama"], "0112682", 902),
        (50, 'Miss, "The" Film', None, [], "0114814", None),
    ]
    assert (place / "README.txt").read_text().startswith("Summary")
    said = capsys.readouterr().err
    assert "no commercial or revenue-bearing use without permission" in said
    assert "as published beside the archive" in said
    assert "24 ratings, 3 items" in said


def test_movielens_1m_has_colons_and_latin_1(owner, capsys):
    place = fetch(served(owner, "ml-1m", DAT))
    assert pl.read_parquet(place / "interactions.parquet").rows() == [
        (1, 1193, 5.0, 978300760),
        (1, 661, 3.0, 978302109),
        (2, 1193, 4.0, 978298413),
    ]
    assert pl.read_parquet(place / "items.parquet").rows() == [
        (661, "Star Wars: A New Hope", 1977, ["Action", "Sci-Fi"]),
        (1193, "Misérables, Les", 1995, ["Drama"]),
    ]
    assert "(pinned here)" in capsys.readouterr().err
    assert [path for path, _ in owner.asked] == ["/ml-1m.zip"]  # a pinned checksum needs no second question


def test_goodbooks_has_authors_years_and_what_readers_call_a_genre(owner, capsys):
    place = fetch(served(owner, "goodbooks-10k", GOODBOOKS))
    assert pl.read_parquet(place / "interactions.parquet").rows() == [(1, 1, 5.0), (1, 2, 4.0), (2, 2, 3.0)]
    items = pl.read_parquet(place / "items.parquet")
    assert items.select("item_id", "title", "year", "authors", "genres", "goodreads_book_id").rows() == [
        (1, "The Hunger Games (The Hunger Games, #1)", 2008, ["Suzanne Collins"], ["fantasy", "young-adult"], 2767052),
        (2, "A Book", None, ["J.K. Rowling", "Mary GrandPré"], [], 3),
    ]
    assert "none is published" in capsys.readouterr().err


def test_what_was_fetched_is_what_training_reads_by_its_name(owner):
    fetch(served(owner, "ml-latest-small", CSV))
    assert is_here("ml-latest-small")
    folder = find("ml-latest-small")
    read = read_interactions(folder / "interactions.parquet")
    assert read.X.shape == (8, 3)
    assert licence_beside(folder / "interactions.parquet") == KNOWN["ml-latest-small"].licence
    source = json.loads((folder / "source.json").read_text())
    assert source["from"] == f"{owner.address}/ml-latest-small.zip"
    assert source["checksum"].startswith("md5 ")


def test_nothing_but_the_data_set_is_left_in_the_cache(owner, cache):
    fetch(served(owner, "ml-1m", DAT))
    assert left_in(cache) == ["README", "interactions.parquet", "items.parquet", "source.json"]


def test_what_is_here_is_not_fetched_again_unless_asked(owner):
    known = served(owner, "ml-1m", DAT)
    fetch(known)
    fetch(known)
    assert len(owner.asked) == 1
    changed = DAT | {"ml-1m/ratings.dat": "1::661::5::1\n"}
    fetch(served(owner, "ml-1m", changed), again=True)
    assert pl.read_parquet(place_of("ml-1m") / "interactions.parquet").height == 1


def test_a_folder_of_ones_own_can_be_named_and_is_never_cleared_of_others_files(owner, tmp_path):
    known = served(owner, "ml-1m", DAT)
    assert fetch(known, to=tmp_path / "data") == tmp_path / "data" / "ml-1m"
    (tmp_path / "mine" / "ml-1m").mkdir(parents=True)
    (tmp_path / "mine" / "ml-1m" / "thesis.txt").write_text("ten years of work")
    with pytest.raises(DataError, match="was not fetched by this command"):
        fetch(known, to=tmp_path / "mine", again=True)
    assert (tmp_path / "mine" / "ml-1m" / "thesis.txt").exists()


# --- the network


def interrupted(owner: Owner, known: Known, after: int) -> None:
    owner.break_after = after
    with pytest.raises(DataError, match=f"broke after {after:,} of .* They are kept: run the same command again"):
        fetch(known)


def test_a_broken_download_goes_on_where_it_broke(owner, cache):
    known = served(owner, "ml-1m", DAT)
    interrupted(owner, known, after=100)
    assert (cache / "downloads" / "ml-1m.zip.part").stat().st_size == 100
    fetch(known)
    assert owner.ranges_asked("/ml-1m.zip") == [None, "bytes=100-"]
    assert is_here("ml-1m")


def test_a_server_that_knows_no_ranges_is_asked_from_the_beginning(owner):
    owner.ranges = False
    known = served(owner, "ml-1m", DAT)
    interrupted(owner, known, after=100)
    assert pl.read_parquet(fetch(known) / "interactions.parquet").height == 3


def test_a_part_of_an_older_file_is_not_glued_to_a_newer_one(owner):
    interrupted(owner, served(owner, "ml-1m", DAT), after=100)
    newer = served(owner, "ml-1m", DAT | {"ml-1m/ratings.dat": "1::661::5::1\n"})
    assert pl.read_parquet(fetch(newer) / "interactions.parquet").height == 1
    assert owner.ranges_asked("/ml-1m.zip")[-1] == "bytes=100-"  # asked for, but the server saw that it had changed


def test_a_part_longer_than_the_file_is_started_anew(owner, cache):
    known = served(owner, "ml-1m", DAT)
    interrupted(owner, known, after=100)
    with (cache / "downloads" / "ml-1m.zip.part").open("ab") as part:
        part.write(b"x" * 10_000)
    assert pl.read_parquet(fetch(known) / "interactions.parquet").height == 3


def test_a_part_of_another_address_is_started_anew(owner):
    known = served(owner, "ml-1m", DAT)
    interrupted(owner, known, after=100)
    owner.files["/mirror.zip"] = owner.files["/ml-1m.zip"]
    fetch(known, source=f"{owner.address}/mirror.zip")
    assert owner.ranges_asked("/mirror.zip") == [None]


def test_what_came_whole_is_not_downloaded_again_when_the_disk_was_full_afterwards(owner, monkeypatch):
    known = served(owner, "ml-1m", DAT)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("zoo.datasets.fetch.convert", full)
        with pytest.raises(DataError, match="No space left on device"):
            fetch(known)
    fetch(known)
    assert len(owner.asked) == 1


def test_a_wrong_checksum_removes_what_came(owner, cache):
    known = served(owner, "ml-1m", DAT, md5="0" * 32)
    with pytest.raises(DataError, match=r"is not the file that its owner published.*It was removed: run the same"):
        fetch(known)
    assert left_in(cache) == []
    assert not is_here("ml-1m")


def test_a_checksum_that_is_read_beside_the_archive_counts_as_well(owner, cache):
    known = served(owner, "ml-latest-small", CSV)
    owner.files["/ml-latest-small.zip.md5"] = b"0" * 32 + b"  ml-latest-small.zip\n"
    with pytest.raises(DataError, match="published is 0000"):
        fetch(known)
    del owner.files["/ml-latest-small.zip.md5"]
    assert "none is published" in json.loads((fetch(known) / "source.json").read_text())["checksum"]


@pytest.mark.parametrize(
    "line", ["6B51FB2759A8657D3BFCBFC42B592ADA  ml-25m.zip\n", "MD5 (ml-1m.zip) = 6b51fb2759a8657d3bfcbfc42b592ada\n"]
)
def test_checksums_are_written_in_two_ways(line):
    assert md5_in(line, "x.md5") == "6b51fb2759a8657d3bfcbfc42b592ada"


def test_a_page_in_place_of_a_checksum_is_none():
    with pytest.raises(DataError, match="holds no MD5"):
        md5_in("<html>Not found</html>", "x.md5")


def test_an_address_that_is_gone_says_where_to_look(owner):
    known = served(owner, "goodbooks-10k", GOODBOOKS, url=f"{owner.address}/moved.zip")
    with pytest.raises(DataError, match=r"answers 404 .*give the new address with --from"):
        fetch(known)


def test_without_the_internet_the_way_by_a_file_is_told():
    known = replace(KNOWN["ml-1m"], url="http://127.0.0.1:9/ml-1m.zip")
    with pytest.raises(DataError, match=r"cannot be reached .*name the file with --from FILE"):
        fetch(known)


def test_an_archive_can_come_from_a_file_and_stays_where_it_is(owner, tmp_path):
    known = served(owner, "ml-1m", DAT)
    file = tmp_path / "brought.zip"
    file.write_bytes(owner.files["/ml-1m.zip"])
    assert pl.read_parquet(fetch(known, source=str(file)) / "interactions.parquet").height == 3
    assert owner.asked == []
    file.write_bytes(packed(CSV))
    with pytest.raises(DataError, match=r"is not the file that its owner published.*Download it again from"):
        fetch(known, source=str(file), again=True)
    assert file.exists()


# --- the disk


def test_too_little_room_is_said_before_anything_is_downloaded(owner):
    with pytest.raises(DataError, match=r"MB of room; ml-1m needs .*MENAGERIE_CACHE"):
        fetch(served(owner, "ml-1m", DAT, bytes=10**18))
    assert owner.asked == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="LEFT OUT: no device that is always full here")
def test_a_full_disk_is_a_sentence(owner, cache):
    (cache / "downloads").mkdir(parents=True)
    (cache / "downloads" / "ml-1m.zip.part").symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"No space left on device.*Make room there"):
        fetch(served(owner, "ml-1m", DAT))


def test_a_cache_that_cannot_be_written_is_a_sentence(owner, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MENAGERIE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="cannot be written"):
        fetch(served(owner, "ml-1m", DAT))


# --- archives that mean harm


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (entry("../../ratings.dat"), "outside its folder"),
        (entry("/etc/cron.d/x"), "outside its folder"),
        (entry("ml-1m/..\\..\\x"), "outside its folder"),
        (entry("C:\\x"), "outside its folder"),
        (entry("ml-1m/link", stat.S_IFLNK | 0o777), "link or a device"),
        (entry("ml-1m/pipe", stat.S_IFIFO | 0o644), "link or a device"),
    ],
)
def test_an_archive_that_reaches_out_of_its_folder_is_refused_whole(owner, cache, odd, says):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(odd, "harm")
        for name, content in DAT.items():
            archive.writestr(name, content)
    with pytest.raises(DataError, match=f"is refused.*{says}.*Nothing was unpacked"):
        fetch(served(owner, "ml-1m", out.getvalue()))
    assert left_in(cache) == []


def test_an_archive_that_explodes_is_stopped_at_the_limit(owner, cache):
    bomb = packed(DAT | {"ml-1m/ratings.dat": b"1::661::5::1\n" * 1_000_000})
    with pytest.raises(DataError, match="unpacks to more than 1,000,000 bytes"):
        fetch(served(owner, "ml-1m", bomb, unpacked_bytes=10**6))
    assert left_in(cache) == []


def test_a_file_without_end_is_stopped_at_the_limit(owner):
    with pytest.raises(DataError, match="is larger than 1,000 bytes"):
        fetch(served(owner, "ml-1m", b"x" * 2_000, unpacked_bytes=1_000))


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (b"PK but no archive", "is damaged"),
        ({"ml-1m/movies.dat": "1::A::B\n"}, r"has no ratings\.dat inside"),
        (DAT | {"again/ratings.dat": "1::1::1::1\n"}, r"holds 2 files named ratings\.dat"),
        (DAT | {"ml-1m/ratings.dat": "1::1::good::1\n"}, "tables of the archive are not as expected"),
        (DAT | {"ml-1m/ratings.dat": "1\t1\t1\t1\n"}, "holds tabs"),
    ],
)
def test_an_archive_that_is_not_the_expected_one_says_so(owner, cache, files, says):
    with pytest.raises(DataError, match=says):
        fetch(served(owner, "ml-1m", files))
    assert left_in(cache) == []


def test_a_table_whose_columns_changed_says_which(owner):
    changed = CSV | {"ml-latest-small/ratings.csv": "user,movie,rating,timestamp\n1,1,5,1\n"}
    with pytest.raises(DataError, match=r"ratings\.csv has no column userId"):
        fetch(served(owner, "ml-latest-small", changed))


# --- names and places


def test_a_path_that_exists_comes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="Fetch it: menagerie data fetch ml-1m"):
        find("ml-1m")
    (tmp_path / "ml-1m").mkdir()
    assert find("ml-1m") == Path("ml-1m")
    assert find("folder/missing.csv") == Path("folder/missing.csv")  # its reader says that it is missing
    with pytest.raises(DataError, match=r"did you mean ml-32m\?"):
        find("ml-32")


def test_the_cache_is_where_the_system_keeps_such_things(monkeypatch):
    monkeypatch.delenv("MENAGERIE_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/menagerie")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache/menagerie"


@pytest.mark.parametrize("known", KNOWN.values(), ids=lambda known: known.name)
def test_every_known_data_set_says_what_its_owner_says(known):
    assert known.url.startswith("https://")
    assert known.licence
    assert known.rows > known.users
    assert known.publishes_md5 or known.md5 is None
    assert known.unpacked_bytes > 3 * (known.bytes or 0)


# --- the command


def test_the_list_tells_what_is_here_and_on_which_terms(cache):
    text = menagerie("data", "list", MENAGERIE_CACHE=str(cache)).stdout
    assert all(name in text for name in KNOWN)
    assert "do not redistribute it without separate permission" in text
    facts = json.loads(menagerie("data", "list", "--json", MENAGERIE_CACHE=str(cache)).stdout)
    assert [fact["name"] for fact in facts] == list(KNOWN)
    assert not any(fact["here"] for fact in facts)


def test_the_command_prints_the_folder_and_how_to_train_on_it(owner, cache):
    served(owner, "ml-latest-small", CSV)
    there = ("--from", f"{owner.address}/ml-latest-small.zip")
    done = menagerie("data", "fetch", "ml-latest-small", *there, MENAGERIE_CACHE=str(cache))
    assert Path(done.stdout.strip()) == cache / "datasets" / "ml-latest-small"
    assert "menagerie train all --data ml-latest-small" in done.stderr
    assert "(100 %)" in done.stderr
    assert "its owner says 100,836 ratings; this archive holds 24" in done.stderr
    assert "did you mean ml-1m?" in menagerie("data", "fetch", "ml-1n", status=1).stderr


def test_training_takes_the_name_and_the_licence_of_what_was_fetched(owner, cache, world, tmp_path):
    items = pl.read_csv(world / "items.csv")
    movies = items.select(
        "movieId", title=pl.format("{} ({})", "title", pl.col("year").fill_null(1999)), genres="genres"
    )
    ratings = (world / "interactions.csv").read_text()
    served(owner, "ml-latest-small", {"x/ratings.csv": ratings, "x/movies.csv": movies.write_csv()})
    there = ("--from", f"{owner.address}/ml-latest-small.zip")
    menagerie("data", "fetch", "ml-latest-small", *there, MENAGERIE_CACHE=str(cache))
    arguments = ("train", "popularity", "--data", "ml-latest-small", "--out", str(tmp_path / "zoo"))
    menagerie(*arguments, MENAGERIE_CACHE=str(cache))
    info = Dataset(tmp_path / "zoo" / "ml-latest-small").info
    assert (info.n_users, info.licence) == (240, KNOWN["ml-latest-small"].licence)
    assert "Fetch it: menagerie data fetch" in menagerie(*arguments, MENAGERIE_CACHE=str(tmp_path), status=1).stderr


@pytest.mark.skipif(os.name != "posix", reason="LEFT OUT: locks are POSIX")
def test_a_second_fetch_of_the_same_does_not_write_into_the_first(owner, cache):
    import fcntl

    (cache / "downloads").mkdir(parents=True)
    with (cache / "downloads" / "ml-1m.zip.part").open("ab") as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="being downloaded by another process"):
            fetch(served(owner, "ml-1m", DAT))
