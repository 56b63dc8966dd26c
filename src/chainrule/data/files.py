"""Writing files and folders aside and renaming them, so that nobody ever sees half of one.

What is written to `name` lies beside it as `.name.xxxxxxxx.part` until it is whole, under a lock of its own.
What a process that was killed leaves of that is removed by the next who writes to the same name.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chainrule.data.locks import in_turn, try_lock
from chainrule.errors import ConfigError


def write_aside(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; an existing one is replaced.

    Raises OSError that names the file where it can't be written.
    """
    with _beside(path) as aside:
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)


@contextmanager
def folder_aside(folder: Path) -> Iterator[Path]:
    """A new folder to fill, which gets its name when this context ends well and vanishes when it does not.

    Raises ConfigError if the name is taken, and OSError that names the folder, or the file as it would be
    called in it, where something can't be written.
    """
    check_free(folder)
    with _beside(folder) as aside:
        aside.mkdir()
        yield aside
        check_free(folder)
        aside.rename(folder)


def check_free(folder: Path) -> None:
    """ConfigError if something other than an empty folder has this name."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        raise ConfigError(f"{folder} exists already", remedy="choose another folder, or remove it first")


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A free name beside a path, which nobody else removes; what is there when this context ends is removed.

    A file system's errors within it get the name that the caller knows.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        with in_turn(_lock_of(aside)):
            try:
                yield aside
            finally:
                _remove(aside)
    except OSError as error:
        known = _name_of(error, aside, path)
        if known is None:
            raise
        raise OSError(error.errno, error.strerror, known) from error


def _sweep(path: Path) -> None:
    """Remove what processes that are dead left beside a path."""
    pattern = re.compile(rf"(\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.part)(\.lock)?")
    found = [pattern.fullmatch(name) for name in os.listdir(path.parent)]  # noqa: PTH208 (names are enough)
    for name in {match[1] for match in found if match}:
        aside = path.with_name(name)
        with suppress(OSError):  # another's, who may remove it
            lock = try_lock(_lock_of(aside))
            if lock is None:
                continue
            if lock.certain:
                _remove(aside)
            lock.release()


def _lock_of(aside: Path) -> Path:
    return aside.with_name(f"{aside.name}.lock")


def _remove(aside: Path) -> None:
    if aside.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        with suppress(OSError):
            aside.unlink()


def _name_of(error: OSError, aside: Path, path: Path) -> str | None:
    """What the caller calls the file that an error is about; None where it is about another."""
    if error.errno is None:
        return None
    if error.filename is None:  # from writing, rather than from opening
        return str(path)
    met = Path(error.filename)
    if met in (aside, _lock_of(aside)):
        return str(path)
    return str(path / met.relative_to(aside)) if aside in met.parents else None
