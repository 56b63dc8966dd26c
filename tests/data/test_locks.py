"""Locks tell who holds them, and die with their process."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chainrule.data import locks
from chainrule.data.locks import in_turn, locked, try_lock
from chainrule.errors import ConfigError

HOLDER = """
import pathlib, sys, time
from chainrule.data.locks import locked
with locked(pathlib.Path(sys.argv[1]), "", ""):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock `tmp_path / "lock"`."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def enter(path: Path) -> None:
    with locked(path, "the run is being written", "wait for it"):
        pass


def test_who_holds_it_is_named(holder, tmp_path):
    with pytest.raises(ConfigError) as caught:
        enter(tmp_path / "lock")
    start = f"the run is being written by process {holder.pid} on {socket.gethostname()}, since 20"
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith("; wait for it")


def test_a_process_that_was_killed_holds_nothing(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(10)
    assert (tmp_path / "lock").exists()
    enter(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_within_a_process_it_is_held_once_and_given_back_whatever_happens(tmp_path):
    path = tmp_path / "lock"
    with locked(path, "", ""), pytest.raises(ConfigError, match=rf"by process {os.getpid()} on"):
        enter(path)
    with pytest.raises(KeyboardInterrupt), locked(path, "", ""):
        raise KeyboardInterrupt
    enter(path)
    assert list(tmp_path.iterdir()) == []


def test_those_who_wait_come_one_after_another(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "_WAIT_SECONDS", 0.0001)
    inside, together = [0], []

    def work() -> None:
        for _ in range(30):
            with in_turn(tmp_path / "lock"):
                inside[0] += 1
                together.append(inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [1] * 120
    assert list(tmp_path.iterdir()) == []


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    """Opened before its owner removed it, and locked after."""
    path, seen = tmp_path / "lock", []
    lock = locks._lock

    def removing(handle: int) -> bool:
        seen.append(handle)
        if len(seen) == 1:
            path.unlink()
        return lock(handle)

    monkeypatch.setattr(locks, "_lock", removing)
    taken = try_lock(path)
    assert taken is not None
    assert len(seen) == 2
    assert path.exists()
    assert try_lock(path) is None
    taken.release()


@pytest.mark.skipif(sys.platform == "win32", reason="flock is POSIX")
def test_a_file_system_without_locks_is_worked_on_without_one(tmp_path, monkeypatch):
    import fcntl

    def none(handle: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with locked(tmp_path / "lock", "", ""), locked(tmp_path / "lock", "", ""):
        pass
    with in_turn(tmp_path / "lock") as lock:
        assert not lock.certain


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff"])
def test_a_note_that_can_not_be_read_is_another_process(note, tmp_path):
    path = tmp_path / "lock"
    with locked(path, "", ""):
        path.write_bytes(note)
        with (
            pytest.raises(ConfigError, match=r"^in use by another process; wait$"),
            locked(path, "in use", "wait"),
        ):
            pass
