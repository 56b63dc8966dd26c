"""Adam with another denominator: the infinity norm (Adamax), or one that is trusted late (RAdam)."""

import math
from dataclasses import dataclass

import numpy as np

from chainrule.nn.optimizers.moments import correction, mixed
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, filled_for
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ScaleByAdamax(Transform):
    """m ← β₁ m + (1 - β₁) g; u ← max(β₂ u, |g| + ε); the update is m / ((1 - β₁ᵗ) u).

    Kingma and Ba 2015, algorithm 2; ε, which the paper leaves out, within the maximum as in PyTorch. beta1,
    beta2: at least 0 and below 1. epsilon: above 0.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_number(self, "beta1", self.beta1, at_least=0, below=1)
        check_number(self, "beta2", self.beta2, at_least=0, below=1)
        check_number(self, "epsilon", self.epsilon, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Steps so far, means and norms, all 0."""
        state = {"step": np.zeros((), "int32")}
        return state | filled_for(parameters, "mean") | filled_for(parameters, "norm")

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every mean and norm."""
        step = state["step"] + 1
        scaled: dict[str, Tensor] = {}
        fresh: dict[str, Tensor] = {"step": step}
        for name, g in updates.items():
            mean = mixed(self.beta1, state[f"mean.{name}"], g)
            norm = f.maximum(self.beta2 * state[f"norm.{name}"], abs(g) + self.epsilon)
            scaled[name] = mean / (correction(self.beta1, step.cast(g.dtype)) * norm)
            fresh[f"mean.{name}"], fresh[f"norm.{name}"] = mean, norm
        return scaled, fresh


@dataclass(frozen=True)
class ScaleByRectifiedAdam(Transform):
    """u ← r m̂ √(1 - β₂ᵗ) / (√v + ε) once ρ > 5, u ← m̂ before; m, v and m̂ as in ScaleByAdam.

    r = √((ρ - 4)(ρ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρ)), ρ∞ = 2 / (1 - β₂) - 1, ρ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ): the
    first steps, whose v is known badly, are shorter (Liu et al. 2020, algorithm 2). With PyTorch's bound 5,
    the paper's is 4, and its ε outside of the root.
    beta1: at least 0 and below 1. beta2: above ⅔, so that ρ∞ is above 5, and below 1. epsilon: above 0.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_number(self, "beta1", self.beta1, at_least=0, below=1)
        check_number(self, "beta2", self.beta2, above=2 / 3, below=1)
        check_number(self, "epsilon", self.epsilon, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Steps so far, means and mean squares, all 0."""
        state = {"step": np.zeros((), "int32")}
        return state | filled_for(parameters, "mean") | filled_for(parameters, "square")

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every mean and mean square."""
        step = state["step"] + 1
        scaled: dict[str, Tensor] = {}
        fresh: dict[str, Tensor] = {"step": step}
        for name, g in updates.items():
            t = step.cast(g.dtype)
            mean = mixed(self.beta1, state[f"mean.{name}"], g)
            square = mixed(self.beta2, state[f"square.{name}"], g * g)
            length, trusted = self._rectification(t)
            corrected = mean / correction(self.beta1, t)
            root = f.sqrt(correction(self.beta2, t)) / (f.sqrt(square) + self.epsilon)
            scaled[name] = corrected * f.where(trusted, length * root, 1.0)
            fresh[f"mean.{name}"], fresh[f"square.{name}"] = mean, square
        return scaled, fresh

    def _rectification(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """r, and whether ρ is above 5."""
        full = 2 / (1 - self.beta2) - 1
        decayed = f.exp(t * math.log(self.beta2))
        rho = full - 2.0 * t * decayed / correction(self.beta2, t)
        trusted = rho > 5.0
        known = f.where(trusted, rho, 5.0)
        share = (known - 4.0) * (known - 2.0) / known
        return f.sqrt(share * (full / ((full - 4) * (full - 2)))), trusted
