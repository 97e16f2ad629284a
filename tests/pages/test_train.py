"""Train: from the empty page to a data set that only this session sees."""

from pathlib import Path

import pytest

from pages.parts import access, cached, held, leaving, own, train_jobs, train_models
from tests.pages.conftest import App
from tests.test_jobs import MODELS, QUICK, SLOW, at, begun, over
from zoo.jobs import ahead
from zoo.jobs.ahead import Offer
from zoo.jobs.queue import Jobs
from zoo.registry import Zoo
from zoo.roles import Role

PAGE = "data/train"
OFFERS = [
    Offer("popularity", "Popularity", "baseline", "What most chose.", False, None, None, None, None),
    Offer("ease", "EASE", "linear autoencoder", "Adds up.", False, 2 * 10**9, 75.0, None, None),
    Offer("two_tower_id", "Two-tower (id)", "two-tower", "Remembers.", False, None, None, None, "Not applicable."),
    Offer("two_tower_text", "Two-tower (text)", "two-tower", "Reads.", False, None, None, "No item has words.", None),
]


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """The trainings of this test's own server."""
    root = tmp_path / "jobs"
    jobs = Jobs(QUICK, root, module=SLOW)
    monkeypatch.setattr(own, "jobs", lambda: jobs)
    monkeypatch.setattr(own, "default_root", lambda: root)
    for module in ("watch", "queue"):
        monkeypatch.setattr(f"zoo.jobs.{module}.POLL", 0.03)
    return jobs


@pytest.fixture
def visitor(app: App, jobs: Jobs) -> App:
    return app


def with_word(zoo: Path, word: str) -> App:
    """Somebody who opens the address that names a training."""
    app = App(zoo)
    app.session.steps.clear()
    app.at.query_params["job"] = word
    return app.run()


def labels(app: App, kind: str) -> list[str]:
    return [one.label for one in app.at.get(kind)]


def press(app: App, label: str) -> App:
    next(one for one in app.at.button if one.label == label).click()
    return app.run()


def upload(app: App, which: int, name: str, content: bytes) -> App:
    app.at.get("file_uploader")[which].upload(name, content, "text/csv")
    return app.run()


def datasets(app: App) -> list[str]:
    """What the chooser of the sidebar offers."""
    return next(one for one in app.at.selectbox if one.label == "Data set").options


def test_the_empty_page_says_what_to_bring(visitor):
    visitor.open(PAGE)
    assert "What to bring" in visitor.words
    assert "Nobody else sees your data" in visitor.words
    assert labels(visitor, "file_uploader") == ["Who chose what", "What the items are (optional)"]


def test_without_torch_the_page_says_how_to_get_it_and_offers_nothing(visitor, monkeypatch):
    monkeypatch.setattr(ahead, "missing", lambda: ["torch"])
    visitor.open(PAGE)
    assert visitor.at.code[0].value == "pip install -e '.[train]'"
    assert labels(visitor, "file_uploader") == []


def test_where_strangers_come_training_is_closed(visitor, monkeypatch):
    monkeypatch.setenv("MENAGERIE_HOSTED", "on")
    visitor.open(PAGE)
    assert "What to bring" not in visitor.words
    assert labels(visitor, "file_uploader") == []


def test_an_upload_is_read_reported_and_started_with_what_was_chosen(visitor, jobs, world, monkeypatch):
    started = []
    monkeypatch.setattr(train_models, "offers", lambda *asked: OFFERS)
    monkeypatch.setattr(jobs, "start", lambda *asked: started.append(asked))
    visitor.open(PAGE)
    upload(visitor, 0, "my <b>ratings</b>.csv", (world / "interactions.csv").read_bytes())
    assert "3,100 rows read, 1,231 kept; 1,666 below the threshold" in visitor.words.replace("\\", "")
    assert "rating of 3.5 on" in visitor.words.replace("\\", "")
    assert "No titles are known" in visitor.words
    assert "<b>" not in visitor.words
    upload(visitor, 1, "items.csv", (world / "items.csv").read_bytes())
    assert "No titles are known" not in visitor.words
    next(one for one in visitor.at.number_input if one.label == "Fewest items per person").set_value(1)
    visitor.run()
    assert "3,100 rows read, 1,434 kept" in visitor.words.replace("\\", "")
    press(visitor, "Choose models")
    said = visitor.words.replace("\\", "")
    assert "It needs 2 GB of memory and about 1 min 15 s." in said
    assert "Two-tower (text): No item has words." in said
    visitor.at.text_input[-1].set_value("Tiny")
    press(visitor, "Train 2 models")
    assert "There is a data set Tiny already" in visitor.words.replace("\\", "")
    visitor.at.text_input[-1].set_value("Books 2026")
    press(visitor, "Train 2 models")
    ((job, request),) = started
    assert (request.name, request.models, request.titles["ease"]) == ("Books 2026", MODELS, "EASE")
    assert (request.reading.threshold, request.reading.min_user, request.reading.min_item) == (3.5, 1, 2)
    assert (job.folder / request.reading.items).is_file()


def test_settings_that_change_the_data_ask_for_the_models_anew(visitor, jobs, world, monkeypatch):
    monkeypatch.setattr(train_models, "offers", lambda *asked: OFFERS)
    visitor.open(PAGE)
    upload(visitor, 0, "ratings.csv", (world / "interactions.csv").read_bytes())
    press(visitor, "Choose models")
    assert "Train 2 models" in labels(visitor, "button")
    next(one for one in visitor.at.number_input if one.label == "Counts from this rating").set_value(4.0)
    visitor.run()
    assert "Train 2 models" not in labels(visitor, "button")
    assert "Choose models" in labels(visitor, "button")


@pytest.mark.parametrize(("name", "content", "sentence"), [
    ("a.csv", b"who,what\n1,2\n3,4\n", "pick it below"),
    ("a.csv", b"\x89PNG\r\n", "is a PNG picture"),
    ("a.csv", b"user,item\na,b\n", "Loosen"),
])  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(visitor, name, content, sentence):
    visitor.open(PAGE)
    upload(visitor, 0, name, content)
    assert sentence in visitor.words.replace("\\", "")
    assert "Choose models" not in labels(visitor, "button")


def test_a_file_that_is_taken_back_leaves_nothing(visitor, jobs, world):
    visitor.open(PAGE)
    upload(visitor, 0, "ratings.csv", (world / "interactions.csv").read_bytes())
    assert len(list(jobs.root.iterdir())) == 1
    upload(visitor, 0, "other.csv", b"user,item\na,b\n")
    (folder,) = jobs.root.iterdir()
    assert [path.name for path in (folder / "upload" / "data").iterdir()] == ["other.csv"]


def test_a_full_disk_is_a_sentence_and_leaves_nothing(visitor, jobs, world, monkeypatch):
    def full(self: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    visitor.open(PAGE)
    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_bytes", full)
        upload(visitor, 0, "ratings.csv", b"user,item\na,b\n")
    assert "too little room" in visitor.words
    assert list(jobs.root.iterdir()) == []


def test_a_file_whose_training_begins_leaves_the_memory(visitor, jobs, world, monkeypatch):
    dropped = []
    monkeypatch.setattr(train_models, "offers", lambda *asked: OFFERS)
    monkeypatch.setattr(jobs, "start", lambda *asked: None)
    monkeypatch.setattr(held, "drop", dropped.append)
    visitor.open(PAGE)
    upload(visitor, 0, "ratings.csv", (world / "interactions.csv").read_bytes())
    press(visitor, "Choose models")
    assert dropped == []
    press(visitor, "Train 2 models")
    assert len(dropped) == 1


def test_what_came_out_is_seen_by_whoever_has_the_word_and_by_nobody_else(visitor, jobs, tiny_zoo):
    word, job, held = begun(jobs, tiny_zoo / "tiny", called="mine")
    assert over(job).stage == "done"
    held.release()
    taker = with_word(tiny_zoo, word)
    assert "mine · yours" in datasets(taker)
    taker.open(PAGE)
    assert "2 models on" in taker.words
    assert f"job={word}" in taker.session.steps[-1].query
    taker.choose(dataset="mine").open("measure/leaderboard")
    (board,) = taker.shown("board")
    assert {row["name"] for row in board["rows"]} == set(MODELS)
    assert "Yours, this session only" in taker.words
    assert datasets(visitor.open("measure/leaderboard")) == ["tiny", "tiny-last"]
    assert "job=" not in visitor.session.steps[-1].query
    stranger = App(tiny_zoo)
    stranger.session.steps.clear()
    stranger.at.query_params["data"] = "mine"
    assert "a data set that is not here" in stranger.run().words
    assert datasets(stranger) == ["tiny", "tiny-last"]


def test_of_what_is_ones_own_nothing_is_remembered_for_others(visitor, jobs, tiny_zoo):
    _, job, _ = begun(jobs, tiny_zoo / "tiny", called="mine")
    over(job)
    for remembered in (cached._dataset, cached._labels, cached._samples):
        assert cached._of(visitor.data, remembered) is remembered
        assert cached._of(Zoo(job.zoo).dataset(), remembered) is not remembered


def test_a_word_that_leads_nowhere_says_so_and_a_viewer_takes_nothing_up(visitor, jobs, tiny_zoo, monkeypatch):
    assert "not there any more" in with_word(tiny_zoo, "no-such-word").words
    word, job, _ = begun(jobs, tiny_zoo / "tiny", called="mine")
    over(job)
    monkeypatch.setattr(access, "role", lambda: Role.VIEWER)
    viewer = with_word(tiny_zoo, word)
    assert "not there any more" in viewer.words
    assert datasets(viewer) == ["tiny", "tiny-last"]


def test_a_training_that_runs_shows_its_bars_and_is_cancelled(visitor, jobs, tiny_zoo):
    word, job, _ = begun(jobs, tiny_zoo / "tiny", called="mine", ease="stay")
    at(job, "ease", "fitting")
    taker = with_word(tiny_zoo, word).open(PAGE)
    assert "Training mine" in taker.words
    texts = [one.proto.text for one in taker.at.get("progress")]
    assert len(texts) == 2
    assert texts[0].startswith("Popularity")
    assert "done" in texts[0]
    assert "is being fitted" in texts[1]
    assert labels(taker, "file_uploader") == []  # one at a time
    press(taker, "Cancel")
    assert over(job).stage == "cancelled"
    taker.run()
    assert "Whole by then, and kept: Popularity." in taker.words.replace("\\", "")
    assert labels(taker, "file_uploader") != []
    press(taker, "Remove")
    assert not job.folder.exists()
    assert "mine" not in taker.words


def test_a_training_that_failed_says_why_and_shows_its_log_without_traces(visitor, jobs, tiny_zoo):
    word, job, _ = begun(jobs, tiny_zoo / "tiny", called="mine", popularity="crash")
    assert over(job).stage == "failed"
    taker = with_word(tiny_zoo, word).open(PAGE)
    assert "could not explain" in taker.words
    assert "Nothing was kept" in taker.words
    assert "secret" not in taker.words + "".join(one.value for one in taker.at.code)


def test_an_operator_publishes_it_for_everybody(jobs, tiny_zoo, tmp_path, monkeypatch):
    zoo = tmp_path / "zoo"
    zoo.mkdir()
    (zoo / "tiny").symlink_to(tiny_zoo / "tiny")
    monkeypatch.setenv("MENAGERIE_ZOO", str(zoo))
    word, job, _ = begun(jobs, tiny_zoo / "tiny", called="mine")
    over(job)
    taker = with_word(zoo, word).open(PAGE)
    with monkeypatch.context() as analyst:
        analyst.setattr(access, "role", lambda: Role.ANALYST)
        assert "Publish for everybody" not in labels(taker.run(), "button")
    press(taker.run(), "Publish for everybody")
    assert Zoo(zoo).datasets() == ["mine", "tiny"]
    assert Zoo(zoo).dataset("mine").model_names() == sorted(MODELS)
    assert not job.folder.exists()
    assert datasets(taker.open("try/recommend")) == ["mine", "tiny"]  # for everybody now, and not twice


def test_who_may_not_publish_cannot_by_a_button_that_was_drawn_before(jobs, tiny_zoo, tmp_path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    word, job, _ = begun(jobs, tiny_zoo / "tiny", called="mine")
    over(job)
    with_word(tiny_zoo, word).open(PAGE)
    monkeypatch.setattr(access, "role", lambda: Role.ANALYST)
    monkeypatch.setattr(train_jobs, "publish", lambda *asked: pytest.fail("it was published"))
    train_jobs._publish(word, job.zoo / "mine")
    assert job.is_there


def test_forget_me_takes_it_away_at_once_and_the_end_of_a_session_after_a_while(visitor, jobs, tiny_zoo, monkeypatch):
    (word, gone, _), (other, kept, _) = (begun(jobs, tiny_zoo / "tiny", called="mine") for _ in range(2))
    over(gone), over(kept)
    leaver = with_word(tiny_zoo, word)
    monkeypatch.setattr(own, "_session_id", lambda: "test session id")  # in a click of this visitor
    leaving._leave(leaver.session.leaving)
    assert not gone.folder.exists()
    monkeypatch.undo()
    own._leave(kept.hold(), "a session that has ended")
    assert jobs.find(other).folder == kept.folder


@pytest.mark.parametrize(("told", "share", "text"), [
    ({}, 0.0, "EASE · waits"),
    ({"state": "fitting"}, 0.0, "EASE · is being fitted"),
    ({"state": "fitting", "done": 30, "total": 20, "unit": "columns"}, 1.0, "EASE · columns 30 of 20"),
    ({"state": "done", "seconds": 75}, 1.0, "EASE · done, fitted in 1 min 15 s"),
    ({"state": "left out", "sentence": "No words."}, 0.0, "EASE · left out: No words."),
])  # fmt: skip
def test_a_bar_says_where_its_model_is(told, share, text):
    assert train_jobs.bar("EASE", told) == (share, text)
