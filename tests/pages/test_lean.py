"""What the server never loads until somebody opens a table of Streamlit's: pandas and pyarrow, 60 MB and a second."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import CHECKOUT
from tests.navigation import places

SCRIPT = """
import sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file("streamlit_app.py", default_timeout=60)
at.query_params["data"] = "tiny"
for page in sys.argv[1:]:
    at = at.run().switch_page(page).run()
    assert not at.exception, (page, at.exception)
    found = [name for name in ("pandas", "pyarrow") if name in sys.modules]
    assert not found, (page, found)
print("opened", len(sys.argv) - 1)
"""


def test_no_page_needs_pandas(tiny_zoo: Path):
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
