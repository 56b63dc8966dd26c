"""The first tenths of a second of the command `chainrule`, in which modules are imported."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

INTERRUPTED = 130
"""The exit code: 128 + SIGINT, what shells expect."""


@contextmanager
def importing() -> Iterator[None]:
    """Within this context Ctrl-C ends the command `chainrule` at once, without a word.

    A KeyboardInterrupt amid imports would end in a traceback, or be turned into another error by a module
    that was half imported. Other programs that import chainrule keep their own ways.
    """
    ours = _is_command() and threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_command() -> bool:
    """Whether this process was started by the script `chainrule`, or as python -m chainrule."""
    first = sys.argv[0] if sys.argv else ""
    if first == "-m":  # Python is still looking for the module
        return "chainrule" in sys.orig_argv
    path = PurePath(first)
    return path.stem == "chainrule" or path.parts[-2:] == ("chainrule", "__main__.py")
