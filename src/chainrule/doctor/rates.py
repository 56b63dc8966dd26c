"""The learning rate that an optimizer takes."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from chainrule.nn.optimizers import ScaleByLearningRate, Transform
from chainrule.nn.schedules import Constant, Schedule


def constant_rate(optimizer: Transform) -> float | None:
    """The rate of all steps; None where there is not exactly one, such as with a schedule."""
    found = list(_rates(optimizer))
    if len(found) != 1:
        return None
    (rate,) = found
    if isinstance(rate, Constant):
        return float(rate.learning_rate)
    return None if isinstance(rate, Schedule) else float(rate)


def _rates(item: Any) -> Iterator[float | Schedule]:
    if isinstance(item, ScaleByLearningRate):
        yield item.learning_rate
    elif isinstance(item, tuple):
        for each in item:
            yield from _rates(each)
    elif is_dataclass(item) and not isinstance(item, type):
        for each in fields(item):
            yield from _rates(getattr(item, each.name))
