"""How many threads: argument, environment, affinity, quota."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import ConfigError
from chainrule.executors.native import available, compile_native, threads
from chainrule.executors.native.threads import thread_count
from chainrule.program import Trace


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("CHAINRULE_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)


def test_the_argument_comes_before_the_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "3")
    assert thread_count() == 3
    assert thread_count(5) == 5
    assert thread_count(np.int64(5)) == 5  # type: ignore[arg-type] (of a search over np.arange)


@pytest.mark.parametrize("text", ["1", "1024", "007"])
def test_the_variable_is_read_at_every_call(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", text)
    assert thread_count() == int(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "2.5", "many", "1025", "1e3", " "])
def test_wrong_variables_are_errors_that_name_it(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", text)
    with pytest.raises(ConfigError, match=r"CHAINRULE_NUM_THREADS is .*; give a whole number from 1 to 1024"):
        thread_count()


@pytest.mark.parametrize("count", [0, -1, 1025, 2.0, True, "2"])
def test_wrong_arguments_are_errors(count: object):
    with pytest.raises(ConfigError, match=r"threads is .*; give a whole number from 1 to 1024"):
        thread_count(count)  # type: ignore[arg-type]


def machine(monkeypatch: pytest.MonkeyPatch, root: Path, allowed: set[int], siblings: dict[int, str]) -> None:
    """Pretend to be on another machine, whose files lie below root."""
    for processor, text in siblings.items():
        path = root / f"sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list"
        path.parent.mkdir(parents=True)
        path.write_text(text + "\n", encoding="ascii")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: allowed, raising=False)
    monkeypatch.setattr(threads, "Path", lambda path: root / path.lstrip("/"))


def quota(root: Path, text: str) -> None:
    path = root / "sys/fs/cgroup/cpu.max"
    path.parent.mkdir(parents=True)
    path.write_text(text + "\n", encoding="ascii")


FOUR_CORES = {0: "0,4", 4: "0,4", 1: "1,5", 5: "1,5", 2: "2,6", 6: "2,6", 3: "3,7", 7: "3,7"}


@pytest.mark.parametrize(
    ("allowed", "count"),
    [(set(range(8)), 4), ({0, 4}, 1), ({0, 1, 2}, 3), ({3}, 1), ({0, 4, 5}, 2)],
)
def test_threads_of_one_core_count_once(allowed: set[int], count: int, tmp_path, monkeypatch):
    machine(monkeypatch, tmp_path, allowed, FOUR_CORES)
    assert thread_count() == count


def test_a_machine_that_tells_no_siblings(tmp_path, monkeypatch):
    machine(monkeypatch, tmp_path, {0, 3, 9}, {})
    assert thread_count() == 3


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("max 100000", 4),
        ("200000 100000", 2),
        ("150000 100000", 1),
        ("50000 100000", 1),
        ("900000 100000", 4),
    ],
)
def test_the_quota_of_the_group_is_respected(text: str, count: int, tmp_path, monkeypatch):
    machine(monkeypatch, tmp_path, set(range(8)), FOUR_CORES)
    quota(tmp_path, text)
    assert thread_count() == count


@pytest.mark.parametrize("text", ["", "nonsense", "a b", "1 2 3"])
def test_a_quota_that_can_not_be_read_is_none(text: str, tmp_path, monkeypatch):
    machine(monkeypatch, tmp_path, set(range(8)), FOUR_CORES)
    quota(tmp_path, text)
    assert thread_count() == 4


@pytest.mark.parametrize(
    ("text", "count"),
    [("1", 1), ("3", 3), (" 2 ", 2), ("2,1", 2), ("16", 4), ("", 4), ("0", 4), ("-1", 4), ("all", 4)],
)
def test_what_joblib_tells_its_processes_is_a_limit(text: str, count: int, tmp_path, monkeypatch):
    machine(monkeypatch, tmp_path, set(range(8)), FOUR_CORES)
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert thread_count() == count
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "7")
    assert thread_count() == 7


def test_without_affinity_every_processor_counts(tmp_path, monkeypatch):
    machine(monkeypatch, tmp_path, set(), {})
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert thread_count() == 6


@pytest.mark.skipif(sys.platform != "linux", reason="this system has no affinity")
def test_this_process_on_one_processor():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert thread_count() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
def test_wrong_counts_are_refused_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch):
    trace = Trace()
    program = trace.program({"y": trace.input("x", (2,)) + 1.0})
    with pytest.raises(ConfigError):
        compile_native(program, 0)
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "none")
    with pytest.raises(ConfigError):
        compile_native(program)
