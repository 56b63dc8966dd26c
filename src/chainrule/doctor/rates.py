"""The learning rate that an optimizer takes: of all its steps the highest."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.optimizers import ScaleByLearningRate, Transform
from chainrule.nn.schedules import Constant, Schedule
from chainrule.program import Trace

_ASKED = 200  # steps of a schedule, evenly over those that are planned


def rate_of(optimizer: Transform, steps: int) -> float | None:
    """The highest rate of the planned steps; None where there is not exactly one rate."""
    found = list(_rates(optimizer))
    if len(found) != 1:
        return None
    (rate,) = found
    return _peak(rate, steps) if isinstance(rate, Schedule) else float(rate)


def is_constant(optimizer: Transform) -> bool:
    """Whether all of its rates are the same from the first step to the last."""
    return all(isinstance(rate, int | float | Constant) for rate in _rates(optimizer))


def _rates(item: Any) -> Iterator[float | Schedule]:
    if isinstance(item, ScaleByLearningRate):
        yield item.learning_rate
    elif isinstance(item, tuple):
        for each in item:
            yield from _rates(each)
    elif is_dataclass(item) and not isinstance(item, type):
        for each in fields(item):
            yield from _rates(getattr(item, each.name))


def _peak(schedule: Schedule, steps: int) -> float:
    trace = Trace()
    held = schedule.init("float32")
    state = {name: trace.state(name, array.shape, array.dtype.name) for name, array in held.items()}
    rate = schedule(trace.input("step", (), "float32"), state)
    compiled = compile_numpy(trace.program({"rate": rate}))
    asked = np.unique(np.linspace(0, max(steps - 1, 0), _ASKED).astype(np.int64))
    tree = {name: held[name] for name in (value.name for value in compiled.program.state)}
    return max(float(compiled.run(tree, {"step": np.float32(step)})["rate"]) for step in asked)  # type: ignore[dict-item]
