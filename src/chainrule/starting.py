"""The first tenths of a second of the command `chainrule`, in which modules are imported."""

import os
import signal
import sys
import threading
from pathlib import PurePath
from types import FrameType

INTERRUPTED = 130
"""The exit code: 128 + SIGINT, what shells expect."""


def begin_quietly() -> None:
    """From here until `ready`, Ctrl-C ends the command `chainrule` at once, without a word.

    A KeyboardInterrupt amid imports would end in a traceback, or be turned into another error by a module
    that was half imported. Other programs that import chainrule keep their own ways.
    """
    ours = _is_command() and threading.current_thread() is threading.main_thread()
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def ready() -> None:
    """The command has begun, and catches KeyboardInterrupt itself."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _is_command() -> bool:
    """Whether this process was started by the script `chainrule`, or as python -m chainrule."""
    if "--multiprocessing-fork" in sys.orig_argv:  # a worker, to which the command's own words are given
        return False
    first = sys.argv[0] if sys.argv else ""
    if first == "-m":  # Python is still looking for the module
        return "chainrule" in sys.orig_argv
    path = PurePath(first)
    return path.stem == "chainrule" or path.parts[-2:] == ("chainrule", "__main__.py")
