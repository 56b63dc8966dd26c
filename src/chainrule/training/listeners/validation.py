"""Measuring the model on examples that it is not trained on."""

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from chainrule.data import Arrays, Structure, flattened
from chainrule.errors import warn
from chainrule.nn.metrics import OwnMetric
from chainrule.training.diagnose import not_finite_validation
from chainrule.training.events import Amended, EpochDone, Event
from chainrule.training.heads import measured, metric_names
from chainrule.training.recipe import Recipe
from chainrule.training.supply import Supply


class Validation:
    """A listener that adds 'validation_loss' and 'validation_<metric>' to every record.

    The metrics are those of the recipe, else those that go with the loss; own: by name, beside them.
    The time that it takes counts as the run's.
    """

    def __init__(self, recipe: Recipe, data: Supply, own: Mapping[str, OwnMetric]) -> None:
        self._own = own
        self._warned = False
        self._measure_by(recipe, data)

    def __call__(self, event: Event) -> None:
        """Measure."""
        if isinstance(event, Amended):
            self._measure_by(event.recipe, replace(self._data, programs=event.programs))
        if not isinstance(event, EpochDone):
            return
        start = time.perf_counter()
        predictions, loss, known = self._data.predicted(event.weights())
        event.record["validation_loss"] = loss
        self._warn_of(loss, event.state.epoch, predictions, known)
        event.record.update(
            {f"validation_{name}": value for name, value in self._measured(predictions, known)}
        )
        event.state.seconds += time.perf_counter() - start
        event.record["seconds"] = event.state.seconds

    def _measure_by(self, recipe: Recipe, data: Supply) -> None:
        self._data = data
        self._objective = recipe.objective
        self._metrics = metric_names(recipe.objective, recipe.metrics, data.sample)

    def _measured(self, predictions: Structure, known: Arrays) -> list[tuple[str, float]]:
        y = known.y
        figures = measured(self._objective, self._metrics, predictions, known)
        own = [] if y is None else [(name, float(each(y, predictions))) for name, each in self._own.items()]
        return [*figures.items(), *own]

    def _warn_of(self, loss: float | None, epoch: int, predictions: Structure, known: Arrays) -> None:
        """Once a run: the epochs after it say nothing new."""
        if not self._warned and loss is not None and not np.isfinite(loss):
            self._warned = True
            warn(not_finite_validation(loss, epoch, known.named, flattened("prediction", predictions)))
