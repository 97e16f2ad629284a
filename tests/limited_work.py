"""Pieces of work for zoo/limited.py, good and bad."""

import os
import subprocess
import sys
import time

from zoo.columns import NoColumn
from zoo.errors import ModelError


def echo(facts, parts):
    return {"said": facts}, {name: content[::-1] for name, content in parts.items()}


def refuse(facts, parts):
    if facts["how"] == "column":
        raise NoColumn("a.csv has no column. Name it.", "Name it")
    raise ModelError("\ud800 <b>This</b> graph is none. Bring another.")


def start_another(facts, parts):
    subprocess.Popen(["sleep", facts["seconds"]]).wait()


def hold(facts, parts):
    return {"length": len(bytearray(facts["bytes"]))}, {}


def hold_in_polars(facts, parts):
    import polars as pl

    return {"length": len(pl.repeat(1.5, facts["bytes"] // 8, eager=True))}, {}


def hold_in_arrow(facts, parts):
    import pyarrow as pa

    return {"length": pa.allocate_buffer(facts["bytes"]).size}, {}


def die(facts, parts):
    os.kill(os.getpid(), facts["signal"])
    time.sleep(60)


def leave(facts, parts):
    os._exit(facts["status"])


def fail(facts, parts):
    return {}[facts["secret"]]


def panic(facts, parts):
    import polars as pl

    pl.Series([2**62]).cast(pl.Datetime("us")).max()


def chatter(facts, parts):
    print("x" * 10**6)
    print("y" * 10**6, file=sys.stderr)
    os.write(1, b"\xff" * 100)
    return {"fine": True}, {}


def flood(facts, parts):
    return {}, {"answer": bytes(facts["bytes"])}


def write(facts, parts):
    with open(facts["path"], "wb") as file:
        file.write(b"x" * 10)
    return {}, {}


def surroundings(facts, parts):
    return {"environment": dict(os.environ), "modules": sorted(sys.modules)}, {}
