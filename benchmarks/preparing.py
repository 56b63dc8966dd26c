"""Draws a workload's data and asks chainrule for its initial weights and its matrix products."""

from zlib import crc32

import numpy as np

from benchmarks.peers.ours import batch_of, recipe_of
from benchmarks.problem import CHECKED_STEPS, Problem
from benchmarks.workloads import Workload
from chainrule.program.counting import step_flops
from chainrule.train import initial_tree, training_step

_EPOCHS = 4  # different orders, taken in turn
_NOISE = 0.5  # relative to the spread of the true scores: so that no network learns the data by heart soon


def make_problem(workload: Workload, threads: int) -> Problem:
    """Classes by a hidden linear map with noise; everything follows from the workload's name."""
    random = np.random.default_rng(crc32(workload.name.encode()))
    features, classes = workload.network.widths[0], workload.network.widths[-1]
    x = random.standard_normal((workload.rows, features), np.float32)
    scores = x @ random.standard_normal((features, classes), np.float32)
    scores += _NOISE * scores.std() * random.standard_normal(scores.shape, np.float32)
    epochs = max(_EPOCHS, -(-CHECKED_STEPS // workload.steps))
    orders = [
        random.permutation(workload.rows)[: workload.steps * workload.batch].reshape(-1, workload.batch)
        for _ in range(epochs)
    ]
    recipe = recipe_of(workload)
    step = training_step(recipe, batch_of(workload))
    tree = initial_tree(recipe, step)
    parameters = {value.name: tree[value.name] for value in step.program.parameters}
    y = scores.argmax(1).astype(np.int32)
    return Problem(workload, x, y, np.stack(orders).astype(np.int64), parameters, threads)


def matrix_flops(workload: Workload) -> int:
    """Floating-point operations of one step's matrix products: 2 n m k each, forward and backward."""
    program = training_step(recipe_of(workload), batch_of(workload)).program
    return sum(step_flops(step) for step in program.steps if step.operation == "matmul")
