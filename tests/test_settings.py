"""Settings: one class, one table in README.md, one sentence for whatever is wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests import published
from tests.test_layers import CHECKOUT, loaded_after
from zoo import diagnosis
from zoo.errors import ZooError
from zoo.remote.mirror import Mirror
from zoo.settings import CLOSABLE, ELSEWHERE, Settings, size_text, variable


def table() -> str:
    """The table of README.md, as the class has it."""
    rows = ["| variable | default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{variable(name)}` | {written(name, field.default)} | {field.description} |")
    return "\n".join(rows)


def written(name: str, default: object) -> str:
    if name == "cache":
        return "the system's cache folder"
    if isinstance(default, bool):
        return "`on`" if default else "`off`"
    if isinstance(default, int):
        return size_text(default) if name.endswith("_bytes") else f"{default:,}"
    text = ", ".join(default) if isinstance(default, tuple) else str(default)
    return f"`{text}`" if text else "none"


def refused(**environment: str) -> str:
    with pytest.raises(ZooError) as error:
        Settings.from_environment({f"MENAGERIE_{name}": value for name, value in environment.items()})
    return str(error.value)


def test_the_table_in_the_readme_is_the_class():
    assert f"\n{table()}\n" in (CHECKOUT / "README.md").read_text(encoding="utf-8"), f"write this:\n{table()}"


def test_every_setting_comes_from_its_variable():
    found = Settings.from_environment(
        {
            "MENAGERIE_ZOO": "films",
            "MENAGERIE_CACHE": "~/kept",
            "MENAGERIE_PROVIDER": "cpu",
            "MENAGERIE_THREADS": "2",
            "MENAGERIE_UPLOAD_ROWS": "10",
            "MENAGERIE_UPLOAD_BYTES": "3 MiB",
            "MENAGERIE_HOSTED": "on",
            "MENAGERIE_CLOSED": "Train, operate,",
            "MENAGERIE_OPERATORS": "Ann@example.org, @example.com",
            "MENAGERIE_METRICS_TOKEN": "s3cret",
        }
    )
    assert found == Settings(
        zoo=Path("films"),
        cache=Path.home() / "kept",
        provider="cpu",
        threads=2,
        upload_rows=10,
        upload_bytes=3 * 2**20,
        hosted=True,
        closed=("train", "operate"),
        operators=("ann@example.org", "@example.com"),
        metrics_token="s3cret",
    )


def test_an_address_stays_an_address_and_a_folder_is_a_path():
    for given, expected in [
        ("https://example.org/zoo/", "https://example.org/zoo"),
        ("s3://bucket/zoo", "s3://bucket/zoo"),
        ("../zoo", Path("../zoo")),
    ]:
        assert Settings.from_environment({"MENAGERIE_ZOO": given}).zoo == expected


def test_an_empty_variable_is_as_good_as_none():
    assert Settings.from_environment({"MENAGERIE_THREADS": " "}) == Settings()


def test_a_call_reads_no_environment(monkeypatch):
    monkeypatch.setenv("MENAGERIE_THREADS", "3")
    assert Settings().threads == 0
    assert Settings.from_environment().threads == 3
    monkeypatch.setenv("MENAGERIE_THREADS", "4")  # and what was read is not kept beyond its time
    assert Settings.from_environment().threads == 4


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        Settings().threads = 3


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("THREADS", "two", "a whole number from 0 to 1,024"),
        ("THREADS", "-1", "a whole number from 0"),
        ("PROVIDER", "tpu", "auto, cpu or cuda"),
        ("BATCH_BYTES", "0", "a size from 1 B"),
        ("BATCH_BYTES", "1.5 parsecs", "a size from 1 B"),
        ("UPLOAD_BYTES", "inf", "a size from"),
        ("DECODE_SECONDS", "0", "from 1 to 3,600"),
        ("HOSTED", "maybe", "on or off"),
        ("CLOSED", "train,recommend", "names out of compare"),
        ("OPERATORS", "example.org", "e-mail addresses or @domains"),
        ("ZOO", "https://", "a folder, or an address"),
        ("ZOO", "simplecache::s3://bucket", "a folder, or an address"),
        ("LOG", "xml", "text or json"),
        ("ROLE_CLAIM", "my roles", "the name of a claim"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_is_allowed(name, value, allowed):
    said = refused(**{name: value})
    assert f"MENAGERIE_{name} is {value!r}; set it to " in said
    assert allowed in said


def test_all_that_is_wrong_is_said_at_once():
    said = refused(THREADS="two", PROVIDER="tpu", UPLOAD_ROW="5")
    assert "MENAGERIE_THREADS" in said
    assert "MENAGERIE_PROVIDER" in said
    assert "There is no setting MENAGERIE_UPLOAD_ROW; the nearest is MENAGERIE_UPLOAD_ROWS." in said


def test_every_default_and_every_bound_is_accepted():
    Settings.model_validate(Settings().model_dump())
    for name, field in Settings.model_fields.items():
        for bound in field.metadata:
            value = getattr(bound, "ge", getattr(bound, "le", None))
            if value is not None:
                assert getattr(Settings.from_environment({variable(name): str(value)}), name) == value


def test_what_others_read_is_no_unknown_setting():
    for environment in (
        {"MENAGERIE_TINY_ZOO": "x", "MENAGERIE_TEST_DATA": "y", "MENAGERIE_PEERS": "z"},
        {"MENAGERIE_PORT": "tcp://10.0.0.1:80", "MENAGERIE_SERVICE_HOST": "10.0.0.1"},
        {"OTHER": "x"},
    ):
        assert Settings.from_environment(environment) == Settings()


def test_every_variable_that_the_code_reads_is_known():
    """What is read anywhere by name is a setting, or stands in `ELSEWHERE`."""
    named = set()
    for folder in ("zoo", "pages", "training", "benchmarks", "tests"):
        for path in (CHECKOUT / folder).rglob("*.py"):
            if path.name not in ("settings.py", "test_settings.py"):
                named |= set(reads(path.read_text(encoding="utf-8")))
    assert named  # the search finds something
    assert named <= {*map(variable, Settings.model_fields), *ELSEWHERE}


def reads(text: str) -> list[str]:
    return re.findall(r"(?:environ\.get\(|environ\[|getenv\()\s*\"(MENAGERIE_\w+)\"", text)


def test_a_secret_is_neither_printed_nor_said():
    settings = Settings(metrics_token="s3cret")
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings)
    assert "hunter2" not in refused(ZOO="https://ann:hunter2@example.org/a b")


@pytest.mark.parametrize(
    ("training", "hosted", "trains"),
    [("auto", False, True), ("auto", True, False), ("on", True, True), ("off", False, False)],
)
def test_training_is_open_unless_hosted_or_as_it_is_set(training, hosted, trains):
    assert Settings(training=training, hosted=hosted).trains is trains


def test_the_pages_that_can_be_closed_are_those_of_the_app_but_the_first():
    text = (CHECKOUT / "streamlit_app.py").read_text(encoding="utf-8")
    pages = re.findall(r"access\.page\(\"\w+/(\w+)\"([^)]*)\)", text)
    named = [(file, re.search(r"url=\"([\w-]+)\"", options)) for file, options in pages]
    assert {url[1] if url else file for file, url in named} - {"recommend"} == set(CLOSABLE)


def test_doctor_tells_every_setting_and_where_it_came_from_but_no_secret():
    told = diagnosis.told(
        Settings(threads=3, metrics_token="s3cret", zoo="https://ann:hunter2@example.org/zoo", hosted=True),
        {"MENAGERIE_THREADS": "3", "MENAGERIE_METRICS_TOKEN": "s3cret", "MENAGERIE_HOSTED": " "},
    )
    assert list(told) == [variable(name) for name in Settings.model_fields]
    assert told["MENAGERIE_THREADS"] == "3 (environment)"
    assert told["MENAGERIE_UPLOAD_BYTES"] == "50 MiB (default)"
    assert told["MENAGERIE_METRICS_TOKEN"] == "set, not shown (environment)"
    assert told["MENAGERIE_ZOO"] == "https://example.org/zoo (default)"
    assert told["MENAGERIE_HOSTED"] == "on (default)"
    assert told["MENAGERIE_ANALYSTS"] == "none (default)"
    assert not any(secret in text for text in told.values() for secret in ("s3cret", "hunter2"))


@pytest.mark.parametrize("end", ["", "/"])
def test_doctor_looks_where_a_zoo_from_elsewhere_is_kept(monkeypatch, tmp_path, end):
    monkeypatch.setenv("MENAGERIE_ZOO", f"https://ann:hunter2@example.org/zoo{end}")
    monkeypatch.setenv("MENAGERIE_CACHE", str(tmp_path))
    published.write_data(Mirror(Settings.from_environment()).root)
    assert diagnosis.diagnose().facts["zoo"].endswith(": small")


def test_the_app_refuses_to_start_with_a_setting_that_cannot_be_used(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "zoo.cli", "serve", "--zoo", str(tmp_path)],
        cwd=CHECKOUT,
        env=os.environ | {"MENAGERIE_SESSIONS": "many"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "error: MENAGERIE_SESSIONS is 'many'; set it to a whole number from 1 to 100,000.\n"
    assert done.stdout == ""


def test_the_command_line_starts_without_the_settings_and_they_load_no_tables():
    assert "pydantic" not in loaded_after("import zoo.cli, zoo.serving")
    assert not loaded_after("import zoo.settings") & {"numpy", "polars", "fsspec", "streamlit"}
