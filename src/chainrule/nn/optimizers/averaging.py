"""Last links of a chain, which use the parameters after the step: averages of them, slow weights.

Put them at the end, such as chain(adam(), ExponentialMovingAverage(0.999)).
"""

from dataclasses import dataclass

import numpy as np

from chainrule.nn.optimizers.moments import correction
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, dtype_of, part
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ExponentialMovingAverage(Transform):
    """θ̄ ← θ̄ + (1 - decay) / (1 - decayᵗ) · (θ - θ̄), t = 1, 2, …; θ̄ is evaluated and stored.

    The average of Polyak and Juditsky 1992 with exponential weights. The denominator is Adam's bias
    correction: θ̄ is the weighted mean of the parameters after each step, without the initial ones. Updates
    do not change.
    decay: at least 0 and below 1; it averages over about 1 / (1 - decay) steps. State of layers, such as the
    running statistics of BatchNorm, is not averaged.
    """

    decay: float = 0.999

    def __post_init__(self) -> None:
        check_number(self, "decay", self.decay, at_least=0, below=1)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """0 steps, and the initial parameters."""
        return {"step": np.zeros((), "int32"), **_copies(parameters, "average")}

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Move every average towards the new parameters."""
        step = state["step"] + 1
        share = (1 - self.decay) / correction(self.decay, step.cast(dtype_of(updates)))
        return dict(updates), {"step": step, **_moved_averages(share, updates, state, parameters)}

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The averages θ̄."""
        return dict(parameters) | part(state, "average.")


@dataclass(frozen=True)
class StochasticWeightAverage(Transform):
    """θ̄ = mean of θ after steps start + every, start + 2 every, …; θ̄ is evaluated and stored.

    SWA (Izmailov et al. 2018), for a constant or cyclical rate that stays high. Up to step `start`, θ̄ is θ;
    from there it is constant until the first step that counts. Updates do not change. start: steps, at least
    0.
    every: steps, at least 1; in the paper one cycle or epoch. State of layers, such as the running statistics
    of BatchNorm, is not averaged.
    """

    start: int
    every: int = 1

    def __post_init__(self) -> None:
        check_whole(self, "start", self.start, at_least=0)
        check_whole(self, "every", self.every)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """0 steps, and the initial parameters."""
        return {"step": np.zeros((), "int32"), **_copies(parameters, "average")}

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Include the new parameters in the averages, at the steps that count."""
        step = state["step"] + 1
        past = (step - self.start).cast(dtype_of(updates))
        count = f.floor(past / self.every)
        at_end = f.equal(count * self.every, past)
        share = f.where(at_end, 1.0 / f.maximum(count, 1.0), 0.0)
        share = f.where(past <= 0.0, 1.0, share)
        return dict(updates), {"step": step, **_moved_averages(share, updates, state, parameters)}

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The averages θ̄."""
        return dict(parameters) | part(state, "average.")


@dataclass(frozen=True)
class Lookahead(Transform):
    """After every `every` steps φ ← φ + share (θ - φ) and θ ← φ (Zhang et al. 2019).

    φ, the slow weights, start at θ. Between, the transforms before this one update θ; their state (moments)
    continues unchanged, as in the paper's experiments. every: steps, at least 1, the paper's k. share: above
    0 and at most 1, the paper's α.
    """

    every: int = 5
    share: float = 0.5

    def __post_init__(self) -> None:
        check_whole(self, "every", self.every)
        check_number(self, "share", self.share, above=0, at_most=1)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """0 steps, and slow weights equal to the parameters."""
        return {"count": np.zeros((), "int32"), **_copies(parameters, "slow")}

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """The given updates, or those that lead to the new slow weights."""
        count = state["count"] + 1
        back = f.equal(count, self.every)
        changed: dict[str, Tensor] = {}
        fresh: dict[str, Tensor] = {"count": f.where(back, 0, count)}
        for name, u in updates.items():
            slow, parameter = state[f"slow.{name}"], parameters[name]
            fresh_slow = slow + self.share * (parameter + u - slow)
            changed[name] = f.where(back, fresh_slow - parameter, u)
            fresh[f"slow.{name}"] = f.where(back, fresh_slow, slow)
        return changed, fresh


def _copies(parameters: NamedArrays, kind: str) -> dict[str, np.ndarray]:
    return {f"{kind}.{name}": np.array(array) for name, array in parameters.items()}


def _moved_averages(
    share: Tensor, updates: Tensors, state: Tensors, parameters: Tensors
) -> dict[str, Tensor]:
    fresh: dict[str, Tensor] = {}
    for name, u in updates.items():
        average = state[f"average.{name}"]
        fresh[f"average.{name}"] = average + share.cast(u.dtype) * (parameters[name] + u - average)
    return fresh
