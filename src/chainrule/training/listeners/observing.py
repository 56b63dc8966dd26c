"""Schedules that look at the result of every epoch, such as ReduceOnPlateau."""

from chainrule.training.events import Amended, EpochDone, Event
from chainrule.training.recipe import Recipe
from chainrule.training.step import OPTIMIZER, optimizer_state


class ObservedByOptimizer:
    """A listener that shows the optimizer the validation loss, or the loss where nothing validates."""

    def __init__(self, recipe: Recipe) -> None:
        self._optimizer = recipe.optimizer

    def __call__(self, event: Event) -> None:
        """Write into the state what the optimizer makes of it."""
        if isinstance(event, Amended):
            self._optimizer = event.recipe.optimizer
        if not isinstance(event, EpochDone) or not self._optimizer.observes():
            return
        monitored = event.record.get("validation_loss", event.record["loss"])
        tree = event.state.tree
        for name, array in self._optimizer.observe(optimizer_state(tree), monitored).items():
            tree[OPTIMIZER + name][...] = array
        event.changed()
