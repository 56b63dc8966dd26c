"""Compiled programs of one run, made when first needed, one for each shape of batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data import Arrays
from chainrule.executors import Compiled, Executor
from chainrule.program import Program
from chainrule.train.recipe import Recipe
from chainrule.train.step import Batch, TrainingStep, named_arrays, prediction_program, training_step

PREDICTION_ROWS = 512
_LEAST_FILLED = 64


class Programs:
    """Training steps and forward passes of a recipe, compiled by one executor and kept by shape.

    They hold no weights, so one serves any number of runs of the same model, loss, optimizer, penalties,
    mixing and dtype.
    """

    def __init__(self, recipe: Recipe, executor: Executor) -> None:
        self._recipe = recipe
        self.executor = executor
        self._steps: dict[Any, TrainingStep] = {}
        self._forward: dict[Any, Program] = {}
        self._compiled: dict[Any, Compiled] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy compiles anew: what is compiled belongs to this process."""
        return Programs, (self._recipe, self.executor)

    def step(self, arrays: Arrays, rows: int, *, watch: bool) -> TrainingStep:
        """The training step for batches of this many rows, as it was recorded."""
        key = (watch, *_kind(arrays, rows))
        if key not in self._steps:
            self._steps[key] = training_step(self._recipe, Batch.of(arrays, rows), watch=watch)
        return self._steps[key]

    def training(self, arrays: Arrays, rows: int, *, watch: bool) -> Compiled:
        """The training step for batches of this many rows."""
        key = ("training", watch, *_kind(arrays, rows))
        if key not in self._compiled:
            self._compiled[key] = self.executor(self.step(arrays, rows, watch=watch).program)
        return self._compiled[key]

    def forward(self, arrays: Arrays, rows: int, *, raw: bool) -> Program:
        """The forward pass for batches of this many rows, as it was recorded."""
        key = (raw, *_kind(arrays, rows))
        if key not in self._forward:
            self._forward[key] = prediction_program(self._recipe, Batch.of(arrays, rows), raw=raw)
        return self._forward[key]

    def prediction(self, arrays: Arrays, rows: int, *, raw: bool = False) -> Compiled:
        """The forward pass for batches of this many rows."""
        key = ("prediction", raw, *_kind(arrays, rows))
        if key not in self._compiled:
            self._compiled[key] = self.executor(self.forward(arrays, rows, raw=raw))
        return self._compiled[key]

    def predict(
        self, tree: Mapping[str, np.ndarray], arrays: Arrays, *, raw: bool = False, fill: bool = False
    ) -> tuple[np.ndarray, float | None]:
        """Predictions for all rows, and their mean loss where there are targets (None without).

        fill: the last rows are repeated up to 64, 128, 256 or 512, so that tables of any length need four
        programs, and what is predicted of a row does not hang on how many there are beside it: small products
        add in another order. Not with targets, whose loss would count the filling.
        """
        predictions, losses, counts = [], [], []
        for start in range(0, len(arrays), PREDICTION_ROWS):
            part = arrays.take(slice(start, start + PREDICTION_ROWS))
            rows = len(part)
            part = _filled(part) if fill else part
            compiled = self.prediction(part, len(part), raw=raw)
            results = compiled.run(dict(tree), named_arrays(part))
            predictions.append(results["prediction"][:rows])
            if "loss" in results:
                losses.append(float(results["loss"]))
                counts.append(float(rows if part.weight is None else part.weight.sum()))
        with np.errstate(invalid="ignore"):  # of losses that are not finite, neither is their mean
            loss = float(np.average(losses, weights=counts)) if losses and sum(counts) > 0 else None
        return np.concatenate(predictions), loss


def _kind(arrays: Arrays, rows: int) -> tuple[Any, ...]:
    """What `Batch.of` says, as a key that takes no time to make."""
    given = (arrays.x, arrays.y, arrays.weight)
    return (rows, *(None if array is None else (array.shape[1:], array.dtype) for array in given))


def _filled(part: Arrays) -> Arrays:
    missing = max(_LEAST_FILLED, 1 << (len(part) - 1).bit_length()) - len(part)
    return Arrays(np.concatenate([part.x, np.repeat(part.x[-1:], missing, axis=0)])) if missing else part
