"""Standard output and error, which a process need not have."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def can_write(stream: Any) -> bool:
    """Whether there is a stream: not so where it is None (a program without a console) or closed.

    One on a full disk is there, and is told of when something is written.
    """
    try:
        stream.write("")
        stream.flush()
    except (AttributeError, ValueError):
        return False
    except OSError as error:
        return error.errno != errno.EBADF
    return True


def is_terminal(stream: Any) -> bool:
    """Whether a person sees what is written to a stream."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError, OSError):
        return False


def is_notebook(stream: Any) -> bool:
    """Whether what is written to a stream appears below a cell of a notebook."""
    return type(stream).__module__.partition(".")[0] == "ipykernel"  # which is not imported to find out


def error_console() -> "Console":
    """A console on standard error, which shows nothing where there is none."""
    from rich.console import Console

    return Console(stderr=True, quiet=not can_write(sys.stderr))


@contextmanager
def standard_streams() -> Iterator[None]:
    """Within this context there are standard input, output and error: the null device where they are missing.

    Without it the next files that are opened would get their numbers, and what others print would go there.
    """
    for number in range(3):
        _open_if_closed(number)
    before = sys.stdin, sys.stdout, sys.stderr
    with ExitStack() as opened:
        if sys.stdin is None or sys.stdin.closed:
            sys.stdin = opened.enter_context(open(os.devnull, encoding="utf-8"))  # noqa: PTH123 (no path)
        if not can_write(sys.stdout):
            sys.stdout = opened.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123
        if not can_write(sys.stderr):
            sys.stderr = opened.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = before


def _open_if_closed(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        device = os.open(os.devnull, os.O_RDWR)
        if device != number:
            os.dup2(device, number)
            os.close(device)
