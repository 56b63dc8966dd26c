"""Derivatives of gather and scatter_add, each the other's adjoint."""

from chainrule.backprop.rules.recorded import RecordedStep
from chainrule.program import Tensor
from chainrule.program import functions as f

Adjoints = tuple[Tensor | None, ...]


def gather(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """What was read from a place goes back to it; a place read twice gets both."""
    x, indices = step.inputs
    return f.scatter_add(f.zeros_like(x), indices, d_y, step.attributes["axis"]), None


def scatter_add(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """X passes through; each update gets the derivative of the place that it was added to."""
    _, indices, _ = step.inputs
    return d_y, None, f.gather(d_y, indices, step.attributes["axis"])
