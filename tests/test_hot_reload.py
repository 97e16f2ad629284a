"""Publishing while others read: nobody sees half a model, old readers end on theirs, the next click has the new one."""

import shutil
import subprocess
import sys
import threading

import pytest

from pages.parts import cached
from tests import published
from tests.test_layers import CHECKOUT
from zoo.errors import CardError, ZooError
from zoo.manifest import publication
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

CPU = Settings(provider="cpu")
PUBLISHER = """
import shutil, sys
from pathlib import Path
from zoo.manifest import publication
model_dir, *folders = map(Path, sys.argv[1:])
for folder in folders:
    input()
    with publication(model_dir) as staging:
        shutil.copytree(folder, staging, dirs_exist_ok=True)
    print(folder.name, flush=True)
"""


@pytest.fixture
def data(tmp_path):
    """A data set with the models one (1.0) and two (2.0)."""
    return published.write_zoo(tmp_path / "zoo")


@pytest.fixture
def shown(data, monkeypatch):
    """The same data set as a page sees it."""
    monkeypatch.setenv("MENAGERIE_ZOO", str(data.path.parent))
    monkeypatch.setenv("MENAGERIE_PROVIDER", "cpu")
    cached.st.cache_data.clear()
    cached.st.cache_resource.clear()
    return lambda: cached.dataset("small")


def entry(data, name: str = "one"):
    return next(entry for entry in cached.entries(data) if entry.name == name)


def test_readers_beside_a_publishing_process_see_whole_models_only(data):
    """Each answer is of one publication alone, in the order in which they were published; nobody meets an error."""
    values = [float(value) for value in range(10, 16)]
    folders = published.prepared(data, "one", values)
    command = [sys.executable, "-c", PUBLISHER, str(data.path / "one"), *map(str, folders)]
    publisher = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    seen: list[list[float]] = [[] for _ in range(3)]
    failed: list[BaseException] = []
    over, answered = threading.Event(), threading.Condition()

    def read(mine: list[float]) -> None:
        runtime = Runtime(CPU)
        try:
            while not over.is_set():
                found = published.answer(runtime.load(data.model("one")))
                with answered:
                    mine.append(found)
                    answered.notify_all()
        except BaseException as error:
            failed.append(error)
            over.set()

    readers = [threading.Thread(target=read, args=(mine,), daemon=True) for mine in seen]
    for reader in readers:
        reader.start()
    for folder, value in zip(folders, values, strict=True):
        publisher.stdin.write("\n")
        publisher.stdin.flush()  # they read on while it publishes
        assert publisher.stdout.readline().strip() == folder.name
        with answered:
            assert answered.wait_for(lambda value=value: failed or all(value in mine for mine in seen), timeout=60)
    over.set()
    for reader in readers:
        reader.join()
    assert publisher.wait(timeout=30) == 0
    assert failed == []
    for mine in seen:
        assert mine == sorted(mine)
        assert set(mine) <= {1.0, *values}
    assert published.answer(Runtime(CPU).load(data.model("one"))) == values[-1]
    data.model("one").close()
    published.publish(data, "one", 99.0)
    assert len(list((data.path / "one").glob("*/card.json"))) == 1  # nothing is left of all that were replaced


def test_who_holds_the_old_model_ends_on_it(data):
    with data.model("one") as held:
        old = Runtime(CPU).load(data.model("one"))
        published.publish(data, "one", 10.0)
        assert held.path.is_dir()
        assert published.answer(Runtime(CPU).load(data.model("one", held.checksum))) == 1.0
    assert published.answer(old) == 1.0
    assert published.answer(Runtime(CPU).load(data.model("one"))) == 10.0


def test_a_model_that_appears_is_offered_at_the_next_click(shown, data):
    assert [entry.name for entry in cached.entries(shown())] == ["one", "two"]
    published.publish(data, "three", 3.0)
    assert [entry.name for entry in cached.entries(shown())] == ["one", "three", "two"]
    assert published.answer(cached.model(shown(), entry(shown(), "three"))) == 3.0


def test_a_data_set_that_appears_is_offered_at_the_next_click(shown, data):
    assert cached.zoo().datasets() == ["small"]
    published.publish(published.write_data(data.path.parent, "more", seed=1), "one", 5.0)
    assert cached.zoo().datasets() == ["more", "small"]
    assert published.answer(cached.model(cached.dataset("more"), entry(cached.dataset("more")))) == 5.0


def test_a_replaced_model_is_there_at_the_next_click(shown, data):
    assert published.answer(cached.model(shown(), entry(shown()))) == 1.0
    published.publish(data, "one", 10.0)
    assert published.answer(cached.model(shown(), entry(shown()))) == 10.0
    published.publish(data, "one", 1.0)  # and back
    assert published.answer(cached.model(shown(), entry(shown()))) == 1.0


def test_a_run_that_began_before_never_takes_the_new_model_for_the_old_one(shown, data):
    """What is remembered under a checksum must be of that publication: else the next visitor gets a mixture."""
    before = entry(shown())
    published.publish(data, "one", 10.0)
    with pytest.raises(CardError, match=r"one was published anew, or withdrawn.*Any click"):
        cached.model(shown(), before)
    for read in (cached.files, cached.published_similar, cached.graph_file):
        with pytest.raises(CardError, match="Any click"):
            read(shown(), before)
    with pytest.raises(CardError, match="Any click"):
        cached.lists(shown(), before.name, before.checksum)
    assert published.answer(cached.model(shown(), entry(shown()))) == 10.0


def test_a_run_that_loaded_it_before_ends_on_the_old_model(shown, data):
    before = entry(shown())
    cached.model(shown(), before)
    published.publish(data, "one", 10.0)
    assert published.answer(cached.model(shown(), before)) == 1.0


@pytest.mark.parametrize("vanish", ["publication", "model", "pointer"])
def test_a_model_that_vanishes_is_a_sentence_and_the_others_stay(shown, data, vanish):
    cached.entries(shown())
    model_dir = data.path / "one"
    gone = {"publication": model_dir / data.current("one"), "model": model_dir, "pointer": model_dir / "CURRENT"}[
        vanish
    ]
    before = entry(shown())
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    if vanish != "pointer":
        with pytest.raises(ZooError):
            cached.model(shown(), before)
    assert "two" in [entry.name for entry in cached.entries(shown())]
    assert published.answer(cached.model(shown(), entry(shown(), "two"))) == 2.0


def test_a_model_that_vanishes_between_two_looks_is_a_sentence(shown, data, monkeypatch):
    """Its name was found, and then its folder is gone."""
    names = data.model_names()
    shutil.rmtree(data.path / "one")
    monkeypatch.setattr("zoo.dataset.Dataset.model_names", lambda self: names)
    one, two = cached.entries(shown())[::-1]
    assert (one.card, two.name) == (None, "two")
    assert "has no published model" in one.problem
    assert str(data.path) not in one.problem  # the server's folders are nobody's business


def test_a_broken_model_stands_there_with_its_reason(shown, data):
    weights = data.path / "one" / data.current("one") / published.WEIGHTS
    weights.write_bytes(b"")
    broken = entry(shown())
    assert broken.card is None
    assert "is not the file that was published" in broken.problem
    assert entry(shown(), "two").card
    published.publish(data, "one", 1.0)  # the same again mends it
    assert entry(shown()).card


def test_a_model_beyond_the_limit_stands_there_with_its_reason(shown, data, monkeypatch):
    monkeypatch.setenv("MENAGERIE_GRAPH_BYTES", "1 MiB")
    with publication(data.path / "one") as folder:
        published.fill(folder, data, "one", 1.0)
        (folder / "padding.bin").write_bytes(bytes(2**20))
    assert "more than MENAGERIE_GRAPH_BYTES allows" in entry(shown()).problem
    assert entry(shown(), "two").card


def test_a_data_set_that_vanishes_is_a_sentence(shown, data):
    held = shown()
    shutil.rmtree(data.path)
    assert cached.zoo().datasets() == []
    with pytest.raises(CardError, match="no data set 'small'"):
        shown()
    for table in ("train", "catalogue", "users", "test"):
        with pytest.raises(CardError):
            getattr(held, table)
    assert held.model_names() == []


def test_other_data_under_the_same_name_is_never_mixed_with_the_old(shown, data):
    held = shown()
    shutil.rmtree(data.path)
    published.write_data(data.path.parent, seed=5)
    with pytest.raises(CardError, match=r"replaced by other data.*Any click"):
        _ = held.train
    assert shown().train.nnz == Zoo(data.path.parent).dataset().train.nnz


def test_a_catalogue_described_anew_while_it_is_read_is_whole(shown, data):
    held = shown()
    published.write_data(data.path.parent, titles="Other")
    with pytest.raises(CardError, match="replaced"):
        _ = held.catalogue
    assert shown().catalogue.items["title"][0].startswith("Other")
    assert entry(shown()).card  # models know nothing of titles
