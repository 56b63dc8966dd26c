"""Learning-rate schedules: the rate of every step, computed within the program."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.nn.part import Part
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Schedule(Part, ABC):
    """The learning rate as a function of the step and, for some schedules, of the validation loss."""

    def init(self, dtype: str) -> dict[str, np.ndarray]:
        """The initial state by name; most schedules have none."""
        return {}

    @abstractmethod
    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        """The rate, a scalar of step's dtype.

        step: a float scalar, 0, 1, 2, … state: with the names of `init`; only `observe` changes it.
        """

    def observe(self, state: Mapping[str, np.ndarray], monitored: float) -> dict[str, np.ndarray]:
        """The state after an epoch. monitored: its validation loss."""
        return dict(state)

    def observes(self) -> bool:
        """Whether `observe` may change the state: True if the class defines it."""
        return type(self).observe is not Schedule.observe


@dataclass(frozen=True)
class Constant(Schedule):
    """rate = learning_rate, constant; above 0."""

    learning_rate: float

    def __post_init__(self) -> None:
        check_number(self, "learning_rate", self.learning_rate, above=0)

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        return step.trace.constant(self.learning_rate, step.dtype)


@dataclass(frozen=True)
class StepDecay(Schedule):
    """rate = initial · factor^⌊step / every⌋.

    initial: above 0. every: steps (batches, not epochs) between drops. factor: above 0, at most 1.
    """

    initial: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_number(self, "initial", self.initial, above=0)
        check_whole(self, "every", self.every)
        check_number(self, "factor", self.factor, above=0, at_most=1)

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        return self.initial * self.factor ** f.floor(step / self.every)


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """rate = initial · factor^(step / every), changing at every step.

    initial: above 0. every: steps in which the rate is multiplied by factor. factor: above 0, at most 1.
    """

    initial: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_number(self, "initial", self.initial, above=0)
        check_whole(self, "every", self.every)
        check_number(self, "factor", self.factor, above=0, at_most=1)

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        return self.initial * self.factor ** (step / self.every)


@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    """rate = initial / (1 + factor · step / every): halved after every / factor steps, a third after twice.

    Slower than any exponential decay (Robbins and Monro 1951). It changes at every step, as in Keras without
    `staircase`. initial: above 0. every: steps, at least 1. factor: above 0.
    """

    initial: float
    every: int
    factor: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "initial", self.initial, above=0)
        check_whole(self, "every", self.every)
        check_number(self, "factor", self.factor, above=0)

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        return self.initial / (1.0 + (self.factor / self.every) * step)


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """rate = floor + ½ (peak - floor) (1 + cos(π t / steps)), after a linear warm-up to the peak.

    While step < warmup_steps: rate = peak (step + 1) / (warmup_steps + 1) (gradual warm-up, Goyal et al.
    2017). Then t = step - warmup_steps; from t = steps on, rate = floor. With restarts = m, t starts again
    from 0 after `steps` steps, and each cycle is m times as long as the one before (SGDR, Loshchilov and
    Hutter 2017, equation 5, where m is T_mult).

    peak: above 0. steps: of the (first) decay, at least 1, without warm-up. warmup_steps: at least 0.
    restarts: None for none, else at least 1. floor: at least 0, at most peak.
    """

    peak: float
    steps: int
    warmup_steps: int = 0
    restarts: float | None = None
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "peak", self.peak, above=0)
        check_whole(self, "steps", self.steps)
        check_whole(self, "warmup_steps", self.warmup_steps, at_least=0)
        if self.restarts is not None:
            check_number(self, "restarts", self.restarts, at_least=1)
        check_number(self, "floor", self.floor, at_least=0, at_most=self.peak)

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        since = f.maximum(step - self.warmup_steps, 0.0)
        half = 0.5 * (self.peak - self.floor)
        down = self.floor + half * (1.0 + f.cos(math.pi * self._done(since)))
        if not self.warmup_steps:
            return down
        climb = (self.peak / (self.warmup_steps + 1)) * (step + 1.0)
        return f.where(step < self.warmup_steps, climb, down)

    def _done(self, since: Tensor) -> Tensor:
        """The elapsed share of the present cycle, from 0 to 1."""
        multiplier = self.restarts
        if multiplier is None:
            return f.minimum(since / self.steps, 1.0)
        if multiplier == 1:
            return (since - f.floor(since / self.steps) * self.steps) / self.steps
        # Cycle i begins at steps (mⁱ - 1)/(m - 1). Solved for i that is a logarithm; its rounding must not
        # put a step into the wrong cycle, so it is taken a little too large and then compared with the true
        # beginning.
        growth = (multiplier - 1) / self.steps
        cycle = f.floor(f.log1p(since * growth) / math.log(multiplier) + 1e-3)
        cycle = f.where(since < _begin(cycle, multiplier, growth), cycle - 1.0, cycle)
        return (since - _begin(cycle, multiplier, growth)) / (self.steps * multiplier**cycle)


@dataclass(frozen=True)
class PolynomialDecay(Schedule):
    """rate = floor + (initial - floor) (1 - min(step, steps) / steps)^power.

    The 'poly' rule of semantic segmentation (Chen et al. 2017, with power 0.9); power 1 is linear decay.
    initial: above 0. steps: at least 1. power: above 0. floor: at least 0, at most initial.
    """

    initial: float
    steps: int
    power: float = 1.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "initial", self.initial, above=0)
        check_whole(self, "steps", self.steps)
        check_number(self, "power", self.power, above=0)
        check_number(self, "floor", self.floor, at_least=0, at_most=self.initial)

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        left = 1.0 - f.minimum(step, self.steps) / self.steps
        return self.floor + (self.initial - self.floor) * left**self.power


@dataclass(frozen=True)
class OneCycle(Schedule):
    """rate = a + ½ (b - a) (1 - cos π t): up to the peak, then down to nearly 0 (Smith and Topin 2018).

    t goes from 0 to 1 twice: from a = peak / start_factor at step 0 to b = peak at step rise · steps - 1,
    and from a = peak to b = peak / (start_factor · end_factor) at step steps - 1, which the rate then keeps.
    This is the rate of PyTorch's OneCycleLR; momentum does not change. The paper has linear ramps.
    peak: above 0. steps: of the whole run, at least 2. rise: the share of steps before the peak, above 0 and
    below 1. start_factor, end_factor: at least 1.
    """

    peak: float
    steps: int
    rise: float = 0.3
    start_factor: float = 25.0
    end_factor: float = 1e4

    def __post_init__(self) -> None:
        check_number(self, "peak", self.peak, above=0)
        check_whole(self, "steps", self.steps, at_least=2)
        check_number(self, "rise", self.rise, above=0, below=1)
        check_number(self, "start_factor", self.start_factor, at_least=1)
        check_number(self, "end_factor", self.end_factor, at_least=1)

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        start = self.peak / self.start_factor
        top = max(self.rise * self.steps - 1, 0.0)
        way_down = f.minimum(f.maximum(step - top, 0.0) / (self.steps - 1 - top), 1.0)
        down = _half_cosine(self.peak, start / self.end_factor, way_down)
        if not top:
            return down
        up = _half_cosine(start, self.peak, f.minimum(step / top, 1.0))
        return f.where(step < top, up, down)


@dataclass(frozen=True)
class Cyclical(Schedule):
    """rate = floor + (peak - floor) max(0, 1 - x) · shrink^(c - 1): linearly up and down, in cycles.

    Smith 2017, with c = ⌊1 + step / (2 steps)⌋ and x = |step / steps - 2 c + 1|.
    floor: at least 0. peak: above floor. steps: of half a cycle, at least 1; the paper takes two to ten
    epochs.
    shrink: above 0, at most 1; 1 is the paper's 'triangular', ½ its 'triangular2'.
    """

    floor: float
    peak: float
    steps: int
    shrink: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "floor", self.floor, at_least=0)
        check_number(self, "peak", self.peak, above=self.floor)
        check_whole(self, "steps", self.steps)
        check_number(self, "shrink", self.shrink, above=0, at_most=1)

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        cycle = f.floor(step / (2 * self.steps))
        place = step / self.steps - 2.0 * cycle
        height = (self.peak - self.floor) * (1.0 - abs(place - 1.0))
        return self.floor + height * self.shrink**cycle


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """rate ← factor · rate when the monitored loss has not improved for `patience` epochs in a row.

    The loss improves if it is lower than the best so far by more than threshold · |best| (PyTorch's relative
    threshold). `patience` epochs without improvement reduce the rate, as in Keras, not `patience` + 1. NaN is
    no improvement. After n reductions rate = max(initial · factorⁿ, minimum).

    initial: above 0. factor: above 0 and below 1. patience: epochs, at least 1. threshold: at least 0.
    minimum: at least 0, at most initial.
    """

    initial: float
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    minimum: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "initial", self.initial, above=0)
        check_number(self, "factor", self.factor, above=0, below=1)
        check_whole(self, "patience", self.patience)
        check_number(self, "threshold", self.threshold, at_least=0)
        check_number(self, "minimum", self.minimum, at_least=0, at_most=self.initial)

    def init(self, dtype: str) -> dict[str, np.ndarray]:
        """The factor so far, the best loss so far, the epochs waited."""
        return {
            "factor": np.ones((), dtype),
            "best": np.full((), np.inf, dtype),
            "waited": np.zeros((), "int32"),
        }

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        return f.maximum(self.initial * state["factor"].cast(step.dtype), self.minimum)

    def observe(self, state: Mapping[str, np.ndarray], monitored: float) -> dict[str, np.ndarray]:
        """The state after an epoch with this validation loss."""
        factor, best, waited = float(state["factor"]), float(state["best"]), int(state["waited"])
        needed = best if math.isinf(best) else best - self.threshold * abs(best)
        if monitored < needed:
            best, waited = monitored, 0
        else:
            waited += 1
        if waited >= self.patience:
            factor, waited = factor * self.factor, 0
        fresh = {"factor": factor, "best": best, "waited": waited}
        return {name: np.array(value, state[name].dtype) for name, value in fresh.items()}


def as_schedule(learning_rate: float | Schedule) -> Schedule:
    """The schedule itself, or a number above 0 as a Constant. Raises ConfigError for anything else."""
    return learning_rate if isinstance(learning_rate, Schedule) else Constant(learning_rate)


def _half_cosine(start: float, end: float, done: Tensor) -> Tensor:
    """Half a cosine from start to end, as `done` goes from 0 to 1."""
    return end + (0.5 * (start - end)) * (1.0 + f.cos(math.pi * done))


def _begin(cycle: Tensor, multiplier: float, growth: float) -> Tensor:
    return (multiplier**cycle - 1.0) / growth
