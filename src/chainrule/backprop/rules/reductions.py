"""Derivatives of the reductions."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f


def _with_reduced_axes(reduced: Tensor, step: RecordedStep) -> Tensor:
    """A result of a reduction with its reduced axes restored, of length 1."""
    (x,), axes = step.inputs, step.attributes["axes"]
    return reduced.reshape(*(1 if axis in axes else n for axis, n in enumerate(x.shape)))


def sum_(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """dΣx/dx = 1 for every term."""
    (x,) = step.inputs
    return (f.broadcast_to(_with_reduced_axes(d_y, step), x.shape),)


def extreme(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Max and min: d_y goes to the extreme element; k equal ones get d_y / k each."""
    (x,), axes = step.inputs, step.attributes["axes"]
    wins = f.equal(x, _with_reduced_axes(step.output, step)).cast(x.dtype)
    return (_with_reduced_axes(d_y, step) * (wins / wins.sum(axes, keepdims=True)),)


REDUCTIONS: Mapping[str, Rule] = {
    "sum": sum_,
    "max": extreme,
    "min": extreme,
}
