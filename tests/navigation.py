"""The pages of the app, as its navigation names them: a test that asks every page finds a new one by itself."""

import ast
from dataclasses import dataclass
from pathlib import Path

APP = Path(__file__).resolve().parent.parent / "streamlit_app.py"


@dataclass(frozen=True)
class Place:
    """One page."""

    title: str
    script: str  # such as "pages/try/compare.py"
    path: str  # of its address; "" for the first page

    def __str__(self) -> str:
        return self.title


def places() -> list[Place]:
    """Every access.page of the frame, in order."""
    calls = [node for node in ast.walk(ast.parse(APP.read_text("utf-8"))) if isinstance(node, ast.Call)]
    found = [_place(call) for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "page"]
    assert found, f"{APP} names no page"
    return found


def _place(call: ast.Call) -> Place:
    script, title = (ast.literal_eval(argument) for argument in call.args)
    named = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    path = "" if named.get("default") else named.get("url", Path(script).stem)
    return Place(title, f"pages/{script}.py", path)
