"""Stopping when validation no longer improves."""

from chainrule.training.events import Amended, EpochDone, Event, Started


class EarlyStopping:
    """A listener that ends training after `patience` epochs without a lower validation loss; None never does.

    It looks at the state's best epoch. A run that is resumed after it stopped has nothing left to do.
    since: the epoch from which patience counts, such as that where a finished run is gone on with.
    """

    def __init__(self, patience: int | None, since: int = 0) -> None:
        self._patience = patience
        self._since = since

    def __call__(self, event: Event) -> None:
        """Look at how long ago the best epoch was."""
        if isinstance(event, Amended):
            self._patience, self._since = event.recipe.patience, event.state.epoch
        elif isinstance(event, Started | EpochDone) and self._patience is not None:
            state = event.state
            if state.epoch - max(state.best_epoch, self._since) >= self._patience:
                event.stop("early stopping")
