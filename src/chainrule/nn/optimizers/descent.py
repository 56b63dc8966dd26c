"""The last links of a chain: weight decay, and the multiplication by the learning rate."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, dtype_of, part
from chainrule.nn.regularizers import matching
from chainrule.nn.results import check_scalar
from chainrule.nn.schedules import Schedule, as_schedule
from chainrule.nn.settings import check_number, check_text
from chainrule.program import Tensor


@dataclass(frozen=True)
class AddWeightDecay(Transform):
    """update ← update + weight_decay · θ for every parameter whose name matches the shell pattern `on`.

    After an adaptive transform this is decoupled weight decay (Loshchilov and Hutter 2019); before it, it
    equals an L2 penalty of strength `weight_decay`. weight_decay: at least 0.
    """

    weight_decay: float
    on: str = "*weight"

    def __post_init__(self) -> None:
        check_number(self, "weight_decay", self.weight_decay, at_least=0)
        check_text(self, "on", self.on)

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Add the decay."""
        decayed = {
            name: g + self.weight_decay * parameters[name] for name, g in matching(self.on, updates).items()
        }
        return {**updates, **decayed}, {}


@dataclass(frozen=True)
class ScaleByLearningRate(Transform):
    """update ← -rate · update, with a constant learning rate (above 0) or that of a schedule.

    State: 'step' counts the steps, int32; 'learning_rate' is the rate of the last step (0 before the first),
    of the parameters' dtype; 'schedule.…' is the schedule's state.
    """

    learning_rate: float | Schedule

    def __post_init__(self) -> None:
        if not isinstance(self.learning_rate, Schedule):
            check_number(self, "learning_rate", self.learning_rate, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """0 steps, and the schedule's initial state."""
        dtype = dtype_of(parameters)
        schedule = as_schedule(self.learning_rate).init(dtype)
        return {
            "step": np.zeros((), "int32"),
            "learning_rate": np.zeros((), dtype),
            **{f"schedule.{name}": array for name, array in schedule.items()},
        }

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Multiply every update by -rate."""
        step, schedule_state = state["step"], part(state, "schedule.")
        schedule = as_schedule(self.learning_rate)
        with step.trace.at(label=type(schedule).__name__):
            rate = schedule(step.cast(state["learning_rate"].dtype), schedule_state)
        check_scalar(type(schedule).__name__, "its __call__", rate)
        fresh: dict[str, Tensor] = {
            "step": step + 1,
            "learning_rate": rate,
            **{f"schedule.{name}": tensor for name, tensor in schedule_state.items()},
        }
        down = {dtype: -rate.cast(dtype) for dtype in {g.dtype: None for g in updates.values()}}
        return {name: g * down[g.dtype] for name, g in updates.items()}, fresh

    def observe(self, state: NamedArrays, monitored: float) -> dict[str, np.ndarray]:
        """The state after the schedule's `observe`."""
        fresh = as_schedule(self.learning_rate).observe(part(state, "schedule."), monitored)
        return {**state, **{f"schedule.{name}": array for name, array in fresh.items()}}

    def observes(self) -> bool:
        """Whether the schedule observes."""
        return as_schedule(self.learning_rate).observes()


def last_link(preset: str, learning_rate: float | Schedule) -> ScaleByLearningRate:
    """The last link of a preset; an error about the rate names the preset, since that is what users write."""
    if not isinstance(learning_rate, Schedule):
        check_number(preset, "learning_rate", learning_rate, above=0)
    return ScaleByLearningRate(learning_rate)


def with_rate(item: Any, rate: float | Schedule) -> Any:
    """The same optimizer with this learning rate in every ScaleByLearningRate."""
    if isinstance(item, ScaleByLearningRate):
        return replace(item, learning_rate=rate)
    if isinstance(item, tuple):
        return tuple(with_rate(each, rate) for each in item)
    if is_dataclass(item) and not isinstance(item, type):
        return replace(
            item, **{each.name: with_rate(getattr(item, each.name), rate) for each in fields(item)}
        )
    return item
