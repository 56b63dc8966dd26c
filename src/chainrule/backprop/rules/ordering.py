"""Derivative of the running sum."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f


def cumsum(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """An element is in every sum from its place on, so the derivatives are summed from the other end."""
    return (f.cumsum(d_y, step.attributes["axis"], reverse=not step.attributes["reverse"]),)


ORDERING: Mapping[str, Rule] = {
    "cumsum": cumsum,
}
