"""Where studies are kept: files, addresses that do not answer, and what else can be wrong with them."""

import sqlite3
import sys
from pathlib import Path

import optuna
import pytest

from chainrule.errors import ConfigError
from chainrule.tune import Attempt, Float, Space, search
from chainrule.tune.storage import _url, open_storage

SPACE = Space({"x": Float(0, 1)})


def square(attempt: Attempt) -> float:
    return attempt["x"] ** 2


def test_a_file_and_its_url_are_the_same_study(tmp_path: Path) -> None:
    search(square, SPACE, 2, study=tmp_path / "study.db")
    again = search(square, SPACE, 3, study=f"sqlite:///{tmp_path / 'study.db'}")
    assert len(again.trials) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["study.db"]


def test_anybody_can_read_the_study_with_optuna(tmp_path: Path) -> None:
    found = search(square, SPACE, 3, study=tmp_path / "study.db", name="mine")
    with open_storage(tmp_path / "study.db") as storage:
        loaded = optuna.load_study(study_name="mine", storage=storage.backend)
        assert [trial.params for trial in loaded.trials] == [dict(trial.values) for trial in found.trials]
        assert found.best is not None
        assert loaded.best_trial.number == found.best.number


def test_without_optuna_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"not installed; pip install 'chainrule\[tune\]'"):
        search(square, SPACE, 1)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("postgresql://user:secret@127.0.0.1:1/none", "does not respond: .*refused"),
        ("postgresql+nodriver://u@h/d", "no known database"),
        ("nobase://user@host/d", "begins with nobase://, which is not a known database"),
        ("postgresql://user@host:port/d", "can't be read"),
        ("sqlite:////nowhere/at/all.db", "does not respond: unable to open database file"),
    ],
)
def test_a_place_that_does_not_answer(where: str, text: str) -> None:
    if "127.0.0.1" in where:
        pytest.importorskip("psycopg", reason="psycopg, the driver for PostgreSQL, is not installed")
    with pytest.raises(ConfigError, match=text) as caught:
        search(square, SPACE, 1, study=where)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_can_not_be_written_is_told_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError) as caught:
        search(square, SPACE, 1, study=tmp_path / "file" / "study.db")
    assert caught.value.what.startswith(f"the study at {tmp_path / 'file' / 'study.db'} does not respond: ")
    assert caught.value.remedy.startswith("check the path, its permissions and the space on the disk; ")


def test_a_driver_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"needs psycopg.*pip install 'chainrule\[postgresql\]'"):
        search(square, SPACE, 1, study="postgresql://user@127.0.0.1:1/none")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database at all, but long enough to have a header " * 3)
    with pytest.raises(ConfigError, match="file is not a database"):
        search(square, SPACE, 1, study=tmp_path / "notes.txt")


def test_a_study_that_somebody_else_made(tmp_path: Path) -> None:
    with open_storage(tmp_path / "study.db") as storage:
        study = optuna.create_study(study_name="study", storage=storage.backend)
        study.add_trial(optuna.create_trial(value=1.0))
    with pytest.raises(ConfigError, match="was not made by chainrule"):
        search(square, SPACE, 2, study=tmp_path / "study.db")


def test_storage_that_ceases_to_answer(tmp_path: Path) -> None:
    def vandal(attempt: Attempt) -> float:
        if attempt.number == 1:
            with sqlite3.connect(tmp_path / "study.db") as connection:
                connection.execute("DROP TABLE trial_values")
            connection.close()
        return square(attempt)

    with pytest.raises(ConfigError, match="does not respond: no such table: trial_values"):
        search(vandal, SPACE, 3, study=tmp_path / "study.db")


def test_postgresql_gets_the_driver_that_the_extra_brings_and_messages_no_password() -> None:
    url, address = _url("postgres://me:secret@host/studies")
    assert url.drivername == "postgresql+psycopg"
    assert url.password == "secret"
    assert address == "postgres://me:***@host/studies"
    assert _url("postgresql+psycopg2://me@host/studies")[0].drivername == "postgresql+psycopg2"
