"""Draws a workload's data and asks chainrule for its initial weights and its matrix products."""

from collections.abc import Iterable
from math import prod
from zlib import crc32

import numpy as np

from benchmarks.peers.ours import batch_of, recipe_of
from benchmarks.problem import CHECKED_STEPS, Problem
from benchmarks.workloads import Bag, Gpt, Workload
from chainrule.program import Step
from chainrule.program.counting import step_flops
from chainrule.program.operations.scanning import Scan
from chainrule.training import initial_tree, training_step

_EPOCHS = 4  # different orders, taken in turn
_PRODUCTS = (
    *("matmul", "convolution", "convolution_input_adjoint", "convolution_weight_adjoint"),
    *("attention", "attention_query_adjoint", "attention_key_adjoint", "attention_value_adjoint"),
    *("lstm", "gru"),
)
_NOISE = 0.5  # relative to the spread of the true scores: so that no network learns the data by heart soon


def make_problem(workload: Workload, threads: int) -> Problem:
    """Classes by a hidden linear map with noise; everything follows from the workload's name."""
    random = np.random.default_rng(crc32(workload.name.encode()))
    x, scores = _data(workload, random)
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
    y = scores.argmax(-1).astype(np.int32)
    return Problem(workload, x, y, np.stack(orders).astype(np.int64), parameters, threads)


def _data(workload: Workload, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """x, and the scores of every class: (rows, classes), or (rows, tokens, classes) where each has a target.

    Floats are scored by a matrix, tokens by a row of it each.
    """
    network = workload.network
    shape = (workload.rows, *network.example)
    if not isinstance(network, Gpt | Bag):
        x = random.standard_normal(shape, np.float32)
        return x, x.reshape(len(x), -1) @ random.standard_normal(
            (prod(network.example), network.classes), np.float32
        )
    x = random.integers(0, network.vocabulary, shape, np.int32)
    scores = random.standard_normal((network.vocabulary, network.classes), np.float32)[x]
    return x, scores if network.targets else scores.mean(1)


def matrix_flops(workload: Workload) -> int:
    """Floating-point operations of one step's products: 2 n m k each, forward and backward.

    Of matrices, convolutions and attention, in loops over time too.
    """
    return _product_flops(training_step(recipe_of(workload), batch_of(workload)).program.steps)


def _product_flops(steps: Iterable[Step]) -> int:
    total = 0
    for step in steps:
        if step.operation == "scan":
            loop = Scan.of(step.attributes)
            total += loop.length * _product_flops(loop.body.steps)
        elif step.operation in _PRODUCTS:
            total += step_flops(step)
    return total
