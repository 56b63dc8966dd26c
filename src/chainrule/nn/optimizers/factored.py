"""Adafactor: mean squares of a matrix kept as one number for each row and each column."""

import math
from dataclasses import dataclass

import numpy as np

from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ScaleByFactoredRms(Transform):
    """u ← g / √V, V = R C / mean R, R and C mean squares of rows and columns; u ← u / max(1, RMS(u) / d).

    Adafactor (Shazeer and Stern 2018, algorithms 4 and 5): R ← β R + (1 - β) mean of g² along the last axis,
    C along the one before it, with β = 1 - t^-decay, t = 1, 2, … Parameters of fewer than two axes have mean
    squares of their own. ε, `epsilon`, is the least V, as in PyTorch; the paper adds it to g².
    Memory: of an n × m matrix, n + m numbers. Use with ScaleByParameter for the paper's relative steps.
    decay: above 0, at most 1. threshold: d, above 0. epsilon: above 0.
    """

    decay: float = 0.8
    threshold: float = 1.0
    epsilon: float = 1e-30

    def __post_init__(self) -> None:
        check_number(self, "decay", self.decay, above=0, at_most=1)
        check_number(self, "threshold", self.threshold, above=0)
        check_number(self, "epsilon", self.epsilon, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Steps so far, and mean squares of 0."""
        state: dict[str, np.ndarray] = {"step": np.zeros((), "int32")}
        for name, array in parameters.items():
            if array.ndim < 2:
                state[f"square.{name}"] = np.zeros(array.shape, array.dtype)
            else:
                state[f"rows.{name}"] = np.zeros(array.shape[:-1], array.dtype)
                state[f"columns.{name}"] = np.zeros((*array.shape[:-2], array.shape[-1]), array.dtype)
        return state

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every mean square."""
        step = state["step"] + 1
        scaled: dict[str, Tensor] = {}
        fresh: dict[str, Tensor] = {"step": step}
        for name, g in updates.items():
            share = f.exp(f.log(step.cast(g.dtype)) * -self.decay)  # 1 - β
            kinds = ("square",) if g.ndim < 2 else ("rows", "columns")
            if not g.size:
                scaled[name] = g
                fresh |= {f"{kind}.{name}": state[f"{kind}.{name}"] for kind in kinds}
                continue
            square = g * g
            means = (square,) if g.ndim < 2 else (square.mean(-1), square.mean(-2))
            olds = [state[f"{kind}.{name}"] for kind in kinds]
            news = [old + share * (mean - old) for old, mean in zip(olds, means, strict=True)]
            fresh |= {f"{kind}.{name}": new for kind, new in zip(kinds, news, strict=True)}
            u = g / f.sqrt(f.maximum(self._estimated(g, news), self.epsilon))
            scaled[name] = u / f.maximum(root_mean_square(u) / self.threshold, 1.0)
        return scaled, fresh

    def _estimated(self, g: Tensor, means: list[Tensor]) -> Tensor:
        """V."""
        if len(means) == 1:
            return means[0]
        rows, columns = means
        outer = rows.reshape(*rows.shape, 1) * columns.reshape(*g.shape[:-2], 1, g.shape[-1])
        return outer / f.maximum(rows.mean(-1, keepdims=True).reshape(*g.shape[:-2], 1, 1), self.epsilon)


@dataclass(frozen=True)
class ScaleByParameter(Transform):
    """u ← max(least, RMS(θ)) u, with RMS(θ) = √ mean θ²: steps relative to the size of a parameter.

    Shazeer and Stern 2018, section 8. least: above 0, for parameters that start at 0.
    """

    least: float = 1e-3

    def __post_init__(self) -> None:
        check_number(self, "least", self.least, above=0)

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Scale every update."""
        sizes = {n: f.maximum(root_mean_square(parameters[n]), self.least) for n in updates}
        return {name: sizes[name] * u for name, u in updates.items()}, {}


def root_mean_square(x: Tensor) -> Tensor:
    """√ mean x² over all elements; 0 of nothing."""
    return f.sqrt(f.dot(x, x) / max(1, math.prod(x.shape)))
