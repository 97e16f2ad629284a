from pathlib import Path

import pytest

from zoo.errors import ZooError
from zoo.settings import Settings


def test_every_setting_comes_from_its_variable():
    found = Settings.from_environment(
        {"MENAGERIE_ZOO": "films", "MENAGERIE_PROVIDER": "cpu", "MENAGERIE_THREADS": "2", "MENAGERIE_UPLOAD_ROWS": "10"}
    )
    assert found == Settings(zoo=Path("films"), provider="cpu", threads=2, upload_rows=10)


def test_an_empty_variable_is_as_good_as_none():
    assert Settings.from_environment({"MENAGERIE_THREADS": " "}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MENAGERIE_THREADS", "two"),
        ("MENAGERIE_THREADS", "-1"),
        ("MENAGERIE_PROVIDER", "tpu"),
        ("MENAGERIE_BATCH_BYTES", "0"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(name, value):
    with pytest.raises(ZooError, match=name):
        Settings.from_environment({name: value})
