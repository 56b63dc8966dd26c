"""Derivatives of pooling and its adjoints."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f


def max_pool(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_y goes to the first maximum of the window."""
    (x,) = step.inputs
    return (d_y.trace.record("max_pool_adjoint", x, d_y, **step.attributes),)


def max_pool_adjoint(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """The adjoint reads at the maximum of each window; the index of the maximum has no derivative."""
    x, back = step.inputs
    positions = d_y.trace.record("max_pool_positions", x, **step.attributes)
    return None, f.gather(d_y.reshape(d_y.size), positions).reshape(*back.shape)


def average_pool(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_y in equal parts to the elements of the window."""
    (x,) = step.inputs
    return (d_y.trace.record("average_pool_adjoint", d_y, **step.attributes, size=x.shape[1:-1]),)


def average_pool_adjoint(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Linear; the adjoint of average pooling's adjoint is average pooling."""
    attributes = {name: step.attributes[name] for name in ("window", "stride", "padding")}
    return (d_y.trace.record("average_pool", d_y, **attributes),)


POOLING: Mapping[str, Rule] = {
    "max_pool": max_pool,
    "max_pool_adjoint": max_pool_adjoint,
    "average_pool": average_pool,
    "average_pool_adjoint": average_pool_adjoint,
}
