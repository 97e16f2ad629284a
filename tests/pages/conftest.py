"""The app on the tiny zoo, driven without a browser."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import levels, operate
from pages.parts.state import SESSION, Session, Visit
from zoo import telemetry
from zoo.dataset import Dataset
from zoo.registry import Zoo

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"


def _no_number(text: str) -> None:
    """What Python reads and a browser does not: there the component would not be drawn."""
    raise AssertionError(f"{text} is no JSON")


def tables(at: AppTest) -> list[list[dict[str, str]]]:
    """The tables of the page, each as rows by the heads of their columns; cells as markup."""
    found = []
    for body in (element.proto.body for element in at.get("html") if 'class="wide-table"' in element.proto.body):
        head, *rows = [re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", row) for row in body.split("</tr>")[:-1]]
        found.append([dict(zip(head, row, strict=True)) for row in rows])
    return found


class App:
    """An `AppTest` that knows our components: what they were given, and how to give the visitor a taste."""

    def __init__(self, zoo: Path, dataset: str = "tiny") -> None:
        self.at = AppTest.from_file(APP, default_timeout=60)
        self.data: Dataset = Zoo(zoo).dataset(dataset)
        self.at.session_state[SESSION] = Session(kept={"dataset": dataset})
        self.run()

    def run(self) -> "App":
        self.at.run()
        assert not self.at.exception, self.at.exception
        return self

    def open(self, page: str) -> "App":
        self.at.switch_page(f"pages/{page}.py")
        return self.run()

    def taste(self, *likes: int, dislikes: tuple[int, ...] = (), **more: object) -> "App":
        return self.visit(Visit(likes=likes, dislikes=dislikes, **more))

    def visit(self, visit: Visit) -> "App":
        self.session.tastes = {self.data.info.fingerprint: visit}
        return self.run()

    def choose(self, **settings: object) -> "App":
        self.session.kept |= settings
        return self.run()

    @property
    def session(self) -> Session:
        """What the app keeps of this visitor."""
        return self.at.session_state[SESSION]

    def shown(self, component: str) -> list[dict]:
        """What each component of this name was given in the last run."""
        return [
            json.loads(element.proto.json, parse_constant=_no_number)[0]
            for element in self.at.get("bidi_component")
            if element.proto.component_name == f"menagerie.{component}"
        ]

    @property
    def lists(self) -> list[dict]:
        (mounted,) = self.shown("lists")  # however many lists: one element
        return mounted["lists"]

    @property
    def tables(self) -> list[list[dict[str, str]]]:
        return tables(self.at)

    @property
    def words(self) -> str:
        """Everything that reaches the page as text of Streamlit's own elements."""
        kinds = (self.at.markdown, self.at.caption, self.at.error, self.at.info, self.at.warning)
        written = [element.value for kind in kinds for element in kind]
        html = [element.proto.body for element in self.at.get("html")]
        return "\n".join(written + [body for body in html if not body.startswith("<style>")])


@pytest.fixture
def app(tiny_zoo: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    return App(tiny_zoo)


@pytest.fixture
def app_last(tiny_zoo: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """The data set whose test users are known to training."""
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    return App(tiny_zoo, "tiny-last")


@pytest.fixture(autouse=True)
def told_by_this_test_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests told of the server, and how full this machine is, is no matter on Operate."""
    here = telemetry.Telemetry()
    for name in ("count", "observe", "error", "counts", "timings", "together", "levels", "errors"):
        monkeypatch.setattr(telemetry, name, getattr(here, name))
    monkeypatch.setattr(levels, "machine_memory", lambda: (4e9, 8e9))
    monkeypatch.setattr(operate.shutil, "disk_usage", lambda path: SimpleNamespace(free=4e9, total=8e9))
