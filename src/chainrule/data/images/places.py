"""What lies at a path, looked at before it is opened: a pipe or a device would be waited for without end."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from chainrule.errors import DataError, did_you_mean
from chainrule.paths import printable


def check_place(path: Path, known: Iterable[str] = ()) -> None:
    """DataError unless a file or a folder lies there. known: names of what is no path, to suggest one."""
    shown = printable(str(path))
    if not path.exists():
        raise DataError(
            f"{shown}: no such file or folder{did_you_mean(str(path), known)}", remedy="check the path"
        )
    if not path.is_dir():
        check_is_file(str(path))


def check_is_file(path: str) -> None:
    """DataError for a pipe, a socket or a device; OSError where nothing is there."""
    mode = os.stat(path).st_mode  # noqa: PTH116 (paths are text here)
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise DataError(
            f"{printable(path)} is a pipe, a socket or a device, and no file",
            remedy="copy what it gives into a file",
        )


def text_lines(path: Path) -> list[str]:
    """The lines of a text file in UTF-8, with or without the mark that Windows puts before it.

    Raises DataError, naming the file, for another encoding, and where it can't be read.
    """
    shown = printable(str(path))
    try:
        check_is_file(str(path))
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{shown} is not UTF-8 (byte {error.start})", remedy="save it as UTF-8") from None
    except OSError as error:
        raise DataError(
            f"{shown} can't be read: {error.strerror}", remedy="check the file and its permissions"
        ) from None
