"""Run.explain: one step of backpropagation on one example, with every number."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.backprop import ErrorTerms, Explanation, differentiate, explain
from chainrule.data import Arrays
from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.executors.numpy_ import every_value
from chainrule.nn.layer import building
from chainrule.nn.results import described
from chainrule.program import Program, Trace
from chainrule.training.inputs import arrays_for, check_lengths
from chainrule.training.objective import Supervised, recorded
from chainrule.training.recipe import Recipe
from chainrule.training.step import Batch, inputs_of

if TYPE_CHECKING:
    from chainrule.training.run import Run

_RATE = 0.01  # where the run has none, as before its first epoch


def explain_row(run: "Run", row: int, data: Any) -> Explanation:
    """See `Run.explain`."""
    example = _example(run, row, data)
    objective = run.recipe.objective
    if not isinstance(objective, Supervised):
        raise ChainruleError(
            f"explain shows a model that learns targets, and this run has {type(objective).__name__}",
            remedy="read the whole step instead, as the run's program",
        )
    rate = run.history[-1].get("learning_rate", _RATE) if run.history else _RATE
    recipe = replace(run.recipe, objective=replace(objective, mixing=None))
    program = _descent(recipe, example, rate)
    values = every_value(program, dict(run.parameters), example.named)
    loss = objective.loss.of_one()
    terms = ErrorTerms(loss.equation, loss.slope)
    return explain(
        program, values, rate=rate, error=terms, title=f"One step of backpropagation: example {row}"
    )


def _example(run: "Run", row: int, data: Any) -> Arrays:
    """The example of this number, without its weight."""
    if data is not None:
        arrays = arrays_for(run.recipe, data, columns=run.columns)
    elif run.going_on is not None and isinstance(run.going_on.data, Arrays):
        arrays = run.going_on.data
    else:
        raise DataError("this run has no data in memory to take an example from", remedy="give (x, y)")
    if arrays.y is None:
        raise DataError("the data has no targets", remedy="pass a pair (x, y)")
    if not isinstance(row, int | np.integer) or isinstance(row, bool):
        raise ConfigError(
            f"row is {described(row)}; it is the number of an example, from 0 to {len(arrays) - 1}",
            remedy="give one of those numbers",
        )
    if not 0 <= row < len(arrays):
        raise DataError(
            f"there is no example {row}; there are {len(arrays)}",
            remedy=f"choose one from 0 to {len(arrays) - 1}",
        )
    check_lengths(run.programs, arrays.inputs.named, run.input_shapes, run.parameters, "explain")
    return arrays.weighted(None).take(slice(row, row + 1))


def _descent(recipe: Recipe, example: Arrays, rate: float) -> Program:
    """A step of plain gradient descent as the model predicts: without dropout, mixing and penalties."""
    trace = Trace()
    inputs = inputs_of(trace, recipe, Batch.of(example, 1).inputs)
    with building(trace, training=False, dtype=recipe.dtype) as built:
        loss = recorded(recipe.objective, inputs, built).loss
    deltas = differentiate(loss, trace.parameters.values())
    with trace.at(layer="descent", part="update"):
        updates = {p: p - rate * deltas[p.value] for p in trace.parameters.values()}
    return trace.program({"loss": loss}, updates)
