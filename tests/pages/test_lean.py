"""What the server never loads: pandas and pyarrow, which a table of Streamlit's takes, 60 MB and a second."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import CHECKOUT
from tests.navigation import places

NONE_LOADED = """
    found = [name for name in ("pandas", "pyarrow") if name in sys.modules]
    assert not found, (page, found)
"""
SCRIPT = f"""
import sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file("streamlit_app.py", default_timeout=60)
at.query_params["data"] = "tiny"
at.query_params["pairs"] = "recall_at_20"  # opens a fold of the Leaderboard
for page in sys.argv[1:]:
    at = at.run().switch_page(page).run()
    assert not at.exception, (page, at.exception)
{NONE_LOADED}
    if page.endswith("leaderboard.py"):
        assert "menagerie.pairs" in [one.proto.component_name for one in at.get("bidi_component")]
    if page.endswith("bring.py"):
        at.file_uploader[0].upload("many.csv", b"userId,movieId\\na,100\\na,106\\nb,103\\n")
        at.run().session_state["matches"] = True
        next(button for button in at.run().button if button.label.startswith("Recommend for 2")).click()
        tables = [one.proto.body for one in at.run().get("html") if 'class="wide-table"' in one.proto.body]
        assert len(tables) == 2, (at.exception, tables)
{NONE_LOADED}
print("opened", len(sys.argv) - 1)
"""


def test_no_page_needs_pandas_nor_does_a_file_that_was_brought(tiny_zoo: Path):
    pages = [place.script for place in places()]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *pages],
        cwd=CHECKOUT,
        env=os.environ | {"MENAGERIE_ZOO": str(tiny_zoo), "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["opened", str(len(pages))]
