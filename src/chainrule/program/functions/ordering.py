"""Cumulative sums, sorting, distinct values. `sort` gathers by `argsort`, so its derivative is a scatter."""

from chainrule.errors import ShapeError
from chainrule.program.functions.core import broadcast_to, gather, put
from chainrule.program.operations import normalize_axis
from chainrule.program.tracing import Tensor

_MOST = 2**31 - 1


def cumsum(x: Tensor, axis: int = -1, *, reverse: bool = False) -> Tensor:
    """The sum of x up to and including each element along an axis; with reverse, from the end."""
    return x.trace.record("cumsum", x, axis=_axis("cumsum", axis, x), reverse=reverse)


def argmax(x: Tensor, axis: int = -1) -> Tensor:
    """Index of the largest element along an axis, int32; of equal ones, the first. The axis is removed."""
    return x.trace.record("argmax", x, axis=_axis("argmax", axis, x))


def argsort(x: Tensor, axis: int = -1, *, descending: bool = False) -> Tensor:
    """The indices that sort x along an axis, int32. Equal elements keep their order; NaN is the largest."""
    return x.trace.record("argsort", x, axis=_axis("argsort", axis, x), descending=descending)


def factorize(x: Tensor) -> Tensor:
    """The number of each value of x among its distinct values, in order of first occurrence; int32.

    x: int32 or int64. As the codes of pandas.factorize.
    """
    return x.trace.record("factorize", x)


def distinct(x: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """The distinct values of x in order of first occurrence, and which of them each element is.

    x: int32 or int64, any shape, of n elements, at least 1. most: how many distinct values there can be, at
    least 1 -> values (min(n, most),) of x's dtype, and slots, int32, of x's shape; values[slots] = x. Values
    that are left over repeat the first. Since for `put` the first of equal indices counts, rows of a table
    can be gathered at values, changed and put back there.
    """
    every, slots = x.reshape(x.size), factorize(x)
    first = broadcast_to(every[:1], (min(x.size, most),))
    return put(first, slots.reshape(x.size), every), slots


def sort(x: Tensor, axis: int = -1, *, descending: bool = False) -> Tensor:
    """Sort x along an axis, the smallest first; derivatives go to the place that each element came from."""
    return take_along_axis(x, argsort(x, axis, descending=descending), axis)


def top_k(x: Tensor, k: int, axis: int = -1) -> tuple[Tensor, Tensor]:
    """The k largest along an axis, the largest first, and their indices, int32; of equal ones, the first.

    Raises ShapeError unless k is from 0 to the length of the axis.
    """
    indices = x.trace.record("arg_top_k", x, k=k, axis=_axis("arg_top_k", axis, x))
    return take_along_axis(x, indices, axis), indices


def take_along_axis(x: Tensor, indices: Tensor, axis: int = -1) -> Tensor:
    """y[.., i, ..] = x[.., indices[.., i, ..], ..], with i along the axis; the other axes are those of x.

    Raises ShapeError where another axis differs, or x has more than 2³¹ - 1 elements.
    """
    name, shape = "take_along_axis", x.shape
    axis = _axis(name, axis, x)
    with x.trace.naming_the_layer():
        if indices.ndim != x.ndim or any(
            a != b for i, (a, b) in enumerate(zip(shape, indices.shape, strict=True)) if i != axis
        ):
            raise ShapeError(
                f"{name} got x of shape {shape} and indices of shape {indices.shape}; they may differ "
                f"on axis {axis} alone"
            )
        if x.size > _MOST:
            raise ShapeError(f"{name} got x of {x.size} elements; it counts at most {_MOST}")
    place, stride = None, 1  # the place in x, counted in row-major order
    for i in reversed(range(x.ndim)):
        along = indices.cast("int32") if i == axis else _beside(x.trace.iota(shape[i]), i, x.ndim)
        place = along * stride if place is None else place + along * stride
        stride *= shape[i]
    return gather(x.reshape(x.size), place if place is not None else indices)


def _beside(numbers: Tensor, axis: int, rank: int) -> Tensor:
    return numbers.reshape(*(-1 if i == axis else 1 for i in range(rank)))


def _axis(operation: str, axis: int, x: Tensor) -> int:
    with x.trace.naming_the_layer():
        return normalize_axis(operation, axis, x.ndim)
