"""Schedules in pieces: drops at given steps, a line, and one schedule after another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.schedules import Schedule, as_schedule
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class MultiStepDecay(Schedule):
    """rate = initial · factor^k after k of the milestones have been reached.

    initial: above 0. milestones: steps (batches, not epochs), each at least 1 and above the one before.
    factor: above 0, at most 1.
    """

    initial: float
    milestones: tuple[int, ...]
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_number(self, "initial", self.initial, above=0)
        object.__setattr__(self, "milestones", _rising(self, "milestones", self.milestones))
        check_number(self, "factor", self.factor, above=0, at_most=1)

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        rate = step.trace.constant(self.initial * self.factor ** len(self.milestones), step.dtype)
        for passed, milestone in reversed(list(enumerate(self.milestones))):
            rate = f.where(step < milestone, self.initial * self.factor**passed, rate)
        return rate


@dataclass(frozen=True)
class LinearRamp(Schedule):
    """rate = start + (end - start) · min(step, steps) / steps: up or down along a line, then constant.

    start, end: at least 0, not both 0. steps: at least 1.
    """

    start: float
    end: float
    steps: int

    def __post_init__(self) -> None:
        check_number(self, "start", self.start, at_least=0)
        check_number(self, "end", self.end, at_least=0)
        if self.start == self.end == 0:
            raise ConfigError("LinearRamp: start and end are 0", remedy="one of them must be above 0")
        check_whole(self, "steps", self.steps)

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        return self.start + (self.end - self.start) * (f.minimum(step, self.steps) / self.steps)


@dataclass(frozen=True)
class JoinedSchedules(Schedule):
    """rate = that of the first schedule before the first boundary, then that of the next, and so on.

    Each schedule counts its own steps, from 0 at the boundary where it begins, such as
    JoinedSchedules((LinearRamp(0.001, 0.1, 500), CosineDecay(0.1, 5000)), (500,)).
    schedules: at least one; numbers stand for constant rates. boundaries: steps, one fewer than schedules,
    each at least 1 and above the one before. Raises ConfigError for a schedule that looks at the validation
    loss, such as ReduceOnPlateau, which would see that of its predecessors.
    """

    schedules: tuple[float | Schedule, ...]
    boundaries: tuple[int, ...]

    def __post_init__(self) -> None:
        given = self.schedules
        object.__setattr__(self, "schedules", tuple(given) if isinstance(given, tuple | list) else (given,))
        object.__setattr__(self, "boundaries", _rising(self, "boundaries", self.boundaries))
        if len(self.schedules) != len(self.boundaries) + 1:
            raise ConfigError(
                f"JoinedSchedules: {len(self.schedules)} schedules have {len(self.boundaries)} boundaries",
                remedy="give one boundary between each two schedules",
            )
        for each in self.schedules:
            if as_schedule(each).observes():
                raise ConfigError(
                    f"JoinedSchedules: {type(each).__name__} looks at the validation loss of every epoch",
                    remedy="use it by itself, or join schedules that count steps alone",
                )

    def init(self, dtype: str) -> dict[str, np.ndarray]:
        """The states of all schedules, by their numbers."""
        return {
            f"{number}.{name}": array
            for number, each in enumerate(self.schedules)
            for name, array in as_schedule(each).init(dtype).items()
        }

    def __call__(self, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        rate = self._of(0, step, state)
        for number, start in enumerate(self.boundaries, start=1):
            rate = f.where(step < start, rate, self._of(number, f.maximum(step - start, 0.0), state))
        return rate

    def _of(self, number: int, step: Tensor, state: Mapping[str, Tensor]) -> Tensor:
        """The rate of one of the schedules at a step of its own."""
        prefix = f"{number}."
        own = {name.removeprefix(prefix): t for name, t in state.items() if name.startswith(prefix)}
        return as_schedule(self.schedules[number])(step, own)


def _rising(owner: Schedule, name: str, given: Any) -> tuple[int, ...]:
    """Steps that rise, as a tuple; raises ConfigError."""
    listed = tuple(given) if isinstance(given, tuple | list) else (given,)
    before = 0
    for each in listed:
        check_whole(owner, name, each, at_least=before + 1)
        before = each
    return listed
