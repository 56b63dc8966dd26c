"""Compiled programs of one run, made when first needed, one for each shape of batch."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data import Arrays
from chainrule.executors import Compiled, Executor
from chainrule.train.recipe import Recipe
from chainrule.train.step import Batch, named_arrays, prediction_program, training_step

PREDICTION_ROWS = 512


class Programs:
    """Training steps and forward passes of a recipe, compiled by one executor and kept by batch size."""

    def __init__(self, recipe: Recipe, executor: Executor) -> None:
        self._recipe = recipe
        self._executor = executor
        self._compiled: dict[Any, Compiled] = {}

    def training(self, arrays: Arrays, rows: int, *, watch: bool) -> Compiled:
        """The training step for batches of this many rows."""
        key = ("training", rows, watch)
        if key not in self._compiled:
            step = training_step(self._recipe, Batch.of(arrays, rows), watch=watch)
            self._compiled[key] = self._executor(step.program)
        return self._compiled[key]

    def prediction(self, arrays: Arrays, rows: int, *, raw: bool = False) -> Compiled:
        """The forward pass for batches of this many rows."""
        key = ("prediction", rows, raw, tuple(named_arrays(arrays)), arrays.x.shape[1:])
        if key not in self._compiled:
            program = prediction_program(self._recipe, Batch.of(arrays, rows), raw=raw)
            self._compiled[key] = self._executor(program)
        return self._compiled[key]

    def predict(
        self, tree: Mapping[str, np.ndarray], arrays: Arrays, *, raw: bool = False
    ) -> tuple[np.ndarray, float | None]:
        """Predictions for all rows, and their mean loss where there are targets (None without)."""
        predictions, losses, counts = [], [], []
        for start in range(0, len(arrays), PREDICTION_ROWS):
            part = arrays.take(slice(start, start + PREDICTION_ROWS))
            compiled = self.prediction(part, len(part), raw=raw)
            results = compiled.run(dict(tree), named_arrays(part))
            predictions.append(results["prediction"])
            if "loss" in results:
                losses.append(float(results["loss"]))
                counts.append(float(len(part) if part.weight is None else part.weight.sum()))
        loss = float(np.average(losses, weights=counts)) if losses and sum(counts) > 0 else None
        return np.concatenate(predictions), loss
