"""Further adaptive transforms: Adadelta, NAdam, AMSGrad, Lion."""

import math
from dataclasses import dataclass

import numpy as np

from chainrule.nn.optimizers.moments import correction, mixed
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, dtype_of, filled_for
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ScaleByAdadelta(Transform):
    """s ← ρ s + (1 - ρ) g²; u = √(d + ε) / √(s + ε) · g; d ← ρ d + (1 - ρ) u²; the update is u.

    Zeiler 2012, algorithm 1, which has no learning rate, that is a rate of 1. ε stands inside both roots.
    rho: ρ, at least 0 and below 1. epsilon: above 0.
    """

    rho: float = 0.9
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check_number(self, "rho", self.rho, at_least=0, below=1)
        check_number(self, "epsilon", self.epsilon, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Mean squares of gradients and of updates, all 0."""
        return filled_for(parameters, "square") | filled_for(parameters, "moved")

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every mean square."""
        scaled: dict[str, Tensor] = {}
        fresh: dict[str, Tensor] = {}
        for name, g in updates.items():
            moved = state[f"moved.{name}"]
            square = mixed(self.rho, state[f"square.{name}"], g * g)
            u = f.sqrt(moved + self.epsilon) / f.sqrt(square + self.epsilon) * g
            scaled[name] = u
            fresh[f"square.{name}"] = square
            fresh[f"moved.{name}"] = mixed(self.rho, moved, u * u)
        return scaled, fresh


@dataclass(frozen=True)
class ScaleByNadam(Transform):
    """update ← ((1 - μₜ) g / (1 - Πμ) + μₜ₊₁ m / (1 - μₜ₊₁ Πμ)) / (√v̂ + ε): Adam with Nesterov's momentum.

    μₜ = β₁ (1 - ½ · 0.96^(t · momentum_decay)), Πμ the product of μ₁ … μₜ; m, v and v̂ as in ScaleByAdam.
    Dozat 2016, algorithm 2, with the schedule of μ that he recommends, as in PyTorch; ε outside the root.
    beta1, beta2: at least 0 and below 1. epsilon: above 0. momentum_decay: at least 0.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004

    def __post_init__(self) -> None:
        check_number(self, "beta1", self.beta1, at_least=0, below=1)
        check_number(self, "beta2", self.beta2, at_least=0, below=1)
        check_number(self, "epsilon", self.epsilon, above=0)
        check_number(self, "momentum_decay", self.momentum_decay, at_least=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Steps so far, the product of the momenta, means and mean squares."""
        return {
            "step": np.zeros((), "int32"),
            "product": np.ones((), dtype_of(parameters)),
            **filled_for(parameters, "mean"),
            **filled_for(parameters, "square"),
        }

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every mean and mean square."""
        step = state["step"] + 1
        t = step.cast(state["product"].dtype)
        now, following = self._momentum(t), self._momentum(t + 1.0)
        product = state["product"] * now
        of_gradient = (1.0 - now) / (1.0 - product)
        of_mean = following / (1.0 - product * following)
        square_correction = correction(self.beta2, t)
        scaled: dict[str, Tensor] = {}
        fresh: dict[str, Tensor] = {"step": step, "product": product}
        for name, g in updates.items():
            mean = mixed(self.beta1, state[f"mean.{name}"], g)
            square = mixed(self.beta2, state[f"square.{name}"], g * g)
            ahead = of_gradient.cast(g.dtype) * g + of_mean.cast(g.dtype) * mean
            scaled[name] = ahead / (f.sqrt(square / square_correction.cast(g.dtype)) + self.epsilon)
            fresh[f"mean.{name}"], fresh[f"square.{name}"] = mean, square
        return scaled, fresh

    def _momentum(self, t: Tensor) -> Tensor:
        return self.beta1 * (1.0 - 0.5 * f.exp(t * (self.momentum_decay * math.log(0.96))))


@dataclass(frozen=True)
class ScaleByAmsgrad(Transform):
    """w ← max(w, v); the update is m̂ / (√(w / (1 - β₂ᵗ)) + ε), with m̂ and v as in ScaleByAdam.

    Reddi, Kale and Kumar 2018, algorithm 2, in PyTorch's form: with Adam's bias corrections, which the paper
    leaves out, and the maximum of v before correction. beta1, beta2: at least 0 and below 1. epsilon: above
    0.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_number(self, "beta1", self.beta1, at_least=0, below=1)
        check_number(self, "beta2", self.beta2, at_least=0, below=1)
        check_number(self, "epsilon", self.epsilon, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Steps so far, means, mean squares and the largest of those, all 0."""
        return {
            "step": np.zeros((), "int32"),
            **filled_for(parameters, "mean"),
            **filled_for(parameters, "square"),
            **filled_for(parameters, "largest"),
        }

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
            largest = f.maximum(state[f"largest.{name}"], square)
            root = f.sqrt(largest / correction(self.beta2, t))
            scaled[name] = mean / correction(self.beta1, t) / (root + self.epsilon)
            fresh |= {f"mean.{name}": mean, f"square.{name}": square, f"largest.{name}": largest}
        return scaled, fresh


@dataclass(frozen=True)
class ScaleByLion(Transform):
    """The update is sign(β₁ m + (1 - β₁) g); then m ← β₂ m + (1 - β₂) g (Chen et al. 2023, algorithm 2).

    Every parameter changes by exactly the learning rate, which should be three to ten times smaller than
    Adam's. beta1, beta2: at least 0 and below 1.
    """

    beta1: float = 0.9
    beta2: float = 0.99

    def __post_init__(self) -> None:
        check_number(self, "beta1", self.beta1, at_least=0, below=1)
        check_number(self, "beta2", self.beta2, at_least=0, below=1)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Means of 0."""
        return filled_for(parameters, "mean")

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every mean."""
        scaled = {name: f.sign(mixed(self.beta1, state[f"mean.{name}"], g)) for name, g in updates.items()}
        return scaled, {
            f"mean.{name}": mixed(self.beta2, state[f"mean.{name}"], g) for name, g in updates.items()
        }
