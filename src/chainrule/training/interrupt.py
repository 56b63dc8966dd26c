"""Ctrl-C as a request to finish in order."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Within this context the first Ctrl-C is only noted (the function given tells); a second one interrupts.

    Outside of the main thread Python delivers no signals, and nothing changes.
    """
    noted, process = False, os.getpid()

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal noted
        if noted or os.getpid() != process:  # a child by fork, of another thread, is not to finish this
            raise KeyboardInterrupt
        noted = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: noted
    finally:
        signal.signal(signal.SIGINT, before)
