"""Stopping when validation no longer improves."""

from chainrule.training.events import Amended, EpochDone, Event, Started


class EarlyStopping:
    """A listener that ends training after `patience` epochs without a lower validation loss; None never does.

    It looks at the state's best epoch. A run that is resumed after it stopped has nothing left to do.
    """

    def __init__(self, patience: int | None) -> None:
        self._patience = patience

    def __call__(self, event: Event) -> None:
        """Look at how long ago the best epoch was."""
        if isinstance(event, Amended):
            self._patience = event.recipe.patience
        elif isinstance(event, Started | EpochDone) and self._patience is not None:
            state = event.state
            if state.epoch - max(state.best_epoch, state.patience_since) >= self._patience:
                event.stop("early stopping")
