"""The textbook's example: one step of backpropagation of a two-layer network for the exclusive or."""

from dataclasses import dataclass, field

import numpy as np

from chainrule.backprop import Explanation, explain
from chainrule.data import Arrays
from chainrule.executors.numpy_ import every_value
from chainrule.nn import Dense, HalfSquaredError, Layer, glorot_uniform, sgd
from chainrule.program import Tensor
from chainrule.training import Batch, Recipe, Supervised, initial_tree, training_step

XOR_X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR_T = np.array([[0.0], [1.0], [1.0], [0.0]])


@dataclass(frozen=True)
class TwoLayer(Layer):
    """h = σ(W_h x + b_h), y = σ(W_y h + b_y)."""

    h: Dense = field(default_factory=lambda: Dense(2, "sigmoid", weight=glorot_uniform()))
    y: Dense = field(default_factory=lambda: Dense(1, "sigmoid", weight=glorot_uniform()))

    def __call__(self, x: Tensor) -> Tensor:
        return self.y(self.h(x))


def explain_xor(seed: int = 0, row: int = 2, rate: float = 0.5) -> Explanation:
    """One step of gradient descent on one row of the exclusive or (0 … 3), in float64."""
    recipe = Recipe(Supervised(TwoLayer(), HalfSquaredError()), sgd(rate), seed=seed, dtype="float64")
    example = Arrays.of(XOR_X[row : row + 1], XOR_T[row : row + 1])
    step = training_step(recipe, Batch.of(example, 1))
    values = every_value(step.program, initial_tree(recipe, step), example.named)
    return explain(step.program, values, rate=rate, title="One step of backpropagation: the exclusive or")
