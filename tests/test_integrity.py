"""Only what was published is served: whatever else lies in a model's folder is refused, and the rest goes on."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests import published
from tests.test_layers import CHECKOUT
from zoo.errors import CardError, ModelError, ZooError
from zoo.folder import ModelFolder, reading
from zoo.manifest import CURRENT, MANIFEST, Manifest, check_manifest, publication, write_manifest
from zoo.own_graph import anatomy
from zoo.registry import Zoo
from zoo.runtime import Model, Runtime
from zoo.settings import Settings

CPU = Settings(provider="cpu")


@pytest.fixture
def data(tmp_path):
    """A data set with the models one (1.0) and two (2.0)."""
    return published.write_zoo(tmp_path / "zoo")


@pytest.fixture
def one(data) -> Path:
    return data.path / "one" / data.current("one")


def announce_anew(one: Path) -> Path:
    """Right checksums over whatever lies there now: as whoever publishes it would have them."""
    checksum = write_manifest(one)
    there = one.rename(one.with_name(checksum[:8]))
    (one.parent / CURRENT).write_text(there.name + "\n")
    return there


def change(one: Path) -> None:
    with (one / published.WEIGHTS).open("r+b") as file:
        file.write(b"\1")


def truncate(one: Path) -> None:
    os.truncate(one / "model.onnx", 10)


def remove(one: Path) -> None:
    (one / published.WEIGHTS).unlink()


def add(one: Path) -> None:
    (one / "extra.bin").write_bytes(b"x")


def link_out(one: Path) -> None:
    outside = one.parents[2] / "outside.bin"
    shutil.copy(one / published.WEIGHTS, outside)  # with the right bytes
    (one / published.WEIGHTS).unlink()
    (one / published.WEIGHTS).symlink_to(outside)


def link_to_nothing(one: Path) -> None:
    (one / published.WEIGHTS).unlink()
    (one / published.WEIGHTS).symlink_to("gone.bin")


def folder_that_leads_out(one: Path) -> None:
    outside = one.parents[2] / "outside"
    outside.mkdir()
    shutil.copy(one / published.WEIGHTS, outside / "x.bin")
    (one / "sub").mkdir()
    shutil.copy(one / published.WEIGHTS, one / "sub" / "x.bin")
    write_manifest(one)
    shutil.rmtree(one / "sub")
    (one / "sub").symlink_to(outside)


def pointer_out(one: Path) -> None:
    (one.parent / CURRENT).write_text(f"../two/{(one.parents[1] / 'two' / CURRENT).read_text()}")


def endless_pointer(one: Path) -> None:
    (one.parent / CURRENT).write_bytes(b"a" * 10_000_000)


def another_publication(one: Path) -> None:
    """A folder that is whole in itself, under the name of another."""
    change(one)
    write_manifest(one)


def no_manifest(one: Path) -> None:
    (one / MANIFEST).unlink()


def endless_manifest(one: Path) -> None:
    (one / MANIFEST).write_bytes(b'{"format": 1, "files": {' + b" " * 3_000_000 + b"}}")


def foreign_card(one: Path) -> None:
    (one / "card.json").write_text('{"format": 1}')
    announce_anew(one)


DAMAGES = {
    change: "checksum",
    truncate: "checksum",
    remove: "is missing",
    add: "is not in the manifest",
    link_out: "is a link that leads out",
    link_to_nothing: "is missing",
    folder_that_leads_out: "is missing",
    pointer_out: "names no publication",
    endless_pointer: "names no publication",
    another_publication: "is not the publication of that name",
    no_manifest: "names [0-9a-f]{8}, which is not there",
    endless_manifest: "cannot be read",
    foreign_card: "is not a card of this version",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_folder_that_is_not_the_published_one_is_refused_and_the_rest_goes_on(data, one, damage):
    damage(one)
    with pytest.raises(CardError, match=DAMAGES[damage]):
        data.model("one")
    assert published.answer(Runtime(CPU).load(data.model("two"))) == 2.0


PLACES = [
    "../outside.bin",
    "../../two/weights.bin",
    "/etc/passwd",
    "",
    "./weights.bin",
    "sub/../weights.bin",
    "nothing.bin",
    "*/_ORT_MEM_ADDR_/*",
]


@pytest.mark.parametrize("place", PLACES)
def test_weights_that_lie_outside_are_refused_before_the_graph_is_opened(data, monkeypatch, place):
    monkeypatch.setattr("zoo.runtime.open_session", lambda *arguments: pytest.fail("it was opened"))
    published.publish(data, "one", 1.0, location=place)
    with data.model("one") as folder, pytest.raises(CardError, match="not among the files that were published"):
        Model(folder, CPU)


def test_weights_that_a_branch_or_a_constant_reads_are_seen_too():
    outside = TensorProto(name="w", data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="../outside.bin")
    inner = helper.make_graph([], "inner", [], [], [outside])
    graph = helper.make_graph(
        [
            helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=helper.make_graph([], "e", [], [])),
            helper.make_node("Constant", [], ["k"], value=outside),
        ],
        "g",
        [],
        [],
    )
    for kept in (graph.node[:1], graph.node[1:]):
        one = helper.make_model(helper.make_graph(kept, "g", [], []))
        assert anatomy(one.SerializeToString()).places == {"../outside.bin"}
    function = helper.make_function("own", "F", [], ["k"], graph.node[1:], [helper.make_opsetid("", 18)])
    model = helper.make_model(helper.make_graph([], "g", [], []), functions=[function])
    assert anatomy(model.SerializeToString()).places == {"../outside.bin"}


def test_onnx_runtime_itself_refuses_weights_outside_of_the_folder(tmp_path):
    """What stands behind our own check: it must not become weaker unnoticed."""
    data = published.write_data(tmp_path / "zoo")
    np.ones(published.N_ITEMS**2, dtype=np.float32).tofile(tmp_path / "outside.bin")
    for place in ("../outside.bin", str(tmp_path / "outside.bin"), "link.bin"):
        folder = tmp_path / f"m{len(place)}"
        folder.mkdir()
        (folder / "link.bin").symlink_to("../outside.bin")
        published.fill(folder, data, "one", 1.0, location=place)
        with pytest.raises(ModelError, match="cannot be run"):
            Model(ModelFolder(folder, published.card(data, "one"), "unpublished"), CPU)


def test_a_model_beyond_the_limit_is_refused(data):
    with data.model("one") as folder:
        size = folder.manifest.bytes
    Runtime(Settings(provider="cpu", graph_bytes=max(size, 2**20))).load(data.model("one"))
    with publication(data.path / "one") as folder:
        published.fill(folder, data, "one", 1.0)
        (folder / "padding.bin").write_bytes(bytes(2**20))
    with pytest.raises(CardError, match=r"takes 1\.\d MB, more than MENAGERIE_GRAPH_BYTES allows \(1\.0 MB\)"):
        Runtime(Settings(provider="cpu", graph_bytes=2**20)).load(data.model("one"))


def retyped(path: Path, name: str, kind: int, shape: list) -> None:
    model = onnx.load(path, load_external_data=False)
    for value in [*model.graph.input, *model.graph.output]:
        if value.name == name:
            value.CopyFrom(helper.make_tensor_value_info(name, kind, shape))
    path.write_bytes(model.SerializeToString())


def of_another_catalogue(one: Path) -> None:
    retyped(one / "model.onnx", "candidates", TensorProto.BOOL, [published.N_ITEMS - 1])


def without_an_input(one: Path) -> None:
    model = onnx.load(one / "model.onnx", load_external_data=False)
    del model.graph.output[1]
    (one / "model.onnx").write_bytes(model.SerializeToString())


def of_another_type(one: Path) -> None:
    retyped(one / "model.onnx", "exclude_seen", TensorProto.BOOL, [1, 1])


def no_graph(one: Path) -> None:
    (one / "model.onnx").write_bytes(b"not a graph at all")


def an_empty_file(one: Path) -> None:
    (one / "model.onnx").write_bytes(b"")


def half_a_graph(one: Path) -> None:
    os.truncate(one / "model.onnx", (one / "model.onnx").stat().st_size // 2)


def names_no_graph(one: Path) -> None:
    path = one / "card.json"
    path.write_text(path.read_text().replace('"model.onnx"', '"../two/model.onnx"'))


def names_another_role(one: Path) -> None:
    path = one / "card.json"
    path.write_text(path.read_text().replace('"rows":', '"lines":'))


WRONG = {
    names_another_role: "its card names the graphs",
    of_another_catalogue: "contract|cannot be run",
    without_an_input: "contract",
    of_another_type: "contract|cannot be run",
    no_graph: "cannot be run",
    an_empty_file: "cannot be run: it is empty",
    half_a_graph: "cannot be run",
    names_no_graph: "not among the files that were published",
}


@pytest.mark.parametrize("damage", WRONG, ids=lambda damage: damage.__name__)
def test_a_graph_of_the_wrong_contract_is_refused_and_the_rest_goes_on(data, one, damage):
    damage(one)
    there, runtime = announce_anew(one), Runtime(CPU)
    with pytest.raises(ZooError, match=WRONG[damage]) as error:
        runtime.load(data.model("one"))
    assert str(there) in str(error.value)  # of the folder that is wrong, not of a copy of it
    assert published.answer(runtime.load(data.model("two"))) == 2.0


def test_a_card_about_another_catalogue_is_refused(data):
    published.publish(data, "one", n_items=published.N_ITEMS + 1)
    with pytest.raises(CardError, match="is about 13 items, and this data set has 12"):
        data.model("one")


@pytest.mark.parametrize("fault", [shutil.rmtree, change])
def test_a_loaded_model_answers_whatever_happens_to_its_files(data, one, fault):
    model = Runtime(CPU).load(data.model("one"))
    fault(one)
    assert published.answer(model, "rows") == published.answer(model, "dense") == 1.0


TRUNCATED = """
import os, sys
from pathlib import Path
import numpy as np
from scipy.sparse import csr_array
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

data = Zoo(Path(sys.argv[1])).dataset()
model = Runtime(Settings(provider="cpu")).load(data.model("one"))
for path in (data.path / "one" / data.current("one")).iterdir():
    os.truncate(path, 0)
history = csr_array(([1.0], ([0], [0])), shape=(1, data.info.n_items), dtype=np.float32)
for graph in ("rows", "dense"):
    print(set(model.run(history, k=5, graph=graph)["scores"].ravel().tolist()))
"""


def test_a_model_whose_files_are_truncated_while_it_is_loaded_does_not_end_the_process(data):
    """Weights are mapped: without copies of our own this is a SIGBUS, and nobody is served any more."""
    command = [sys.executable, "-c", TRUNCATED, str(data.path.parent)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "{1.0}\n{1.0}\n"), done.stderr


def test_no_copies_are_left_behind(data, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    model = Runtime(CPU).load(data.model("one"))
    published.publish(data, "two", location="../outside.bin")
    with pytest.raises(CardError):
        Runtime(CPU).load(data.model("two"))
    assert list((tmp_path / "temporary").iterdir()) == []
    assert published.answer(model) == 1.0


def test_a_disk_without_room_for_the_copies_is_a_sentence(data, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, os.strerror(28))

    for name in ("zoo.folder.Path.open", "zoo.folder.tempfile.TemporaryDirectory"):
        with data.model("one") as folder, monkeypatch.context() as patched:
            patched.setattr(name, full)
            with pytest.raises(ModelError, match=r"No space left on device.*TMPDIR"):
                Model(folder, CPU)


def test_what_changes_between_the_check_and_the_opening_is_noticed(data, one):
    with data.model("one") as folder:
        change(one)
        with pytest.raises(CardError, match="checksum"):
            Model(folder, CPU)
    announced = announce_anew(one)
    with data.model("one") as folder:
        shutil.rmtree(announced)
        with pytest.raises(CardError, match="was replaced or removed while it was read"):
            Model(folder, CPU)


def test_publishing_the_same_bytes_again_mends_a_damaged_folder(data, one):
    change(one)
    assert published.publish(data, "one", 1.0) == one
    assert check_manifest(one)
    assert not list(one.parent.glob(".staging-*"))


def test_a_copied_folder_is_compared_with_the_manifest_that_it_brings(data, one, tmp_path):
    before = data.current("two")
    with pytest.raises(CardError, match="checksum"), publication(data.path / "two", copied=True) as staging:  # noqa: PT012
        shutil.copytree(one, staging, dirs_exist_ok=True)
        change(staging)
    assert data.current("two") == before
    with publication(data.path / "two", copied=True) as staging:
        shutil.copytree(one, staging, dirs_exist_ok=True)
    assert data.current("two") == one.name


def test_small_files_that_cannot_be_read_any_more_are_a_sentence(data, one):
    for error in (ValueError("not a table"), EOFError()):
        with pytest.raises(CardError, match="was changed after it was published"), reading(one.parent):
            raise error
    with pytest.raises(CardError, match="was published anew, or withdrawn"), reading(one.parent, "0" * 64):
        pass
    with pytest.raises(CardError, match="was replaced or removed"), reading(one.parent) as folder:
        (folder / "gone.parquet").read_bytes()


@pytest.mark.parametrize("name", ["train.parquet", "items.parquet", "users.parquet", "held_out.parquet"])
def test_a_changed_byte_of_a_data_set_is_refused(data, name):
    content = bytearray((data.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (data.path / name).write_bytes(content)
    fresh = Zoo(data.path.parent).dataset()
    table = {"train.parquet": "train", "items.parquet": "catalogue", "users.parquet": "users"}.get(name, "test")
    with pytest.raises(CardError, match=rf"{name} is not the file that was published"):
        getattr(fresh, table)


def test_a_manifest_says_how_large_everything_is(one):
    manifest = Manifest.of((one / MANIFEST).read_bytes(), "here")
    assert manifest.bytes == sum(path.stat().st_size for path in one.iterdir() if path.name != MANIFEST)
