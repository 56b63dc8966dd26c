"""Files and folders appear whole or not at all, and what a killed process leaves goes with the next."""

import errno
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.errors import ConfigError
from chainrule.training import check_free, folder_aside, write_aside


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "new" / "state"
    write_aside(path, b"one")
    write_aside(path, b"two")
    assert path.read_bytes() == b"two"
    assert names(path.parent) == ["state"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "disk full"), KeyboardInterrupt()])
def test_a_file_that_can_not_be_written_leaves_the_old_one(error, tmp_path, monkeypatch):
    path = tmp_path / "state"
    write_aside(path, b"old")

    def fail(handle: int) -> None:
        raise error

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(type(error)):
        write_aside(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["state"]


def test_a_folder_gets_its_name_when_it_is_whole(tmp_path):
    with folder_aside(tmp_path / "runs" / "one") as aside:
        (aside / "a.txt").write_text("a")
        assert not (tmp_path / "runs" / "one").exists()
        assert aside.parent == tmp_path / "runs"  # the same file system, so that it can be renamed
    assert names(tmp_path / "runs") == ["one"]
    assert names(tmp_path / "runs" / "one") == ["a.txt"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_folder_that_fails_leaves_nothing(error, tmp_path):
    def fill() -> None:
        with folder_aside(tmp_path / "one") as aside:
            (aside / "a.txt").write_text("a")
            raise error

    with pytest.raises(error):
        fill()
    assert names(tmp_path) == []


def test_a_name_that_is_taken_meanwhile_is_not_overwritten(tmp_path):
    folder = tmp_path / "one"

    def fill() -> None:
        with folder_aside(folder) as aside:
            (aside / "a.txt").write_text("mine")
            folder.mkdir()
            (folder / "a.txt").write_text("theirs")

    with pytest.raises(ConfigError, match="one exists already"):
        fill()
    assert names(tmp_path) == ["one"]
    assert (folder / "a.txt").read_text() == "theirs"


def test_an_empty_folder_is_free_and_a_full_one_or_a_file_is_not(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    check_free(tmp_path / "missing")
    check_free(tmp_path / "empty")
    for taken in ("full", "full/x"):
        with pytest.raises(ConfigError, match=r" exists already; choose another folder, or remove it first"):
            check_free(tmp_path / taken)
    with folder_aside(tmp_path / "empty") as aside:
        (aside / "a.txt").touch()
    assert names(tmp_path / "empty") == ["a.txt"]


WRITING = """
import os, pathlib, signal, sys
from chainrule.data import files
def die(*given): os.kill(os.getpid(), signal.SIGKILL)
os.fsync = die
if sys.argv[2] == "file":
    files.write_aside(pathlib.Path(sys.argv[1]), b"half")
with files.folder_aside(pathlib.Path(sys.argv[1])) as aside:
    (aside / "a.txt").write_text("half")
    if sys.argv[2] == "live":
        print("live", flush=True)
        signal.pause()
    die()
"""


def write(path: Path, kind: str) -> None:
    if kind == "file":
        write_aside(path, b"whole")
    else:
        with folder_aside(path) as aside:
            (aside / "a.txt").write_text("whole")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_process_left_is_removed_by_the_next_who_writes_there(kind, tmp_path):
    path = tmp_path / "run [1]"
    killed = subprocess.run([sys.executable, "-c", WRITING, str(path), kind], check=False)
    assert killed.returncode == -signal.SIGKILL
    left = names(tmp_path)
    assert [bool(re.fullmatch(r"\.run \[1\]\.[0-9a-f]{8}\.part(\.lock)?", name)) for name in left] == [
        True
    ] * 2
    write(tmp_path / "run", kind)
    assert names(tmp_path) == [*left, "run"]  # another name: not ours
    write(path, kind)
    assert names(tmp_path) == ["run", "run [1]"]


def test_what_a_live_process_is_writing_stays(tmp_path):
    path = tmp_path / "run"
    command = [sys.executable, "-c", WRITING, str(path), "live"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "live\n"
            left = names(tmp_path)
            write_aside(path, b"whole")
            assert names(tmp_path) == [*left, "run"]
        finally:
            process.kill()
    write_aside(path, b"whole")
    assert names(tmp_path) == ["run"]


def test_hidden_files_of_others_stay(tmp_path):
    others = [
        ".run.original",
        ".run.0123456789.part",
        ".run.0123abcd.part.txt",
        ".runs.0123abcd.part",
        "run.part",
    ]
    for name in others:
        (tmp_path / name).touch()
    write_aside(tmp_path / "run", b"")
    assert names(tmp_path) == sorted([*others, "run"])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG])
def test_a_full_disk_is_told_with_the_name_that_was_asked_for(code, tmp_path, monkeypatch):
    def fail(handle: int) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no") as caught:
        write_aside(tmp_path / "state", b"new")
    assert (caught.value.errno, caught.value.filename) == (code, str(tmp_path / "state"))


@pytest.mark.parametrize("inner", ["", "a.txt", "b/c.txt"])
def test_a_folder_that_can_not_be_written_is_named_as_it_would_be_called(inner, tmp_path):
    def fill() -> None:
        with folder_aside(tmp_path / "one") as aside:
            raise PermissionError(errno.EACCES, "denied", str(aside / inner))

    with pytest.raises(PermissionError) as caught:
        fill()
    assert caught.value.filename == str(tmp_path / "one" / inner)


def test_an_error_about_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, folder_aside(tmp_path / "one"):
        (tmp_path / "missing").read_text()
    assert caught.value.filename == str(tmp_path / "missing")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_real_limit_is_met(kind, tmp_path):
    """The system lets this process write no file beyond 1,000 bytes, as a full disk would not."""
    program = (
        "import pathlib, resource, sys; from chainrule.data.files import folder_aside, write_aside\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "try:\n"
        "    if sys.argv[2] == 'file': write_aside(path, bytes(5000))\n"
        "    else:\n"
        "        with folder_aside(path) as aside: (aside / 'w').write_bytes(bytes(5000))\n"
        "except OSError as error: print(error.filename)\n"
    )
    path = tmp_path / "it"
    command = [sys.executable, "-c", program, str(path), kind]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == f"{path}\n"
    assert names(tmp_path) == []
