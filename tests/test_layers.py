"""The one-way doors: training -> zoo <- pages."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


def loaded_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(' '.join(sys.modules))"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_all_of_zoo_loads_neither_torch_nor_streamlit_nor_training():
    paths = [path.relative_to(CHECKOUT).with_suffix("") for path in (CHECKOUT / "zoo").rglob("*.py")]
    names = sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)
    loaded = loaded_after("import " + ", ".join(names))
    assert "onnxruntime" in loaded  # the check looks at what was really loaded
    assert not loaded & {"torch", "streamlit", "training", "onnx"}


def test_the_command_line_loads_nothing_that_serving_does_not_need():
    loaded = loaded_after("import zoo.cli, zoo.serving")
    assert not loaded & {"numpy", "polars", "scipy", "onnxruntime"}


def test_a_process_that_runs_an_uploaded_graph_loads_nothing_else():
    loaded = loaded_after("import zoo.own_graph_server")
    assert "onnxruntime" in loaded
    assert not loaded & {"polars", "scipy", "pyarrow", "streamlit", "torch", "onnx"}


def test_the_app_loads_no_training_and_no_torch():
    code = """
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("streamlit_app.py", default_timeout=60).run()
assert not app.exception, app.exception
"""
    loaded = loaded_after(code)
    assert "zoo" in loaded
    assert not loaded & {"torch", "training", "onnx"}


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("path", [*(CHECKOUT / "pages").rglob("*.py"), CHECKOUT / "streamlit_app.py"], ids=str)
def test_a_page_imports_no_training_no_runtime_library_and_no_other_page(path):
    roots = {name.partition(".")[0] for name in imports_of(path)}
    assert not roots & {"training", "torch", "onnxruntime", "onnx"}
    others = {name for name in imports_of(path) if name.startswith("pages.") and not name.startswith("pages.parts")}
    assert not others


def test_only_the_runtime_calls_onnxruntime():
    users = {path.name for path in (CHECKOUT / "zoo").rglob("*.py") if "onnxruntime" in imports_of(path)}
    assert users == {"runtime.py", "ort_session.py"}
