"""Progress in a notebook: one line that is written over."""

import sys
import time

from chainrule.training.events import Ended, EpochDone, Event, Started, StepsDone
from chainrule.training.listeners.progress import figures_of

_SECONDS = 0.2  # between two writings: each is a message to the browser


class NotebookLine:
    """A listener that writes epochs, loss and validation metric over one line of standard error.

    A notebook shows no bar of control sequences; a carriage return is all that it takes.
    """

    def __init__(self) -> None:
        self._epochs = 1
        self._epoch = 0
        self._figures = ""
        self._written = 0.0
        self._width = 0

    def __call__(self, event: Event) -> None:
        """Write, if that is not too soon; at the end in any case, with the line's end."""
        if isinstance(event, Started):
            self._epochs, self._epoch = event.epochs, event.first_epoch - 1
        elif isinstance(event, StepsDone):
            self._figures = self._figures or f"loss {event.loss:.4g}"
            self._write()
        elif isinstance(event, EpochDone):
            self._epoch, self._figures = event.record["epoch"], figures_of(event.record, most=3)
            self._write()
        elif isinstance(event, Ended):
            self._write(last=True)

    def close(self) -> None:
        """Nothing is held open."""

    def _write(self, *, last: bool = False) -> None:
        now = time.perf_counter()
        if not last and now - self._written < _SECONDS:
            return
        self._written = now
        text = f"epoch {self._epoch}/{self._epochs}  {self._figures}".rstrip()
        # Padded, so that nothing of a longer line before stays behind.
        sys.stderr.write(f"\r{text:{self._width}}" + ("\n" if last else ""))
        sys.stderr.flush()
        self._width = len(text)
