"""Derivatives of resizing, which is linear, and of its adjoint."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor


def resize(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_x: d_y added up at the elements that were read, with their weights."""
    return (_other(step, d_y, "resize_adjoint"),)


def resize_adjoint(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """The derivative reads at the elements that were added to."""
    return (_other(step, d_y, "resize"),)


def _other(step: RecordedStep, d_y: Tensor, operation: str) -> Tensor:
    (x,) = step.inputs
    return d_y.trace.record(operation, d_y, size=x.shape[1:-1], method=step.attributes["method"])


RESIZING: Mapping[str, Rule] = {
    "resize": resize,
    "resize_adjoint": resize_adjoint,
}
