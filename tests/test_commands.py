"""The commands as a person runs them: real processes, answers on standard output, messages on standard error."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from urllib.error import URLError

import numpy as np
import polars as pl
import pytest

from tests.conftest import CHECKOUT, QUICK, menagerie, train
from training.table import MODELS
from zoo.dataset import Dataset
from zoo.diagnosis import diagnose, problems, unmet
from zoo.errors import ZooError
from zoo.metrics import EXPOSURES, METRICS
from zoo.metrics.accuracy import recall_at_k
from zoo.serving import PORT, empty, folder, free_port
from zoo.settings import Settings


def test_help_reads_well():
    text = menagerie("--help").stdout
    assert all(command in text for command in ("train", "evaluate", "recommend", "serve", "verify", "doctor"))
    assert "--data" in menagerie("train", "--help").stdout


def test_a_models_own_script_lists_its_settings():
    done = subprocess.run(
        [sys.executable, "-m", "training.ease", "--help"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert "l2" in done.stdout
    assert "Steck" in done.stdout


def test_train_prints_one_json_object_per_model(world, tmp_path):
    done = train(tmp_path, world, "popularity", "ease", "--json", "--name", "named", "--set", "ease.l2=3")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["model"] for answer in answers] == ["popularity", "ease"]
    assert all(answer["seconds"] > 0 and answer["peak_bytes"] > 0 for answer in answers)
    assert all((tmp_path / "named" / answer["model"]).is_dir() for answer in answers)
    assert "rows" in done.stderr
    assert Dataset(tmp_path / "named").model("ease").card.settings == {"l2": 3.0, "precision": "auto"}


def test_training_twice_with_one_seed_gives_the_same_scores(world, tmp_path):
    figures = []
    for _ in range(2):
        train(tmp_path, world, "variational", "--seed", "5", "--set", *QUICK["variational"])
        figures.append(Dataset(tmp_path / "tiny").model("variational").card.metrics)
    assert figures[0] == figures[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["eese"], "did you mean ease?"),
        (["ease", "--set", "l3=1"], "did you mean l2?"),
        (["ease", "--set", "l2=-1"], "not allowed: at least 1e-06"),
        (["ease", "--set", "l2=many"], "is no float"),
        (["ease", "--set", "popularity.l2=1"], "not among the models"),
        (["ease", "--split", "random"], "no split rule"),
        (["pure_svd", "--set", "n_factors=5000"], "n_factors"),
    ],
)
def test_a_wrong_training_call_says_what_to_do_and_publishes_nothing(world, tmp_path, arguments, sentence):
    done = menagerie("train", *arguments, "--data", str(world), "--out", str(tmp_path), status=1)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("CURRENT"))


def test_other_data_under_the_same_name_is_refused(world, tiny_zoo):
    done = menagerie(
        "train", "popularity", "--data", str(world), "--out", str(tiny_zoo), "--split", "strong:4", status=1
    )
    assert "already holds other data" in done.stderr


def test_evaluate_gives_every_metric_with_its_interval_and_a_reason_where_there_is_none(tiny_zoo):
    answer = json.loads(menagerie("evaluate", "--zoo", str(tiny_zoo), "--dataset", "tiny", "--json").stdout)
    assert (answer["dataset"], answer["split"]) == ("tiny", "strong:98765")
    assert answer["models"].keys() == MODELS.keys()
    assert answer["models"]["two_tower_id"] is None
    assert "memory-based" in answer["reason"]["two_tower_id"]
    for name, figures in answer["models"].items():
        if figures:
            assert figures.keys() == (METRICS | EXPOSURES).keys() - {"cold_item_recall_at_20"}, name
            assert all(f["low"] <= f["mean"] <= f["high"] for f in figures.values())
            assert figures["ndcg_at_100"]["n"] == 24


def test_evaluate_measures_what_the_card_says(tiny_zoo):
    answer = json.loads(menagerie("evaluate", "--zoo", str(tiny_zoo), "--dataset", "tiny", "--json").stdout)
    dataset = Dataset(tiny_zoo / "tiny")
    for name, figures in answer["models"].items():
        if figures:
            stored = dataset.model(name).card.metrics
            assert figures["ndcg_at_100"]["mean"] == pytest.approx(stored["ndcg_at_100"].mean)


def test_more_seeds_tell_how_far_figures_move_from_run_to_run_where_the_seed_matters(tiny_zoo):
    dataset = Dataset(tiny_zoo / "tiny-last")
    runs = {name: dataset.model(name).card.runs for name in ("two_tower_id", "popularity")}
    assert runs["popularity"] is None  # the same with every seed
    spread = runs["two_tower_id"]["ndcg_at_100"]
    own = dataset.model("two_tower_id").card.metrics["ndcg_at_100"].mean
    assert spread.n == 2
    assert spread.sd > 0
    assert abs(own - spread.mean) == pytest.approx(spread.sd / 2**0.5)  # two runs stand as far from their mean
    assert Dataset(tiny_zoo / "tiny").model("ease").card.runs is None  # one run has no spread


def test_a_number_of_seeds_that_is_none_is_refused(world, tmp_path):
    done = menagerie("train", "ease", "--data", str(world), "--out", str(tmp_path), "--seeds", "0", status=2)
    assert "'0' is no whole number from 1 on" in done.stderr


def test_a_memory_based_model_is_measured_where_its_users_are_known(tiny_zoo):
    answer = json.loads(menagerie("evaluate", "--zoo", str(tiny_zoo), "--dataset", "tiny-last", "--json").stdout)
    two_tower, popularity = (answer["models"][name]["ndcg_at_20"] for name in ("two_tower_id", "popularity"))
    assert two_tower["low"] > popularity["mean"]


def test_the_table_of_evaluate_is_readable(tiny_zoo):
    text = menagerie("evaluate", "--zoo", str(tiny_zoo), "--dataset", "tiny").stdout
    assert "95 % interval" in text
    assert "ndcg_at_100" in text


def test_evaluate_asks_which_data_set_where_there_are_two(tiny_zoo):
    assert "Name one with --dataset" in menagerie("evaluate", "--zoo", str(tiny_zoo), status=1).stderr


def history_file(folder, text):
    path = folder / "history.csv"
    path.write_text(text)
    return str(path)


def recommended(zoo, *arguments):
    done = menagerie("recommend", "--zoo", str(zoo), "--dataset", "tiny", "--model", "ease", *arguments, "--json")
    return json.loads(done.stdout), done.stderr


def test_a_history_without_users_is_one_person(tiny_zoo, tmp_path):
    answer, said = recommended(tiny_zoo, "--history", history_file(tmp_path, "movieId\n100\n106\n999\n"), "--k", "7")
    assert answer["model"] == "ease"
    assert answer["provider"] == "CPUExecutionProvider"
    assert len(answer["lists"]) == 1
    assert answer["lists"][0]["user"] is None
    items = answer["lists"][0]["items"]
    assert [item["rank"] for item in items] == list(range(1, 8))
    assert not {100, 106} & {item["item_id"] for item in items}
    assert "2 of 3 rows matched; 1 unknown" in said


def test_a_history_by_title_gives_the_same_list_as_by_id(tiny_zoo, tmp_path):
    by_id, _ = recommended(tiny_zoo, "--history", history_file(tmp_path, "movieId\n100\n106\n"))
    by_title, _ = recommended(
        tiny_zoo, "--history", history_file(tmp_path, "title,year\nthe amber harbour,1950\nThe Crooked Harbour,1952\n")
    )
    assert by_id == by_title


def test_a_history_with_users_gives_one_list_each_in_order(tiny_zoo, tmp_path):
    path = history_file(tmp_path, "user,movieId\nzoe,100\nadam,103\nzoe,106\n")
    users = [answer["user"] for answer in recommended(tiny_zoo, "--history", path)[0]["lists"]]
    assert sorted(users) == ["adam", "zoe"]


def test_lists_of_the_held_out_users_give_the_measured_recall(tiny_zoo):
    """The commands agree with each other: lists from `recommend`, scored here, are what `evaluate` says."""
    answer, _ = recommended(tiny_zoo, "--held-out", "--k", "20")
    dataset = Dataset(tiny_zoo / "tiny")
    ids = dataset.catalogue.items["item_id"].to_list()
    ranked = np.array([[ids.index(item["item_id"]) for item in row["items"]] for row in answer["lists"]])
    recall = recall_at_k(ranked, dataset.test.held_out, 20).mean()
    assert recall == pytest.approx(dataset.model("ease").card.metrics["recall_at_20"].mean, abs=1e-6)


@pytest.mark.parametrize(("dataset", "model"), [("tiny", "variational"), ("tiny-last", "two_tower_id")])
def test_lists_go_to_a_parquet_file(tiny_zoo, tmp_path, dataset, model):
    out = tmp_path / "lists.parquet"
    zoo = ("--zoo", str(tiny_zoo), "--dataset", dataset)
    menagerie("recommend", *zoo, "--model", model, "--held-out", "--out", str(out))
    table = pl.read_parquet(out)
    assert table.columns == ["user", "rank", "item_id", "title", "score"]
    assert table["user"].n_unique() == len(Dataset(tiny_zoo / dataset).test)


def test_a_memory_based_model_refuses_users_who_were_held_out_whole(tiny_zoo):
    zoo = ("--zoo", str(tiny_zoo), "--dataset", "tiny")
    done = menagerie("recommend", *zoo, "--model", "two_tower_id", "--held-out", status=1)
    assert "memory-based" in done.stderr


def test_a_memory_based_model_refuses_a_new_profile_in_one_sentence(tiny_zoo, tmp_path):
    path = history_file(tmp_path, "movieId\n100\n")
    done = menagerie(
        "recommend", "--zoo", str(tiny_zoo), "--dataset", "tiny", "--model", "two_tower_id", "--history", path, status=1
    )
    assert done.stderr.count("\n") <= 2
    assert "memory-based" in done.stderr


def test_cuda_by_name_is_refused_loudly_where_there_is_none(tiny_zoo):
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("LEFT OUT: this ONNX Runtime has CUDA, so nothing is to be refused")
    done = menagerie(
        "recommend",
        "--zoo",
        str(tiny_zoo),
        "--dataset",
        "tiny",
        "--model",
        "ease",
        "--held-out",
        "--provider",
        "cuda",
        status=1,
    )
    assert "CUDA was asked for" in done.stderr


def test_verify_runs_every_model_and_finds_the_damaged_one(tiny_zoo, tmp_path):
    copy = tmp_path / "zoo"
    shutil.copytree(tiny_zoo, copy)
    assert menagerie("verify", str(copy)).stdout.count("ok ") == len(MODELS) + 2 + 2  # and the two data sets
    weights = next(copy.glob("tiny/ease/*/weights.safetensors"))
    spoiled = bytearray(weights.read_bytes())
    spoiled[-3] ^= 0x40
    weights.write_bytes(spoiled)
    done = menagerie("verify", str(copy), status=1)
    assert "broken  tiny/ease" in done.stdout
    assert "checksum" in done.stdout
    assert done.stdout.count("ok ") == len(MODELS) + 1 + 2


def test_verify_finds_other_scores_under_right_checksums(tiny_zoo, tmp_path):
    from zoo.manifest import publication

    copy = tmp_path / "zoo"
    shutil.copytree(tiny_zoo, copy)
    with publication(copy / "tiny" / "ease") as folder:
        shutil.copytree(
            next(path.parent for path in copy.glob("tiny/ease/*/card.json") if path.parent != folder),
            folder,
            dirs_exist_ok=True,
        )
        (folder / "MANIFEST.json").unlink()
        weights = np.memmap(folder / "weights.safetensors", np.float32, "r+", 4096)
        weights *= 1.5
        weights.flush()
    done = menagerie("verify", str(copy), status=1)
    assert "no longer gives the scores" in done.stdout


def test_an_empty_zoo_is_an_error_with_the_way_out(tmp_path):
    assert "menagerie train" in menagerie("verify", str(tmp_path), status=1).stderr


def test_verify_looks_at_the_data_at_both_graphs_and_for_models(tiny_zoo, tmp_path):
    copy = tmp_path / "zoo"
    shutil.copytree(tiny_zoo, copy)
    (copy / "tiny" / "train.parquet").unlink()
    shutil.rmtree(copy / "tiny-last" / "popularity")
    shutil.rmtree(copy / "tiny-last" / "two_tower_id")
    with (copy / "tiny-last" / "items.parquet").open("ab") as file:
        file.write(b"x")
    said = menagerie("verify", str(copy), status=1).stdout
    assert "broken  tiny: " in said
    assert "train.parquet is missing" in said
    assert "items.parquet is not the file that was published" in said
    assert "broken  tiny-last: no model is in service" in said
    assert said.count("ok ") == len(MODELS)


def test_a_model_without_its_stored_scores_is_broken_and_the_others_are_looked_at(tiny_zoo, tmp_path):
    from zoo.manifest import write_manifest

    copy = tmp_path / "zoo"
    shutil.copytree(tiny_zoo, copy)
    folder = next(copy.glob("tiny/ease/*/parity.parquet")).parent
    (folder / "parity.parquet").unlink()
    there = folder.rename(folder.with_name(write_manifest(folder)[:8]))
    (folder.parent / "CURRENT").write_text(there.name)
    said = menagerie("verify", str(copy), status=1).stdout
    assert "parity.parquet is missing" in said
    assert "ok      tiny/variational" in said


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "", "x" * 300])
def test_the_name_of_a_data_set_leads_nowhere_else(world, tmp_path, name):
    done = menagerie(
        "train", "popularity", "--data", str(world), "--out", str(tmp_path / "zoo"), "--name", name, status=1
    )
    assert "cannot be the name of a data set" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_items_described_anew_are_shown_so_without_training_again(tiny_zoo, world, tmp_path):
    copy, data = tmp_path / "zoo", tmp_path / "tiny"
    shutil.copytree(tiny_zoo / "tiny", copy / "tiny")
    shutil.copytree(world, data)
    items = (data / "items.csv").read_text()
    (data / "items.csv").write_text(items.replace("The Amber Harbour", "The Scarlet Harbour"))
    train(copy, data, "popularity")
    assert "The Scarlet Harbour" in Dataset(copy / "tiny").catalogue.items["title"].to_list()
    assert "broken" not in menagerie("verify", str(copy)).stdout


@pytest.mark.parametrize(
    ("rows", "options", "told"),
    [
        ("movieId,rating\n100,5\n103,1\n", (), "2 of 2 rows matched, 1 of them below the threshold"),
        ("movieId,rating\n100,5\n103,1\n", ("--like-from", "0"), "2 of 2 rows matched"),
        ("movieId\n100\n103\n", ("--like-from", "4"), "It has no ratings"),
        (
            "thing,stars,who\n100,5,a\n7,5,b\n",
            ("--item", "thing", "--user", "who"),
            "Of 1 of 2 people nothing is known",
        ),
    ],
)
def test_ratings_of_a_history_are_read_as_on_the_page(tiny_zoo, tmp_path, rows, options, told):
    _, said = recommended(tiny_zoo, "--history", history_file(tmp_path, rows), *options)
    assert told in said


def test_a_place_that_cannot_be_written_to_is_named_without_a_traceback(tiny_zoo, world, tmp_path):
    zoo = ("--zoo", str(tiny_zoo), "--dataset", "tiny", "--model", "ease", "--held-out")
    for done in (
        menagerie("recommend", *zoo, "--out", str(tmp_path / "nowhere" / "x.parquet"), status=1),
        menagerie("train", "popularity", "--data", str(world), "--out", "/proc/nowhere", status=1),
    ):
        assert "Name another place" in done.stderr
        assert "Traceback" not in done.stderr


PLAIN = {"onnxruntime": "1", "onnxruntime-gpu": None, "torch": None, "onnx": None, "onnxscript": None}


@pytest.mark.parametrize(
    ("installed", "gpu", "providers", "sentence"),
    [
        ({"onnxruntime-gpu": "1"}, None, [], "both installed"),
        ({}, "H100", [], "models run on the CPU"),
        ({"onnxruntime": None, "onnxruntime-gpu": "1"}, None, [], "no GPU answers"),
        ({"onnxruntime": None, "onnxruntime-gpu": "1"}, "H100", ["CPUExecutionProvider"], "offers no CUDA"),
        ({"torch": "2"}, None, [], "could not export"),
    ],
)
def test_doctor_names_what_is_wrong_and_how_to_mend_it(installed, gpu, providers, sentence):
    found = problems(PLAIN | installed, gpu, providers)
    assert len(found) == 1
    assert sentence in found[0]


def test_doctor_finds_nothing_wrong_here():
    assert problems(PLAIN, None, ["CPUExecutionProvider"]) == []
    assert "Nothing is wrong" in menagerie("doctor").stdout


def test_doctor_reads_the_settings_and_the_zoo_as_the_app_does(tmp_path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_THREADS", "lots")
    assert "MENAGERIE_THREADS is 'lots'" in menagerie("doctor", status=1).stdout
    monkeypatch.delenv("MENAGERIE_THREADS")
    monkeypatch.setenv("MENAGERIE_ZOO", str(tmp_path))
    (tmp_path / "mine").mkdir()
    assert f"{tmp_path}: no data set" in menagerie("doctor").stdout
    (tmp_path / "mine" / "dataset.json").touch()
    assert f"{tmp_path}: mine" in menagerie("doctor").stdout


def test_cuda_where_there_is_none_is_a_problem_only_if_it_was_asked_for(monkeypatch):
    [said] = unmet(Settings(provider="cuda"), ["CPUExecutionProvider"])
    assert "Set it to auto or cpu" in said
    assert unmet(Settings(provider="cuda"), ["CUDAExecutionProvider", "CPUExecutionProvider"]) == []
    assert unmet(Settings(), ["CPUExecutionProvider"]) == []
    monkeypatch.setattr("zoo.diagnosis.versions", lambda: {"providers": ["CPUExecutionProvider"]})
    monkeypatch.setenv("MENAGERIE_PROVIDER", "cuda")
    assert said in diagnose().problems


def test_a_setting_that_cannot_be_read_ends_serving_before_it_begins(monkeypatch):
    monkeypatch.setenv("MENAGERIE_PROVIDER", "gpu")
    done = menagerie("serve", status=1)
    assert "MENAGERIE_PROVIDER is 'gpu'" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_folder_without_a_data_set_is_told_when_serving(tmp_path):
    assert "is no folder yet" in empty(tmp_path / "nowhere")
    assert f"--out {tmp_path}" in empty(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "dataset.json").touch()
    assert empty(tmp_path) is None


def test_a_zoo_is_named_from_here_and_the_default_one_is_the_checkouts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MENAGERIE_ZOO", raising=False)
    assert folder("mine") == tmp_path / "mine"
    assert folder() == CHECKOUT / "zoo-data"
    assert diagnose().facts["zoo"].startswith(f"{CHECKOUT / 'zoo-data'}: ")
    monkeypatch.setenv("MENAGERIE_ZOO", "theirs")
    assert folder() == tmp_path / "theirs"
    assert folder("mine") == tmp_path / "mine"


def test_serve_prints_its_address_and_answers(tiny_zoo):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "zoo.cli", "serve", "--zoo", str(tiny_zoo), "--port", str(port)],
        cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline().strip() == f"http://localhost:{port}"
        assert answers(f"http://localhost:{port}/_stcore/health")
        process.send_signal(signal.SIGTERM)  # to this process alone, as an operator's supervisor does
        process.wait(timeout=20)
        with pytest.raises(URLError):
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_a_port_that_is_taken_is_refused_or_passed_over():
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"Port {port} is taken" in menagerie("serve", "--port", str(port), status=1).stderr
        with pytest.raises(ZooError, match="no port 70000"):
            free_port(70000)
    assert free_port(None) >= PORT


def test_without_a_port_the_first_free_one_is_taken(monkeypatch):
    monkeypatch.setattr("zoo.serving._is_free", lambda port: port >= PORT + 3)
    assert free_port(None) == PORT + 3
    monkeypatch.setattr("zoo.serving._is_free", lambda port: False)
    with pytest.raises(ZooError, match="Every port from 8501 to 8550 is taken"):
        free_port(None)


def answers(url: str) -> bool:
    for _ in range(120):
        try:
            return urllib.request.urlopen(url, timeout=5).read() == b"ok"
        except OSError:
            time.sleep(0.5)
    return False
