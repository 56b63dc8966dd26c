"""The search for reference cycles, put off while a program is made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Within this context, or a function that it decorates, Python does not search for reference cycles.

    For the fraction of a second in which many small objects are made that all stay: searching them again and
    again takes as long as making them, and grows faster than their number. Whoever turned the search off
    turns it on again, so contexts may be nested, and threads may be in it at once.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
