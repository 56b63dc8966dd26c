"""Where a run goes: its folder, and the checkpoint beside it while it trains."""

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chainrule.data import table_name
from chainrule.data.locks import locked, try_lock
from chainrule.errors import ConfigError, DataError, TrainingError
from chainrule.tasks import Opened
from chainrule.training import check_free, write_aside
from chainrule.training.folder import CONFIG, WEIGHTS

RUNS = Path("runs")
STATE = "state.safetensors"
TABLE = "table.json"
LOCK = "lock"


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run, and its checkpoint beside it while it trains."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        """A folder that exists while the run is unfinished; making it reserves the name."""
        return self.folder.with_name(f"{self.folder.name}.checkpoint")

    @property
    def state(self) -> Path:
        """The state to continue from; missing until it is first saved."""
        return self.checkpoint / STATE

    @property
    def config(self) -> Path:
        """The settings that the unfinished run was started with."""
        return self.checkpoint / CONFIG

    @property
    def table(self) -> Path:
        """What the unfinished run is trained on; the name of the file is that of an earlier format."""
        return self.checkpoint / TABLE

    @property
    def lock(self) -> Path:
        """The lock of the process that trains here; it is free again when the process has ended."""
        return self.checkpoint / LOCK

    @property
    def finished(self) -> bool:
        """Whether the run is written, which means completely."""
        return (self.folder / WEIGHTS).is_file()

    def held(self) -> AbstractContextManager[None]:
        """A context within which no other process trains here; ConfigError, naming it, where one does."""
        what, remedy = f"{self.folder} is being trained", "wait until it is done, or choose another --out"
        return locked(self.lock, what, remedy)


def place_at(folder: Path, *, resume: bool) -> RunFolder:
    """The place that --out names.

    Raises ConfigError if a file or a folder with something in it has that name, unless it is a finished run
    that is to be resumed; if another process trains there; and, unless resuming, if an unfinished run is
    there.
    """
    place = RunFolder(folder)
    if not folder.name:
        raise ConfigError(
            f"--out {folder} is not a name for a run", remedy="name a new folder, such as runs/first"
        )
    if resume and place.finished:
        return place
    check_free(folder)
    if place.lock.exists():
        with place.held():
            pass
    if place.checkpoint.exists() and not resume:
        raise ConfigError(
            f"{place.checkpoint} holds an unfinished run",
            remedy=f"add --resume to continue with it, remove it, or choose another --out than {folder}",
        )
    return place


@contextmanager
def claimed(place: RunFolder | None, source: str) -> Iterator[RunFolder]:
    """A place that nobody else takes while this context lasts; None: the next free runs/<source>-<number>.

    The checkpoint goes when the context ends well, and also when training broke down, as it would again from
    there; otherwise what was saved of the run stays, to be resumed. Folders made for nothing are removed.
    Raises ConfigError, naming the process, where another has the place.
    """
    parent = RUNS if place is None else place.folder.parent
    made = _missing(parent)
    parent.mkdir(parents=True, exist_ok=True)
    try:
        if place is None:
            place = _next_free(source)
        else:
            place.checkpoint.mkdir(exist_ok=True)
        with _removed_if_empty(place.checkpoint), place.held():
            try:
                check_free(place.folder)  # another process may just have ended
                yield place
            except TrainingError:
                _clear(place)
                raise
            except BaseException:
                if not place.state.exists():
                    _clear(place)
                raise
            _clear(place)
    finally:
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def check_subject(place: RunFolder, opened: Opened) -> None:
    """Keep what is trained on; DataError where the saved run was started on another."""
    now = {"target": opened.target, "table": opened.fingerprint()}
    if not place.state.is_file():
        write_aside(place.table, json.dumps(now).encode())
    if not place.table.is_file():  # of an earlier format; the state knows the rows as they were prepared
        return
    before = json.loads(place.table.read_bytes())
    remedy = f"resume with what it was started on, or remove {place.checkpoint} to start afresh"
    if before["target"] != now["target"]:
        raise DataError(f"{place.folder} predicts {before['target']!r}, not {now['target']!r}", remedy=remedy)
    if before["table"] != now["table"]:
        raise DataError(
            f"{opened.source} is not what {place.folder} was started on: that was "
            f"{before['table']}, this is {now['table']}",
            remedy=remedy,
        )


def remove_leftovers(place: RunFolder) -> None:
    """Remove the checkpoint of a finished run, which a process that was killed in its last moment left."""
    if not place.checkpoint.is_dir():
        return
    with _removed_if_empty(place.checkpoint), ExitStack() as held:
        lock = try_lock(place.lock)
        if lock is not None:  # else its process is about to do the same
            held.callback(lock.release)
            _clear(place)


def _clear(place: RunFolder) -> None:
    """Remove all that the checkpoint holds, but the lock."""
    for each in place.checkpoint.iterdir():
        if each != place.lock:
            shutil.rmtree(each) if each.is_dir() else each.unlink()


@contextmanager
def _removed_if_empty(folder: Path) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(OSError):  # something is in it, such as what another process has begun
            folder.rmdir()


def run_name(source: str) -> str:
    """What runs on a file are called, before their number."""
    return re.sub(r"[^\w.-]+", "_", table_name(source)).strip("._-") or "run"


def _next_free(source: str) -> RunFolder:
    name = run_name(source)
    for number in itertools.count(1):
        place = RunFolder(RUNS / f"{name}-{number:03d}")
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
