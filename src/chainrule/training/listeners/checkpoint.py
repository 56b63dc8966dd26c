"""Saving the state while it is trained."""

import time
from pathlib import Path

from chainrule.training.events import Ended, EpochDone, Event
from chainrule.training.recipe import Recipe
from chainrule.training.state_file import save_state


class Checkpoint:
    """A listener that saves the state after an epoch, at most every `every_seconds`, and at a good end.

    Where an error ends training, what was saved last stays.

    path: a safetensors file; it is written aside and renamed, so it is always whole.
    """

    def __init__(self, path: Path | str, recipe: Recipe, every_seconds: float = 10.0) -> None:
        self.path = Path(path)
        self._recipe = recipe
        self._every = every_seconds
        self._saved = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Save when it is time."""
        if isinstance(event, EpochDone):
            due = time.monotonic() - self._saved >= self._every
        elif isinstance(event, Ended):
            due = event.error is None
        else:
            return
        if due:
            save_state(self.path, event.state, self._recipe)
            self._saved = time.monotonic()
