"""Saving the state while it is trained."""

import time
from pathlib import Path

from chainrule.training.events import Amended, Ended, EpochDone, Event, StepsDone
from chainrule.training.recipe import Recipe
from chainrule.training.state import RunState
from chainrule.training.state_file import save_state


class Checkpoint:
    """A listener that saves the state while it is trained, every `every_seconds`, and at a good end.

    That is after an epoch, and within one between two calls of the executor; and where training is amended.

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
        due = time.monotonic() - self._saved >= self._every
        if (isinstance(event, EpochDone) and due) or isinstance(event, Amended):
            self._save(event.state)
        elif isinstance(event, StepsDone) and due and event.state is not None:
            self._save(event.state())
        elif isinstance(event, Ended) and event.error is None:
            self._save(event.state)

    def _save(self, state: RunState) -> None:
        save_state(self.path, state, self._recipe)
        self._saved = time.monotonic()
