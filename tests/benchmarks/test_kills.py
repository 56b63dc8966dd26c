"""A few kills of what `make bench-kills` does 200 of."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from benchmarks.kills import COUNTED, SOURCES, kills, tried

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # of later Pythons


@pytest.mark.parametrize("name", ["memory", "npy, 4 readers", "ragged"])
def test_killed_runs_go_on_to_the_same_bits_and_leave_nothing(name):
    counts = kills(name, 2, np.random.default_rng(0))
    assert counts == {"kills": 2} | dict.fromkeys(COUNTED, 0)


def test_what_is_wrong_is_counted(tmp_path, monkeypatch):
    """A child that leaves half a state, another file, and a run on other data."""

    def killed(name, data, work, after):
        (work / "state").write_bytes(b"half")
        return True

    monkeypatch.setattr("benchmarks.kills._killed", killed)
    run: Any = SimpleNamespace(parameters={}, history=[])
    assert tried("memory", tmp_path, run, 0.0) == ["amid", "unreadable", "failed"]
    monkeypatch.setattr("benchmarks.kills._killed", lambda name, data, work, after: (work / "x").touch())
    assert tried("memory", tmp_path, run, 0.0) == ["other bits", "left behind"]
    assert "memory" in SOURCES
