"""Fitting a training into minutes: what tasks share that time the first steps."""

import time

import numpy as np

from chainrule.data import Source
from chainrule.executors import DEFAULT
from chainrule.training import Programs, Recipe
from chainrule.training.fitting import starting_tree_of
from chainrule.training.supply import supply_of

KEPT = 0.92
"""Of the minutes, for the steps: the rest is for validation and the figures on held-out examples."""
FORWARD = 1 / 3
"""Of a step, what predicting as many examples takes."""


def seconds_per_step(recipe: Recipe, training: Source) -> float:
    """The fastest of three steps, which are forgotten."""
    programs = Programs(recipe, DEFAULT)
    supply = supply_of(programs, training)
    rows = supply.rows(recipe.batch_size)
    tree = starting_tree_of(recipe, supply, programs)
    sample = supply.sample
    session = programs.training(sample, rows).bind(tree)
    order = np.resize(np.arange(len(sample)), (1, rows))
    taken = []
    for _ in range(4):
        start = time.perf_counter()
        session.run_many(sample.named, order)
        taken.append(time.perf_counter() - start)
    return min(taken[1:])


def fitting_epochs(minutes: float, each: float, epoch: float, once: float) -> int:
    """How many epochs fit, maybe none.

    each: seconds of a step for one example. epoch: examples that an epoch trains on, those that it predicts
    counting a `FORWARD` each. once: examples that are predicted at the end.
    """
    return int((KEPT * 60 * minutes - each * FORWARD * once) / (each * epoch))
