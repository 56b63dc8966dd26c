"""Files and folders appear whole or not at all."""

from pathlib import Path

import pytest

from chainrule.errors import ConfigError
from chainrule.train import check_free, folder_aside, write_aside


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "new" / "state"
    write_aside(path, b"one")
    write_aside(path, b"two")
    assert path.read_bytes() == b"two"
    assert names(path.parent) == ["state"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
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
