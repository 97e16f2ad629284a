import sys

import numpy as np
import pytest
import torch

from training.memory import available_bytes, peak_memory, resident_bytes

MIB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="LEFT OUT: peak memory is asked through Linux's /proc")
def test_the_peak_is_what_was_taken_within_the_block_and_the_data():
    earlier = np.ones(200 * MIB // 8)
    del earlier  # a peak before the block does not count
    with peak_memory(data_bytes=10 * MIB) as peak:
        taken = np.ones(64 * MIB // 8)
        del taken  # the peak stays, though the memory went
    assert 70 * MIB <= peak.bytes <= 90 * MIB


def test_a_system_that_does_not_tell_gives_none(monkeypatch, tmp_path):
    monkeypatch.setattr("training.memory._STATUS", tmp_path / "absent")
    monkeypatch.setattr("training.memory._RESET_PEAK", tmp_path / "absent")
    with peak_memory(data_bytes=0) as peak:
        pass
    assert peak.bytes is None
    assert resident_bytes() is None


def test_what_is_free_is_what_the_system_says_within_the_limit_of_the_container(monkeypatch, tmp_path):
    files = {"_SYSTEM": "MemTotal: 9000 kB\nMemAvailable:    5000 kB\n", "_LIMIT": "4096000\n", "_USED": "1024000\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(f"training.memory.{name}", tmp_path / name)
    cpu = torch.device("cpu")
    assert available_bytes(cpu) == 4096000 - 1024000
    (tmp_path / "_LIMIT").write_text("max\n")  # no limit
    assert available_bytes(cpu) == 5000 * 1024
    monkeypatch.setattr("training.memory._SYSTEM", tmp_path / "absent")
    assert available_bytes(cpu) is None
