"""Derivatives of the operations that only move elements: each is linear, so its adjoint moves them back."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f


def recompute(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_x = d_y; the inputs that only delay the copy have no derivative."""
    return d_y, None


def reshape(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_y in the shape of x."""
    (x,) = step.inputs
    return (d_y.reshape(*x.shape),)


def transpose(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_y transposed by the inverse order."""
    order = step.attributes["order"]
    return (d_y.transpose(*(order.index(axis) for axis in range(len(order)))) if order else d_y,)


def broadcast_to(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """The reverse pass sums over what was repeated."""
    return (d_y,)


def slice_(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_y padded with zeros to the shape of x."""
    (x,) = step.inputs
    start, stride = step.attributes["start"], step.attributes["step"]
    interior = tuple(each - 1 for each in stride)
    filled = [n + max(n - 1, 0) * gap for n, gap in zip(d_y.shape, interior, strict=True)]
    high = [length - low - n for length, low, n in zip(x.shape, start, filled, strict=True)]
    return (f.pad(d_y, start, high, interior),)


def pad(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_y at the elements that are not padding."""
    (x,) = step.inputs
    low, interior = step.attributes["low"], step.attributes["interior"]
    taken = tuple(
        slice(lo, lo + n + max(n - 1, 0) * gap, gap + 1)
        for lo, gap, n in zip(low, interior, x.shape, strict=True)
    )
    return (d_y[taken],)


def concatenate(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Each input gets its slice of d_y."""
    axis = step.attributes["axis"]
    adjoints, start = [], 0
    for x in step.inputs:
        stop = start + x.shape[axis]
        adjoints.append(d_y[(*[slice(None)] * axis, slice(start, stop))])
        start = stop
    return tuple(adjoints)


SHAPES: Mapping[str, Rule] = {
    "recompute": recompute,
    "reshape": reshape,
    "transpose": transpose,
    "broadcast_to": broadcast_to,
    "slice": slice_,
    "pad": pad,
    "concatenate": concatenate,
}
