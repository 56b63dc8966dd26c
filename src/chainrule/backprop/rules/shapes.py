"""Derivatives of the operations that only move elements: each is linear, so its adjoint moves them back."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f


def recompute(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Through the copy; what it only waits for has none."""
    return d_y, None


def reshape(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Back to the old shape."""
    (x,) = step.inputs
    return (d_y.reshape(*x.shape),)


def transpose(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """The inverse order."""
    order = step.attributes["order"]
    return (d_y.transpose(*(order.index(axis) for axis in range(len(order)))) if order else d_y,)


def broadcast_to(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """The reverse pass sums over what was repeated."""
    return (d_y,)


def slice_(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Zeros wherever nothing was taken."""
    (x,) = step.inputs
    start, stride = step.attributes["start"], step.attributes["step"]
    interior = tuple(each - 1 for each in stride)
    filled = [n + max(n - 1, 0) * gap for n, gap in zip(d_y.shape, interior, strict=True)]
    high = [length - low - n for length, low, n in zip(x.shape, start, filled, strict=True)]
    return (f.pad(d_y, start, high, interior),)


def pad(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """The elements that are not padding."""
    (x,) = step.inputs
    low, interior = step.attributes["low"], step.attributes["interior"]
    taken = tuple(
        slice(lo, lo + n + max(n - 1, 0) * gap, gap + 1)
        for lo, gap, n in zip(low, interior, x.shape, strict=True)
    )
    return (d_y[taken],)


def concatenate(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """To each its own part."""
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
