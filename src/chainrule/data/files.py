"""Writing files and folders aside and renaming them, so that nobody ever sees half of one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chainrule.errors import ConfigError


def write_aside(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; an existing one is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def folder_aside(folder: Path) -> Iterator[Path]:
    """A new folder to fill, which gets its name when this context ends well and vanishes when it does not.

    Raises ConfigError if the name is taken.
    """
    check_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield aside
        aside.chmod(0o755)
        check_free(folder)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def check_free(folder: Path) -> None:
    """ConfigError if something other than an empty folder has this name."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        raise ConfigError(f"{folder} exists already", remedy="choose another folder, or remove it first")
