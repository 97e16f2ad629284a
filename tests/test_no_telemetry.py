"""Nothing that the app is made of tells anybody what it does."""

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
OPENS_A_GRAPH = """
import sys
from pathlib import Path
from zoo.ort_session import open_session
from zoo.settings import Settings
open_session(sys.argv[1], Settings(provider="cpu"))
"""


def test_a_model_that_is_opened_leaves_nothing_in_the_home_folder(tmp_path):
    graph = next((CHECKOUT / "zoo-data" / "films").glob("popularity/*/*.onnx"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    home = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    subprocess.run(
        [sys.executable, "-c", OPENS_A_GRAPH, str(graph)], cwd=CHECKOUT, env=environment | home, check=True, timeout=60
    )
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == []


def test_streamlit_gathers_no_usage_statistics():
    settings = (CHECKOUT / ".streamlit" / "config.toml").read_text()
    assert "gatherUsageStats = false" in settings
