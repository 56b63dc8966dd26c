"""Derivative of the cumulative sum."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f


def cumsum(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Element i is in every sum from i on, so d_x is the cumulative sum of d_y from the end."""
    return (f.cumsum(d_y, step.attributes["axis"], reverse=not step.attributes["reverse"]),)


ORDERING: Mapping[str, Rule] = {
    "cumsum": cumsum,
}
