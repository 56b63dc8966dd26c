"""A cache folder of its own, and small packages made on the spot."""

import hashlib
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chainrule.data.named.catalogue import NAMED_TABLES, NamedTable, Release
from chainrule.data.named.registries import REGISTRIES

CSV = "toy/data/people.csv"
PEOPLE = "height,kind\n190,tall\n170,small\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of the user, which is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def wheel(tmp_path: Path) -> Callable[..., Path]:
    """Makes a wheel of some files, by their names inside."""

    def make(files: dict[str, bytes | str], folder: str = "index") -> Path:
        path = tmp_path / folder / "toy-1.0-py3-none-any.whl"
        path.parent.mkdir(exist_ok=True)
        facts = {
            "toy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n",
            "toy-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "toy-1.0.dist-info/RECORD": "",
        }
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in (files | facts).items():
                archive.writestr(name, content)
        return path

    return make


@pytest.fixture
def toy(wheel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> tuple[NamedTable, Path]:
    """Two tables of one package in the catalogue, toy and toy_too, and the wheel that holds them."""
    path = wheel({CSV: PEOPLE, "toy/__init__.py": "raise SystemExit('this code must never run')"})
    content = path.read_bytes()
    release = Release("pypi", "toy", "1.0", len(content), hashlib.sha256(content).hexdigest(), "MIT")
    entry = NamedTable("toy", "", "classification", "kind", 2, 2, "CC0", "nobody", release, CSV)
    for each in (entry, replace(entry, name="toy_too")):
        monkeypatch.setitem(NAMED_TABLES, each.name, each)
    return entry, path


@pytest.fixture
def copied(toy: tuple[NamedTable, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of pip a client that copies the wheel of `toy`."""

    def fetch(release, folder, watch):
        watch(release.size)
        return Path(shutil.copy(toy[1], folder))

    monkeypatch.setitem(REGISTRIES, "pypi", replace(REGISTRIES["pypi"], fetch=fetch))
