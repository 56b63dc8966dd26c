"""Transforms with moving averages of gradients or of their squares: momentum, Adagrad, RMSProp, Adam."""

from dataclasses import dataclass

import numpy as np

from chainrule.nn.optimizers.moments import correction, mixed
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, filled_for
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Momentum(Transform):
    """v ← momentum · v + g; the update is v, or with nesterov g + momentum · v.

    v starts at 0. The learning rate comes later in the chain and is not part of v, as in PyTorch; in Keras it
    is, which is the same while the rate is constant. Polyak 1964; Nesterov 1983 in the form of Bengio,
    Boulanger-Lewandowski and Pascanu 2013, where the parameters are the look-ahead point.
    momentum: at least 0 and below 1.
    """

    momentum: float = 0.9
    nesterov: bool = False

    def __post_init__(self) -> None:
        check_number(self, "momentum", self.momentum, at_least=0, below=1)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Velocities of 0."""
        return filled_for(parameters, "velocity")

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every velocity."""
        velocity = {name: self.momentum * state[f"velocity.{name}"] + g for name, g in updates.items()}
        ahead = (
            {name: g + self.momentum * velocity[name] for name, g in updates.items()}
            if self.nesterov
            else velocity
        )
        return dict(ahead), {f"velocity.{name}": v for name, v in velocity.items()}


@dataclass(frozen=True)
class ScaleByAdagrad(Transform):
    """s ← s + g²; the update is g / (√s + epsilon) (Duchi, Hazan and Singer 2011).

    epsilon stands outside the root, as the paper's δ and in PyTorch. s starts at `initial`, 0 as in the paper
    and PyTorch (Keras: 0.1). epsilon: above 0. initial: at least 0.
    """

    initial: float = 0.0
    epsilon: float = 1e-10

    def __post_init__(self) -> None:
        check_number(self, "initial", self.initial, at_least=0)
        check_number(self, "epsilon", self.epsilon, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Sums of squares at `initial`."""
        return filled_for(parameters, "sum", self.initial)

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every sum."""
        sums = {name: state[f"sum.{name}"] + g * g for name, g in updates.items()}
        scaled = {name: g / (f.sqrt(sums[name]) + self.epsilon) for name, g in updates.items()}
        return scaled, {f"sum.{name}": s for name, s in sums.items()}


@dataclass(frozen=True)
class ScaleByRms(Transform):
    """s ← rho · s + (1 - rho) g²; the update is g / (√s + epsilon) (Tieleman and Hinton 2012).

    s starts at 0, without bias correction. epsilon stands outside the root, as in PyTorch (Keras and
    TensorFlow: inside). rho: at least 0 and below 1. epsilon: above 0.
    """

    rho: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_number(self, "rho", self.rho, at_least=0, below=1)
        check_number(self, "epsilon", self.epsilon, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Mean squares of 0."""
        return filled_for(parameters, "square")

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every mean square."""
        squares = {name: mixed(self.rho, state[f"square.{name}"], g * g) for name, g in updates.items()}
        scaled = {name: g / (f.sqrt(squares[name]) + self.epsilon) for name, g in updates.items()}
        return scaled, {f"square.{name}": s for name, s in squares.items()}


@dataclass(frozen=True)
class ScaleByAdam(Transform):
    """m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g²; the update is m̂ / (√v̂ + epsilon).

    m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) with t = 1, 2, … (Kingma and Ba 2015, algorithm 1). epsilon is
    added outside the root, after the bias correction, as in PyTorch; the paper's faster form, used by
    TensorFlow and Keras, adds it before the correction. beta1, beta2: at least 0 and below 1. epsilon: above
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
        """Steps so far, means and mean squares, all 0."""
        return {
            "step": np.zeros((), "int32"),
            **filled_for(parameters, "mean"),
            **filled_for(parameters, "square"),
        }

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every mean and mean square."""
        step = state["step"] + 1
        scaled: dict[str, Tensor] = {}
        fresh: dict[str, Tensor] = {"step": step}
        corrections: dict[str, tuple[Tensor, Tensor]] = {}
        for name, g in updates.items():
            if g.dtype not in corrections:
                t = step.cast(g.dtype)
                # Their reciprocals, once a step: two divisions less for every parameter.
                corrections[g.dtype] = 1 / correction(self.beta1, t), 1 / correction(self.beta2, t)
            mean_correction, square_correction = corrections[g.dtype]
            mean = mixed(self.beta1, state[f"mean.{name}"], g)
            square = mixed(self.beta2, state[f"square.{name}"], g * g)
            scaled[name] = (mean * mean_correction) / (f.sqrt(square * square_correction) + self.epsilon)
            fresh[f"mean.{name}"], fresh[f"square.{name}"] = mean, square
        return scaled, fresh
