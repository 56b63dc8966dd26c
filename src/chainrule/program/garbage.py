"""The search for reference cycles, put off while a program is made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Within this context, or a function that it decorates, Python does not search for reference cycles.

    Meant for the fraction of a second in which many small objects are made that all stay: searching them
    again and again takes as long as making them, and grows faster than their number. The context that turned
    the search off turns it on again, so contexts may be nested, and several threads may be in one at once.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
