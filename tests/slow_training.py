"""In the place of `python -m training`: it publishes models that were trained before, and does what a test asks of it.

Its upload is a JSON file: {"from": a data set of a zoo, "do": {MODEL: WHAT}}; WHAT happens when that model is fitted,
or while it is published ("publishing MODEL"). What it does with files is what training does.
"""

import argparse
import errno
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from zoo.arguments import add_training_arguments
from zoo.manifest import publication, write_manifest


def main() -> None:
    parser = argparse.ArgumentParser()
    add_training_arguments(parser)
    options = parser.parse_args()
    asked = json.loads(options.data.read_bytes())
    source, do = Path(asked["from"]), asked.get("do", {})
    models = {name: {"state": "waiting"} for name in options.models}

    def tell(name: str, state: str) -> None:
        models[name]["state"] = state
        new = options.progress.with_suffix(".new")
        new.write_text(json.dumps({"data": {"users": 1}, "models": models}))
        os.replace(new, options.progress)

    try:
        act(do.get("reading"))
        lay_down(source, options.out / options.name)
        for name in options.models:
            tell(name, "fitting")
            act(do.get(name))
            with publication(options.out / options.name / name) as folder:
                current = source / name / (source / name / "CURRENT").read_text().strip()
                for path in current.iterdir():
                    if path.name != "MANIFEST.json":
                        shutil.copy(path, folder / path.name)
                tell(name, "publishing")
                act(do.get(f"publishing {name}"))
            tell(name, "done")
            print(f"{name}: published in {folder}", flush=True)
    except OSError as error:
        sys.exit(f"error: {error}. Name another place, or make room there.")


def lay_down(source: Path, folder: Path) -> None:
    staging = folder.with_name(f".{folder.name}-new")
    staging.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_file():
            shutil.copy(path, staging / path.name)
    info = json.loads((staging / "dataset.json").read_bytes())
    (staging / "dataset.json").write_text(json.dumps(info | {"name": folder.name}))
    write_manifest(staging, below=False)
    os.rename(staging, folder)


def act(what: str | None) -> None:
    if what == "stay":
        time.sleep(120)
    elif what == "stay with a child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
        print(f"child {child.pid}", flush=True)
        time.sleep(120)
    elif what == "take memory":
        print(len(bytearray(4 * 2**30)))
    elif what == "fill the disk":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    elif what == "crash":
        raise ValueError("a secret of the code")
    elif what == "refuse":
        sys.exit("error: EASE on 9 items needs more. Train ease_sparse.")
    elif what == "chatter":
        for number in range(60_000):
            print(f"line {number} of very many")


if __name__ == "__main__":
    main()
