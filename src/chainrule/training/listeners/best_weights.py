"""Keeping the weights of the epoch that validated best."""

from chainrule.training.events import Amended, EpochDone, Event


class BestWeights:
    """A listener that notes in the state the epoch with the lowest validation loss.

    weights: whether to keep its weights, too. A validation loss that is not finite is never the lowest.
    """

    def __init__(self, *, weights: bool) -> None:
        self._weights = weights

    def __call__(self, event: Event) -> None:
        """Look at the epoch's validation loss."""
        if isinstance(event, Amended):
            self._weights = event.recipe.keep == "best"
        if not isinstance(event, EpochDone) or not event.record["validation_loss"] < event.state.best_loss:
            return
        state = event.state
        state.best_loss, state.best_epoch = event.record["validation_loss"], state.epoch
        if self._weights:
            state.best = {name: array.copy() for name, array in event.weights().items()}
