"""Prodigy: a learning rate that is estimated from the distance to the start."""

import math
from dataclasses import dataclass

import numpy as np

from chainrule.nn.optimizers.moments import mixed
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, dtype_of, filled_for
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ScaleByProdigy(Transform):
    """u ← d m / (√v + d ε), with m and v as in Adam of d g, and d ≤ ‖θ₀ - θ*‖ estimated as it goes.

    Mishchenko and Defazio 2024, algorithm 4 with a constant γ: r ← √β₂ r + (1 - √β₂) d² g · (θ₀ - θ), s ← √β₂
    s + (1 - √β₂) d² g, then d ← max(d, r / ‖s‖₁) for the next step. The learning rate that follows is 1, or a
    schedule that falls from 1. d starts at `distance`; the first steps, in which it grows, are small.
    beta1: at least 0 and below 1. beta2: above 0 and below 1. epsilon, distance: above 0.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    distance: float = 1e-6

    def __post_init__(self) -> None:
        check_number(self, "beta1", self.beta1, at_least=0, below=1)
        check_number(self, "beta2", self.beta2, above=0, below=1)
        check_number(self, "epsilon", self.epsilon, above=0)
        check_number(self, "distance", self.distance, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """d and r; the first parameters; means, mean squares and s of 0."""
        dtype = dtype_of(parameters)
        first = {f"first.{name}": np.array(array) for name, array in parameters.items()}
        sums = {n: a for kind in ("mean", "square", "sum") for n, a in filled_for(parameters, kind).items()}
        return {
            "distance": np.full((), self.distance, dtype),
            "product": np.zeros((), dtype),
            **first,
            **sums,
        }

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every mean, and of the estimate."""
        d, root = state["distance"], math.sqrt(self.beta2)
        product, size = root * state["product"], d * 0.0
        scaled: dict[str, Tensor] = {}
        fresh: dict[str, Tensor] = {}
        for name, g in updates.items():
            first, mine = state[f"first.{name}"], d.cast(g.dtype)
            mean = mixed(self.beta1, state[f"mean.{name}"], mine * g)
            square = mixed(self.beta2, state[f"square.{name}"], (mine * g) * (mine * g))
            total = mixed(root, state[f"sum.{name}"], (mine * mine) * g)
            scaled[name] = mine * mean / (f.sqrt(square) + mine * self.epsilon)
            if g.size:
                away = f.dot(g, first - parameters[name]).cast(d.dtype)
                product = product + (1.0 - root) * (d * d) * away
                size = size + abs(total).sum().cast(d.dtype)
            fresh |= {f"first.{name}": first, f"mean.{name}": mean}
            fresh |= {f"square.{name}": square, f"sum.{name}": total}
        some = size > 0.0
        estimate = f.where(some, product / f.where(some, size, 1.0), 0.0)
        return scaled, {"distance": f.maximum(d, estimate), "product": product, **fresh}
