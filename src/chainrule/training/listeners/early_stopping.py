"""Stopping when validation no longer improves."""

from chainrule.training.events import EpochDone, Event, Started


class EarlyStopping:
    """A listener that ends training after `patience` epochs without a lower validation loss.

    It looks at the state's best epoch. A run that is resumed after it stopped has nothing left to do.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def __call__(self, event: Event) -> None:
        """Look at how long ago the best epoch was."""
        if isinstance(event, Started | EpochDone):
            state = event.state
            if state.epoch - state.best_epoch >= self._patience:
                event.stop("early stopping")
