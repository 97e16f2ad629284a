"""A zoo that lies elsewhere: on a web server with an index, or in a file system that lists (memory:// for S3)."""

import hashlib
import http.server
import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import fsspec
import numpy as np
import pytest
from pydantic import ValidationError

from tests import published
from zoo.errors import CardError
from zoo.manifest import MANIFEST, Manifest, write_manifest
from zoo.registry import Zoo
from zoo.remote import mirror as mirrors
from zoo.remote.index import INDEX, Index, write_index
from zoo.remote.mirror import Mirror, place_of
from zoo.remote.source import Source
from zoo.settings import Settings


class Server(http.server.ThreadingHTTPServer):
    """A plain web server of a folder. tricks: path -> what it does in place of answering."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.tricks: dict[str, object] = {}
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        self.tricks = {"": hanging_up}  # also on connections that are kept open
        self.shutdown()
        self.server_close()


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        for path, trick in self.server.tricks.items():
            if self.path.endswith(path):
                return trick(self)
        return super().do_GET()

    def log_message(self, *arguments):
        pass

    def send(self, content: bytes, length: int | None = None, status: int = 200, **headers: str):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)


def cut_short(handler: Handler):
    """The connection breaks in the middle of the file."""
    content = Path(handler.translate_path(handler.path)).read_bytes()
    handler.send(content[: len(content) // 2], len(content))
    handler.close_connection = True


def one_byte_other(handler: Handler):
    content = bytearray(Path(handler.translate_path(handler.path)).read_bytes())
    content[len(content) // 2] ^= 1
    handler.send(bytes(content))


def shorter(handler: Handler):
    handler.send(Path(handler.translate_path(handler.path)).read_bytes()[:-1])


def without_an_end(handler: Handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    block = b"100000\r\n" + bytes(2**20) + b"\r\n"
    try:
        for _ in range(1000):
            handler.wfile.write(block)
            handler.server.sent = getattr(handler.server, "sent", 0) + 2**20
    except OSError:
        handler.close_connection = True


def hanging_up(handler: Handler):
    handler.close_connection = True


def failing(handler: Handler):
    handler.send(b"no", status=503)


def a_page(handler: Handler):
    handler.send(b"<!doctype html><title>Everything is here</title>", Content_Type="text/html")


@pytest.fixture
def there(tmp_path) -> Path:
    """A zoo elsewhere: `small` with the models one (1.0) and two (2.0), and its index."""
    published.write_zoo(tmp_path / "there")
    write_index(tmp_path / "there")
    return tmp_path / "there"


@pytest.fixture
def server(there):
    server = Server(there)
    yield server
    server.stop()


@pytest.fixture
def memory(there):
    """The same zoo in fsspec's memory, which lists; with a function that copies the folder there again."""
    files = fsspec.filesystem("memory")

    def upload():
        if files.exists("/zoo"):
            files.rm("/zoo", recursive=True)
        for path in there.rglob("*"):
            if path.is_file() and path.name != INDEX:
                files.pipe_file(f"/zoo/{path.relative_to(there).as_posix()}", path.read_bytes())

    upload()
    yield upload
    files.rm("/zoo", recursive=True)


@pytest.fixture
def web(server, tmp_path) -> Mirror:
    return follower(server.url, tmp_path)


@pytest.fixture
def listed(memory, tmp_path) -> Mirror:
    return follower("memory://zoo", tmp_path)


def follower(url: str, tmp_path: Path, **settings: object) -> Mirror:
    return Mirror(Settings(zoo=url, cache=tmp_path / "cache", **settings))


def answers(mirror: Mirror) -> dict[str, float]:
    """The weight that each model of the mirror has everywhere; every file is compared on the way."""
    found = {}
    for data in map(Zoo(mirror.root).dataset, Zoo(mirror.root).datasets()):
        data.check()
        for name in data.model_names():
            with data.model(name) as folder:
                (found[name],) = set(np.fromfile(folder.path / published.WEIGHTS, dtype=np.float32).tolist())
    return found


def left_over(mirror: Mirror) -> list[str]:
    """What is neither a data set nor hidden bookkeeping of a zoo."""
    allowed = {".refreshing", ".publishing"}
    hidden = [path for path in mirror.root.rglob(".*") if path.name not in allowed]
    return sorted(str(path.relative_to(mirror.root)) for path in hidden)


@pytest.mark.parametrize("kind", ["web", "listed"])
def test_a_zoo_elsewhere_is_a_zoo_here(kind, request):
    mirror = request.getfixturevalue(kind)
    assert mirror.refresh() == mirrors.Status(looked=True)
    assert answers(mirror) == {"one": 1.0, "two": 2.0}
    assert Zoo(mirror.root).dataset().train.nnz > 0
    assert left_over(mirror) == []


def test_only_what_is_in_service_is_fetched_and_only_once(web, server):
    web.refresh()
    expected = {f"/small/{name}" for name in (MANIFEST, *manifest_of(server, "small"))}
    for model in ("one", "two"):
        folder = f"small/{model}/{current(server, model)}"
        expected |= {f"/{folder}/{name}" for name in (MANIFEST, *manifest_of(server, folder))}
    assert sorted(server.asked) == sorted({"/INDEX.json"} | expected)
    server.asked.clear()
    web.refresh()
    assert server.asked == ["/INDEX.json"]


def manifest_of(server: Server, folder: str) -> list[str]:
    root = Path(server.RequestHandlerClass.keywords["directory"])
    return list(json.loads((root / folder / MANIFEST).read_bytes())["files"])


def current(server: Server, model: str) -> str:
    return (Path(server.RequestHandlerClass.keywords["directory"]) / "small" / model / "CURRENT").read_text().strip()


def test_a_listing_is_asked_for_pointers_only_when_nothing_changed(listed, monkeypatch):
    listed.refresh()
    read = []
    monkeypatch.setattr(
        Source, "read", lambda self, path, most, real=Source.read: read.append(path) or real(self, path, most)
    )
    monkeypatch.setattr(Source, "fetch", lambda *arguments: pytest.fail("nothing changed"))
    listed.refresh()
    assert sorted(read) == [f"small/{MANIFEST}", "small/one/CURRENT", "small/two/CURRENT"]


@pytest.mark.parametrize("kind", ["web", "listed"])
def test_what_is_published_elsewhere_is_offered_here(kind, request, there):
    mirror = request.getfixturevalue(kind)
    mirror.refresh()
    data = Zoo(there).dataset()
    published.publish(data, "one", 10.0)
    published.publish(data, "three", 3.0)
    shutil.rmtree(data.path / "two")
    published.write_data(there, "more", seed=1)
    republish(kind, request, there)
    assert mirror.refresh().refused == {}
    assert answers(mirror) == {"one": 10.0, "three": 3.0}
    assert Zoo(mirror.root).datasets() == ["more", "small"]
    assert len(list((mirror.root / "small" / "one").glob("*/card.json"))) == 1  # nobody reads the old one
    shutil.rmtree(there / "more")
    republish(kind, request, there)
    mirror.refresh()
    assert Zoo(mirror.root).datasets() == ["small"]
    assert left_over(mirror) == []


def republish(kind: str, request, there: Path) -> None:
    write_index(there)
    if kind == "listed":
        request.getfixturevalue("memory")()


@pytest.mark.parametrize(
    ("trick", "said"),
    [
        (one_byte_other, "checksum"),
        (shorter, "ends 1 bytes too early"),
        (without_an_end, "longer than its manifest says"),
    ],
)
def test_a_file_that_is_not_the_published_one_is_refused_and_the_rest_goes_on(web, server, trick, said):
    server.tricks[f"one/{current(server, 'one')}/weights.bin"] = trick
    status = web.refresh()
    assert list(status.refused) == ["small/one"]
    assert said in status.refused["small/one"]
    assert answers(web) == {"two": 2.0}
    assert left_over(web) == []
    assert getattr(server, "sent", 0) < 64 * 2**20  # not more was read than was announced, buffers aside


@pytest.mark.parametrize("trick", [one_byte_other, shorter, without_an_end, cut_short, failing])
def test_what_was_there_before_stays_when_its_successor_cannot_be_had(web, server, there, trick):
    web.refresh()
    published.publish(Zoo(there).dataset(), "one", 10.0)
    write_index(there)
    server.tricks[f"one/{current(server, 'one')}/weights.bin"] = trick
    status = web.refresh()
    assert status.refused.keys() == {"small/one"} or status.problem
    assert answers(web) == {"one": 1.0, "two": 2.0}
    server.tricks.clear()
    web._refused.clear()  # its time has come
    assert web.refresh() == mirrors.Status(looked=True)
    assert answers(web) == {"one": 10.0, "two": 2.0}


def test_a_connection_that_breaks_is_no_refusal(web, server):
    server.tricks[f"two/{current(server, 'two')}/weights.bin"] = cut_short
    status = web.refresh()
    assert "cannot be reached" in status.problem
    assert status.refused == {}
    assert status.waiting == 1
    assert answers(web) == {"one": 1.0}
    server.tricks.clear()
    assert web.refresh() == mirrors.Status(looked=True)
    assert answers(web) == {"one": 1.0, "two": 2.0}


def test_one_file_that_never_comes_does_not_keep_the_others_away(web, server):
    for trick in (cut_short, failing):
        server.tricks[f"one/{current(server, 'one')}/weights.bin"] = trick
        status = web.refresh()
        assert status.problem or "answers 503" in status.refused["small/one"]
        assert answers(web) == {"two": 2.0}


def test_what_is_refused_for_weeks_is_asked_for_once_an_hour(web, server, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(mirrors.time, "monotonic", lambda: now[0])
    refusing = partial(_fail, CardError("no"))
    waits = []
    for _ in range(2000):
        with pytest.raises(CardError):
            web._try("small/one", "0" * 64, refusing)
        until = web._refused["small/one", "0" * 64].until
        waits.append(until - now[0])
        now[0] = until
    assert waits[:3] == [60.0, 120.0, 240.0]
    assert waits[-1] == max(waits) == 3600.0


def _fail(error: Exception) -> None:
    raise error


def test_a_server_that_goes_away_is_not_asked_for_everything(web, server, there):
    for name in ("three", "four", "five"):
        published.publish(Zoo(there).dataset(), name)
    write_index(there)
    server.tricks["weights.bin"] = cut_short
    assert "cannot be reached" in web.refresh().problem
    assert sum("weights.bin" in path for path in server.asked) == 2
    assert web.status.waiting == 5


def test_what_was_refused_is_not_fetched_again_at_once(web, server):
    server.tricks[f"one/{current(server, 'one')}/weights.bin"] = one_byte_other
    first = web.refresh()
    server.asked.clear()
    assert web.refresh() == first
    assert server.asked == ["/INDEX.json"]


def test_a_server_that_is_down_leaves_what_was_checked_before(web, server, tmp_path):
    web.refresh()
    server.stop()
    again = follower(server.url, tmp_path)  # as after a start of the app
    status = again.refresh()
    assert f"{server.url} cannot be reached" in status.problem
    assert answers(again) == {"one": 1.0, "two": 2.0}


def test_a_server_that_was_never_there_is_a_sentence(tmp_path):
    mirror = follower("http://127.0.0.1:9", tmp_path)
    assert "cannot be reached" in mirror.refresh().problem
    assert Zoo(mirror.root).datasets() == []


@pytest.mark.parametrize(
    ("trick", "said"), [(a_page, "no index of this version"), (without_an_end, "longer than"), (failing, "503")]
)
def test_an_index_that_is_none_is_a_sentence(web, server, trick, said):
    web.refresh()
    server.tricks[INDEX] = trick
    assert said in web.refresh().problem
    assert answers(web) == {"one": 1.0, "two": 2.0}


def test_a_server_without_an_index_says_how_to_write_one(web, there):
    (there / INDEX).unlink()
    assert "menagerie index ZOO" in web.refresh().problem


def test_an_index_that_lost_everything_takes_nothing_away(web, there):
    web.refresh()
    Index(datasets={}).save(there / INDEX)
    assert "holds nothing any more" in web.refresh().problem
    assert answers(web) == {"one": 1.0, "two": 2.0}


HOSTILE = ["../../escaped", "/escaped-zoo", "a/../../b", "..", ".hidden", "a\\b", "", "x" * 300, "a\n", "./weights.bin"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_manifest_cannot_name_a_file_outside(name):
    listed = {"sha256": "0" * 64, "bytes": 1}
    Manifest.of(json.dumps({"format": 1, "files": {"pictures/1.jpg": listed}}).encode(), "fine")
    with pytest.raises(CardError, match=r"there/MANIFEST\.json cannot be read"):
        Manifest.of(json.dumps({"format": 1, "files": {name: listed}}).encode(), "there/MANIFEST.json")


def test_a_server_cannot_write_outside_of_the_cache(web, there, tmp_path):
    folder = next((there / "small" / "one").glob("*/card.json")).parent
    said = json.loads((folder / MANIFEST).read_bytes())
    said["files"] |= dict.fromkeys(HOSTILE, said["files"]["weights.bin"])
    announce(there, folder, json.dumps(said).encode())
    before = everything(tmp_path)
    assert "cannot be read" in web.refresh().refused["small/one"]
    assert {path for path in everything(tmp_path) - before if not path.startswith("cache")} == set()
    assert not any("escaped" in path for path in everything(tmp_path))
    assert not Path("/escaped-zoo").exists()
    assert answers(web) == {"two": 2.0}


def announce(there: Path, folder: Path, text: bytes) -> None:
    """Puts a manifest in service as the index names it: whoever controls the server can."""
    checksum = hashlib.sha256(text).hexdigest()
    renamed = folder.with_name(checksum[:8])
    if folder != renamed:
        folder.rename(renamed)
    (renamed / MANIFEST).write_bytes(text)
    index = json.loads((there / INDEX).read_bytes())
    index["datasets"]["small"]["models"]["one"] = checksum
    (there / INDEX).write_text(json.dumps(index))


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("name", ["../evil", "/evil", ".evil", "a/b", "", "x" * 200])
@pytest.mark.parametrize("of", ["dataset", "model"])
def test_an_index_cannot_name_a_folder_outside(name, of):
    model = {name if of == "model" else "ease": "0" * 64}
    said = {"format": 1, "datasets": {name if of == "dataset" else "films": {"manifest": "0" * 64, "models": model}}}
    with pytest.raises(ValidationError):
        Index.model_validate_json(json.dumps(said))


def test_a_manifest_that_is_not_the_announced_one_is_refused(web, there):
    folder = next((there / "small" / "one").glob("*/card.json")).parent
    (folder / "card.json").write_text((folder / "card.json").read_text() + "\n")
    write_manifest(folder)  # right in itself
    assert "not the one that was announced" in web.refresh().refused["small/one"]
    assert answers(web) == {"two": 2.0}


def test_a_model_of_other_data_or_of_another_name_is_refused(web, there):
    data = Zoo(there).dataset()
    published.publish(data, "one", 5.0, dataset_fingerprint="f" * 64)
    shutil.copytree(data.path / "two", data.path / "four")
    index = json.loads((there / INDEX).read_bytes())
    models = index["datasets"]["small"]["models"]
    folder = data.path / "one" / data.current("one")
    models |= {"one": hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest(), "four": models["two"]}
    (there / INDEX).write_text(json.dumps(index))
    refused = web.refresh().refused
    assert refused.keys() == {"small/one", "small/four"}
    assert all("is another model, or of other data" in why for why in refused.values())
    assert answers(web) == {"two": 2.0}


def test_a_model_beyond_the_limit_is_not_even_begun(server, tmp_path):
    mirror = follower(server.url, tmp_path, graph_bytes=2**20)
    manifest = (
        Path(server.RequestHandlerClass.keywords["directory"]) / "small" / "one" / current(server, "one") / MANIFEST
    )
    said = json.loads(manifest.read_bytes())
    said["files"]["weights.bin"]["bytes"] = 2**20
    announce(manifest.parents[3], manifest.parent, json.dumps(said).encode())
    refused = mirror.refresh().refused["small/one"]
    assert "more than MENAGERIE_GRAPH_BYTES allows (1.0 MB)" in refused
    assert not any("one" in path and "weights" in path for path in server.asked)


def test_a_listing_that_lies_is_refused_piece_by_piece(listed, there):
    files = fsspec.filesystem("memory")
    files.pipe_file("/zoo/ghost/one/CURRENT", b"0123abcd\n")  # a data set without data
    files.pipe_file("/zoo/small/pictures/1.jpg", b"picture")  # no model at all
    files.pipe_file("/zoo/small/two/CURRENT", b"../../../etc\n")
    files.pipe_file("/zoo/small/three/CURRENT", b"0123abcd\n")  # names what is not there
    refused = listed.refresh().refused
    assert refused.keys() == {"ghost", "small/two", "small/three"}
    assert "names no publication" in refused["small/two"]
    assert "is not there" in refused["small/three"]
    assert answers(listed) == {"one": 1.0}


def test_a_listing_of_too_much_is_a_sentence(listed, there):
    listed.refresh()
    files = fsspec.filesystem("memory")
    for number in range(1001):
        files.pipe_file(f"/zoo/small/m{number}/CURRENT", b"0123abcd\n")
    assert "lists more than 1,000 data sets, or models of one" in listed.refresh().problem
    assert answers(listed) == {"one": 1.0, "two": 2.0}


def test_a_data_set_without_models_is_listed_however_long_its_manifest_is(listed):
    files = fsspec.filesystem("memory")
    files.pipe_file(f"/zoo/long/{MANIFEST}", bytes(5 * 2**20))
    refused = listed.refresh().refused
    assert refused.keys() == {"long"}
    assert "is longer than" in refused["long"]
    assert answers(listed) == {"one": 1.0, "two": 2.0}


def test_other_data_under_the_same_name_comes_with_its_models(web, there):
    web.refresh()
    old = Zoo(web.root).dataset()
    shutil.rmtree(there / "small")
    published.publish(published.write_data(there, seed=9), "one", 9.0)
    write_index(there)
    assert web.refresh() == mirrors.Status(looked=True)
    assert answers(web) == {"one": 9.0}
    assert left_over(web) == []
    with pytest.raises(CardError, match="replaced by other data"):  # never the new choices under the old catalogue
        _ = old.train
    assert Zoo(web.root).dataset().train.nnz == Zoo(there).dataset().train.nnz


def test_a_catalogue_described_anew_keeps_its_models(web, there):
    web.refresh()
    published.write_data(there, titles="Other")
    write_index(there)
    assert web.refresh() == mirrors.Status(looked=True)
    assert Zoo(web.root).dataset().catalogue.items["title"][0].startswith("Other")
    assert answers(web) == {"one": 1.0, "two": 2.0}


def test_what_somebody_changed_in_the_cache_is_fetched_again_at_the_next_start(web, server, tmp_path):
    web.refresh()
    weights = next((web.root / "small" / "one").glob("*/weights.bin"))
    weights.write_bytes(bytes(len(weights.read_bytes())))
    (web.root / "small" / "train.parquet").unlink()
    again = follower(server.url, tmp_path)
    assert again.refresh() == mirrors.Status(looked=True)
    assert answers(again) == {"one": 1.0, "two": 2.0}


def test_what_a_killed_process_left_goes(web):
    left = web.root / ".fetching-dead"
    left.mkdir(parents=True)
    (left / "weights.bin").write_bytes(b"half")
    web.refresh()
    assert left_over(web) == []


def test_a_second_process_does_not_fetch_the_same(web, server, tmp_path, monkeypatch):
    seen = []
    other = follower(server.url, tmp_path)

    def meanwhile(source, *arguments, real=Source.fetch):
        if source is web._source:
            seen.append(other.refresh())
        return real(source, *arguments)

    monkeypatch.setattr(Source, "fetch", meanwhile)
    web.refresh()
    assert seen
    assert all(status == mirrors.Status() for status in seen)
    assert answers(other) == {"one": 1.0, "two": 2.0}


def test_a_cache_that_cannot_be_written_is_a_sentence(server, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert "choose another folder with MENAGERIE_CACHE" in follower(server.url, tmp_path).refresh().problem


def test_a_disk_that_fills_up_leaves_what_was_there(web, there, monkeypatch):
    web.refresh()
    published.publish(Zoo(there).dataset(), "one", 10.0)
    write_index(there)

    def full(*arguments):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Source, "fetch", full)
    assert "No space left" in web.refresh().refused["small/one"]
    assert answers(web) == {"one": 1.0, "two": 2.0}
    assert left_over(web) == []
    web._refused.clear()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
    assert "has no room for" in web.refresh().refused["small/one"]


def test_nobody_sees_half_a_model_while_it_comes(web, server, there):
    """A reader looks all the time while the pieces come."""
    web.refresh()
    seen, stop = set(), threading.Event()

    def read():
        while not stop.is_set():
            seen.add(tuple(sorted(answers(web).items())))

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        try:
            for value in (10.0, 11.0, 12.0):
                published.publish(Zoo(there).dataset(), "one", value)
                write_index(there)
                assert web.refresh() == mirrors.Status(looked=True)
        finally:
            stop.set()
        reader.result()
    assert seen
    assert seen <= {(("one", value), ("two", 2.0)) for value in (1.0, 10.0, 11.0, 12.0)}
    assert answers(web)["one"] == 12.0


def test_following_looks_again_by_itself(web, server, there, monkeypatch):
    monkeypatch.setattr(mirrors, "EVERY", 0.05)
    looked = threading.Event()
    monkeypatch.setattr(Mirror, "_refresh", lambda self, real=Mirror._refresh: (real(self), looked.set()))
    web.follow()
    web.follow()
    assert looked.wait(20)
    assert sum(thread.name == "mirror" and thread is web._follower for thread in threading.enumerate()) == 1
    published.publish(Zoo(there).dataset(), "one", 10.0)
    write_index(there)
    looked.clear()
    assert looked.wait(20)
    looked.clear()
    assert looked.wait(20)  # a whole look since it was published
    assert answers(web)["one"] == 10.0
    monkeypatch.setattr(mirrors, "EVERY", 3600.0)


def test_a_password_in_the_address_is_told_to_nobody(tmp_path):
    mirror = follower("http://ann:hunter2@127.0.0.1:9/zoo", tmp_path)
    said = mirror.refresh().problem
    assert "127.0.0.1:9/zoo cannot be reached" in said
    assert "hunter2" not in said + str(mirror.root) + mirror.name


def test_an_address_that_nothing_here_reads_says_what_to_install(tmp_path, monkeypatch):
    said = follower("gs://bucket/zoo", tmp_path).refresh().problem
    assert "pip install gcsfs" in said
    assert "Name a folder, or an address" in follower("gopher://example.org/zoo", tmp_path).refresh().problem


def test_two_addresses_have_two_folders(tmp_path):
    names = ["https://a.org/zoo", "https://a.org/zoo2", "https://a.org/z-oo", "s3://a.org/zoo"]
    assert len({place_of(name, tmp_path) for name in names}) == 4


def test_an_index_is_not_written_over_what_is_broken(there):
    before = (there / INDEX).read_bytes()
    next((there / "small" / "one").glob("*/weights.bin")).write_bytes(b"changed")
    with pytest.raises(CardError, match="checksum"):
        write_index(there)
    assert (there / INDEX).read_bytes() == before
    with pytest.raises(CardError, match="holds no data set"):
        write_index(there / "small" / "one")
