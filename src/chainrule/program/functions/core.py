"""Functions for shapes, indexing and random numbers, and functions composed of a few operations."""

import math
from collections.abc import Sequence
from operator import index as as_whole_number

from chainrule.errors import ShapeError
from chainrule.program.functions.elementwise import erf, exp, log, stop_gradient
from chainrule.program.operations import broadcast_shapes, normalize_axis
from chainrule.program.tracing import Tensor, as_tensor


def recompute(x: Tensor, after: Tensor) -> Tensor:
    """A copy of x that is computed only after another value, and so are the steps recorded from the copy.

    No executor may use x itself instead: it would then reuse the results of the same steps from x, which
    should be computed again rather than kept in memory.
    """
    return x.trace.record("recompute", x, after)


def broadcast_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Repeat x along new axes and axes of length 1, to this shape."""
    shape = tuple([as_whole_number(length) for length in shape])
    return x if x.shape == shape else x.trace.record("broadcast_to", x, shape=shape)


def zeros_like(x: Tensor) -> Tensor:
    """Zeros of x's shape and dtype."""
    return broadcast_to(x.trace.constant(0, x.dtype), x.shape)


def pad(x: Tensor, low: Sequence[int], high: Sequence[int], interior: Sequence[int] | None = None) -> Tensor:
    """Add zeros before, after and (interior) between the elements; a number of each for every axis."""
    gaps = tuple(interior or (0,) * x.ndim)
    return x.trace.record("pad", x, low=tuple(low), high=tuple(high), interior=gaps)


def concatenate(tensors: Sequence[Tensor], axis: int = -1) -> Tensor:
    """The tensors, joined along an axis that they all have."""
    if not tensors:
        raise ShapeError("concatenate got no tensors; it needs at least one")
    first = tensors[0]
    axis = _axis("concatenate", axis, first, first.ndim)
    return first if len(tensors) == 1 else first.trace.record("concatenate", *tensors, axis=axis)


def stack(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """The tensors, all of one shape, joined along a new axis."""
    if not tensors:
        raise ShapeError("stack got no tensors; it needs at least one")
    place = _axis("stack", axis, tensors[0], tensors[0].ndim + 1)
    return concatenate([x.reshape(*x.shape[:place], 1, *x.shape[place:]) for x in tensors], place)


def gather(x: Tensor, indices: Tensor, axis: int = 0) -> Tensor:
    """x[indices] along one axis; indices are whole numbers from 0 to the axis's length - 1."""
    return x.trace.record("gather", x, indices, axis=_axis("gather", axis, x, x.ndim))


def scatter_add(x: Tensor, indices: Tensor, updates: Tensor, axis: int = 0) -> Tensor:
    """Add updates to x at these indices along one axis; an index that occurs twice gets both updates."""
    axis = _axis("scatter_add", axis, x, x.ndim)
    return x.trace.record("scatter_add", x, indices, updates, axis=axis)


def put(x: Tensor, indices: Tensor, updates: Tensor) -> Tensor:
    """x with its rows at indices replaced by updates: (n, ...), any shape, (*indices, ...) -> (n, ...).

    Where an index occurs more than once, the first counts. Negative ones count from the end. It has no
    derivative. As the new value of a parameter or a state from which the program otherwise only gathers, it
    costs what it replaces on the native executor, however long x is.
    """
    return x.trace.record("put", x, indices, updates)


def _axis(operation: str, axis: int, x: Tensor, rank: int) -> int:
    with x.trace.naming_the_layer():
        return normalize_axis(operation, axis, rank)


def one_hot(indices: Tensor, depth: int, dtype: str = "float32") -> Tensor:
    """1 at the index, 0 elsewhere: (...) -> (..., depth). An index out of range gives zeros."""
    if depth < 0:
        raise ShapeError(f"one_hot got depth {depth}; it must be at least 0")
    return indices.trace.record("one_hot", indices, depth=depth, dtype=dtype)


def random_bits(key: Tensor, shape: Sequence[int], stream: int) -> Tensor:
    """32 random bits for each element, uint32.

    Element i is word i mod 4 of Philox4x32-10 (Salmon et al. 2011) with counter
    (i div 4, high half of i div 4, stream, 0) and the two words of key. stream: 0 … 2³² - 1, another number
    for each step of a program that draws, so that their numbers differ although the key is the same.
    """
    return key.trace.record("random_bits", key, shape=tuple(shape), stream=stream)


def uniform(key: Tensor, shape: Sequence[int], stream: int, dtype: str = "float32") -> Tensor:
    """Random numbers, uniform in [0, 1): multiples of 2⁻²⁴ in float32, of 2⁻³² in float64."""
    bits = random_bits(key, shape, stream)
    if dtype == "float64":
        return bits.cast("float64") * 2.0**-32
    return key.trace.record("shift_right", bits, as_tensor(8, bits)).cast(dtype) * 2.0**-24


def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """x - ln Σ e^x along an axis, without overflow."""
    shifted = x - stop_gradient(x.max(axis, keepdims=True))
    return shifted - log(exp(shifted).sum(axis, keepdims=True))


def softmax_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """-Σ targets · log softmax(logits) along the last axis: (..., classes) twice -> (...)."""
    return logits.trace.record("softmax_cross_entropy", logits, targets)


def softmax_cross_entropy_delta(logits: Tensor, targets: Tensor) -> Tensor:
    """softmax(logits) Σ targets - targets along the last axis, the derivative of softmax_cross_entropy."""
    return logits.trace.record("softmax_cross_entropy_delta", logits, targets)


def root_mean_square(x: Tensor) -> Tensor:
    """√ mean x² over all elements, shape (); without overflow, and 0 for an empty x. It has no derivative."""
    return x.trace.record("root_mean_square", x)


def gelu(x: Tensor) -> Tensor:
    """x · Φ(x), Φ the standard normal distribution function (Hendrycks and Gimpel 2016, the exact form)."""
    return x * ((erf(x * (1 / math.sqrt(2))) + 1.0) * 0.5)


def dot(x: Tensor, y: Tensor) -> Tensor:
    """Σ x · y over all axes, after broadcasting x and y to one shape."""
    broadcast_shapes("dot", (x.value, y.value))
    return (x * y).sum()
