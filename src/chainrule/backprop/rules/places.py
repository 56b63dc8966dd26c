"""Derivatives of gather and scatter_add, each the other's adjoint."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f


def gather(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_y is added up at the indices that were read."""
    x, indices = step.inputs
    return f.scatter_add(f.zeros_like(x), indices, d_y, step.attributes["axis"]), None


def scatter_add(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_x = d_y; each update gets d_y at the index that it was added to."""
    _, indices, _ = step.inputs
    return d_y, None, f.gather(d_y, indices, step.attributes["axis"])


PLACES: Mapping[str, Rule] = {
    "gather": gather,
    "scatter_add": scatter_add,
}
