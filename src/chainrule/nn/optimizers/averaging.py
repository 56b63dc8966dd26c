"""Last links of a chain that look at where the step leads: averages of the parameters, slow weights.

Put them after everything else, such as chain(adam(), ExponentialMovingAverage(0.999)).
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
    """θ̄ ← θ̄ + (1 - decay) / (1 - decayᵗ) · (θ - θ̄), t = 1, 2, …; θ̄ is what is evaluated and kept.

    The average of Polyak and Juditsky 1992 with exponential weights. The denominator is Adam's correction:
    θ̄ is the exactly weighted mean of the parameters after each step, the initial ones not among them. The
    updates themselves stay as they are. decay: at least 0 and below 1; it averages over about
    1 / (1 - decay) steps. Statistics that layers keep, such as batch normalization's, are not averaged.
    """

    decay: float = 0.999

    def __post_init__(self) -> None:
        check_number(self, "decay", self.decay, at_least=0, below=1)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """No steps yet; the parameters as they are."""
        return {"step": np.zeros((), "int32"), **_copies(parameters, "average")}

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Move every average towards the new parameters."""
        step = state["step"] + 1
        share = (1 - self.decay) / correction(self.decay, step.cast(dtype_of(updates)))
        return dict(updates), {"step": step, **_moved_averages(share, updates, state, parameters)}

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The averages."""
        return dict(parameters) | part(state, "average.")


@dataclass(frozen=True)
class StochasticWeightAverage(Transform):
    """θ̄ = mean of θ after steps start + every, start + 2 every, …; θ̄ is what is evaluated and kept.

    SWA (Izmailov et al. 2018), to be used with a constant or cyclical rate that stays high. Up to `start`, θ̄
    is θ; then it rests until the first mean. The updates themselves stay as they are. start: steps, at least
    0. every: steps, at least 1; in the paper the end of each cycle or epoch. Statistics that layers keep,
    such as batch normalization's, are not averaged.
    """

    start: int
    every: int = 1

    def __post_init__(self) -> None:
        check_whole(self, "start", self.start, at_least=0)
        check_whole(self, "every", self.every)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """No steps yet; the parameters as they are."""
        return {"step": np.zeros((), "int32"), **_copies(parameters, "average")}

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Move every average towards the new parameters, by one part in the number of those so far."""
        step = state["step"] + 1
        past = (step - self.start).cast(dtype_of(updates))
        count = f.floor(past / self.every)
        at_end = f.equal(count * self.every, past)
        share = f.where(at_end, 1.0 / f.maximum(count, 1.0), 0.0)
        share = f.where(past <= 0.0, 1.0, share)
        return dict(updates), {"step": step, **_moved_averages(share, updates, state, parameters)}

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The averages."""
        return dict(parameters) | part(state, "average.")


@dataclass(frozen=True)
class Lookahead(Transform):
    """Every `every` steps the slow weights φ ← φ + share (θ - φ), and θ ← φ (Zhang et al. 2019).

    Between, θ moves as the transforms before say; their own state (moments) continues unchanged, as in the
    paper's experiments. φ starts at θ. every: at least 1, the paper's k. share: above 0 and at most 1, the
    paper's α.
    """

    every: int = 5
    share: float = 0.5

    def __post_init__(self) -> None:
        check_whole(self, "every", self.every)
        check_number(self, "share", self.share, above=0, at_most=1)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """No steps yet; slow weights where the parameters are."""
        return {"count": np.zeros((), "int32"), **_copies(parameters, "slow")}

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Step on, or back to the slow weights."""
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
