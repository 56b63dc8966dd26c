"""Stopping when the training loss no longer falls."""

import math

from chainrule.training import EpochDone, Event
from chainrule.training.events import Amended


class Converged:
    """A listener that ends training as MLPClassifier does without early stopping.

    It ends after more than `patience` epochs in a row with a loss not at least `tol` below the best.
    """

    def __init__(self, tol: float, patience: int) -> None:
        self._tol = tol
        self._patience = patience
        self._best = math.inf
        self._waited = 0

    def __call__(self, event: Event) -> None:
        """Compare the loss of the epoch with the best so far."""
        if isinstance(event, Amended):  # its losses may be others, and it has its own time
            self._best, self._waited = math.inf, 0
        if not isinstance(event, EpochDone):
            return
        loss = event.record["loss"]
        self._waited = self._waited + 1 if loss > self._best - self._tol else 0
        self._best = min(self._best, loss)
        if self._waited > self._patience:
            event.stop("converged")
