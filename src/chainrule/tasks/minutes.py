"""Fitting training into given minutes, by timing a few steps; shared by tasks."""

import time

import numpy as np

from chainrule.data import Source
from chainrule.executors import DEFAULT
from chainrule.training import Programs, Recipe
from chainrule.training.fitting import starting_tree_of
from chainrule.training.supply import supply_of

KEPT = 0.92
"""The share of the minutes for training steps; the rest is a reserve."""
FORWARD = 1 / 3
"""The time to predict examples, as a share of a step with as many examples."""


def seconds_per_step(recipe: Recipe, training: Source) -> float:
    """The time of a training step: the fastest of three. Nothing that they learn is kept."""
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
    """The number of epochs that fit into the minutes, perhaps 0.

    each: seconds of a step per example. epoch: examples trained on in an epoch, plus `FORWARD` times those
    predicted. once: examples predicted after training.
    """
    return int((KEPT * 60 * minutes - each * FORWARD * once) / (each * epoch))
