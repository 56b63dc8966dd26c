"""Where a run goes: its folder, and the checkpoint beside it while it trains."""

import itertools
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chainrule.data import table_name
from chainrule.errors import ConfigError, TrainingError
from chainrule.train import check_free

RUNS = Path("runs")
CONFIG = "config.toml"
STATE = "state.safetensors"


@dataclass(frozen=True)
class Place:
    """Where a run is written when it is done, and what it keeps beside that while it trains."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        """A folder that exists while the run is unfinished; who makes it has the name."""
        return self.folder.with_name(f"{self.folder.name}.checkpoint")

    @property
    def state(self) -> Path:
        """All that the run needs to go on; absent until the first was saved."""
        return self.checkpoint / STATE

    @property
    def config(self) -> Path:
        """The settings that the unfinished run was started with."""
        return self.checkpoint / CONFIG


def place_at(folder: Path, *, resume: bool) -> Place:
    """The place that --out names.

    Raises ConfigError if a file or a folder with something in it has that name, or, unless resuming, if an
    unfinished run is there.
    """
    place = Place(folder)
    if not folder.name:
        raise ConfigError(
            f"--out {folder} is no name for a run", remedy="name a new folder, such as runs/first"
        )
    check_free(folder)
    if place.checkpoint.exists() and not resume:
        raise ConfigError(
            f"{place.checkpoint} holds an unfinished run",
            remedy=f"add --resume to go on with it, remove it, or choose another --out than {folder}",
        )
    return place


@contextmanager
def claimed(place: Place | None, source: str) -> Iterator[Place]:
    """A place that nobody else takes while this context lasts; None: the next free runs/<source>-<number>.

    The checkpoint goes when the context ends well, and also when training broke down, as it would again from
    there; otherwise what was saved of the run stays, to be resumed. Folders made for nothing are removed.
    """
    parent = RUNS if place is None else place.folder.parent
    made = _missing(parent)
    parent.mkdir(parents=True, exist_ok=True)
    try:
        if place is None:
            place = _next_free(source)
        else:
            place.checkpoint.mkdir(exist_ok=True)
        try:
            yield place
        except TrainingError:
            shutil.rmtree(place.checkpoint)
            raise
        except BaseException:
            if not place.state.exists():
                shutil.rmtree(place.checkpoint)
            raise
        shutil.rmtree(place.checkpoint)
    finally:
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def run_name(source: str) -> str:
    """What runs on a file are called, before their number."""
    return re.sub(r"[^\w.-]+", "_", table_name(source)).strip("._-") or "run"


def _next_free(source: str) -> Place:
    name = run_name(source)
    for number in itertools.count(1):
        place = Place(RUNS / f"{name}-{number:03d}")
        if place.folder.exists():
            continue
        try:
            place.checkpoint.mkdir()  # of several that start at once, one makes it
        except FileExistsError:
            continue
        return place
    raise AssertionError  # there is always a next number


def _missing(folder: Path) -> list[Path]:
    """The folder and those above it that do not exist, the innermost first."""
    return [each for each in (folder, *folder.parents) if not each.exists()]
