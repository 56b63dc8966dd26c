"""Derivatives of resizing, which is linear, and of its adjoint."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor


def resize(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Back to the places that were read."""
    return (_other(step, d_y, "resize_adjoint"),)


def resize_adjoint(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Read where was added."""
    return (_other(step, d_y, "resize"),)


def _other(step: RecordedStep, d_y: Tensor, operation: str) -> Tensor:
    (x,) = step.inputs
    return d_y.trace.record(operation, d_y, size=x.shape[1:-1], method=step.attributes["method"])


RESIZING: Mapping[str, Rule] = {
    "resize": resize,
    "resize_adjoint": resize_adjoint,
}
