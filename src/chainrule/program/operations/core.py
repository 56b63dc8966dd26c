"""Operations of shapes, reductions, matrix products, indexing, constants and random numbers."""

from collections.abc import Callable, Sequence

from chainrule.errors import ShapeError
from chainrule.program.operations.row import (
    NUMBERS,
    Attributes,
    Inferred,
    Operation,
    broadcast_shapes,
    need,
    need_known,
    need_lengths,
    same_dtype,
)
from chainrule.program.value import FLOATS, Value


def _recompute(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    return inputs[0].shape, inputs[0].dtype


def _reduce(name: str) -> Callable[..., Inferred]:
    def infer(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
        (x,) = inputs
        need(name, x, NUMBERS)
        axes, keepdims = attributes["axes"], attributes["keepdims"]
        if name != "sum" and any(x.shape[axis] == 0 for axis in axes):
            raise ShapeError(f"{name} over an axis of length 0 has no answer; x has shape {x.shape}")
        if keepdims:
            return tuple(1 if axis in axes else n for axis, n in enumerate(x.shape)), x.dtype
        return tuple(n for axis, n in enumerate(x.shape) if axis not in axes), x.dtype

    return infer


def _reshape(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,), shape = inputs, attributes["shape"]
    need_lengths("reshape", shape)
    size = 1
    for length in shape:
        size *= length
    if size != x.size:
        raise ShapeError(
            f"reshape got shape {x.shape} ({x.size} elements), which can't become {shape} ({size})"
        )
    return shape, x.dtype


def _transpose(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,), order = inputs, attributes["order"]
    if sorted(order) != list(range(len(x.shape))):
        raise ShapeError(f"transpose got order {order} for shape {x.shape}; it must name every axis once")
    return tuple(x.shape[axis] for axis in order), x.dtype


def _broadcast_to(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,), shape = inputs, attributes["shape"]
    need_lengths("broadcast_to", shape)
    padded = (1,) * (len(shape) - len(x.shape)) + x.shape
    if len(padded) != len(shape) or any(a not in (1, b) for a, b in zip(padded, shape, strict=True)):
        raise ShapeError(f"broadcast_to got shape {x.shape}, which does not broadcast to {shape}")
    return shape, x.dtype


def _slice(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,) = inputs
    start, stop, step = attributes["start"], attributes["stop"], attributes["step"]
    shape = []
    for axis, length in enumerate(x.shape):
        if not (0 <= start[axis] <= stop[axis] <= length and step[axis] >= 1):
            raise ShapeError(
                f"slice got {start[axis]}:{stop[axis]}:{step[axis]} for axis {axis} of length {length}"
            )
        shape.append(-(-(stop[axis] - start[axis]) // step[axis]))
    return tuple(shape), x.dtype


def _pad(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,) = inputs
    low, high, interior = attributes["low"], attributes["high"], attributes["interior"]
    if not len(low) == len(high) == len(interior) == len(x.shape):
        raise ShapeError(
            f"pad got low {low}, high {high}, interior {interior} for shape {x.shape}; each names every axis"
        )
    if min((0, *low, *high, *interior)) < 0:
        raise ShapeError(f"pad got low {low}, high {high}, interior {interior}; none may be negative")
    shape = (
        lo + hi + length + max(length - 1, 0) * gap
        for lo, hi, gap, length in zip(low, high, interior, x.shape, strict=True)
    )
    return tuple(shape), x.dtype


def _concatenate(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    axis = attributes["axis"]
    dtype, first = same_dtype("concatenate", inputs), inputs[0].shape
    for value in inputs[1:]:
        if len(value.shape) != len(first) or any(
            a != b for i, (a, b) in enumerate(zip(first, value.shape, strict=True)) if i != axis
        ):
            raise ShapeError(
                f"concatenate along axis {axis} got shapes {first} and {value.shape}; the other axes must "
                "agree"
            )
    total = sum(value.shape[axis] for value in inputs)
    return (*first[:axis], total, *first[axis + 1 :]), dtype


def _matmul(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    a, b = inputs
    need("matmul", a, FLOATS)
    dtype = same_dtype("matmul", inputs)
    if len(a.shape) < 2 or len(b.shape) < 2:
        raise ShapeError(f"matmul got shapes {a.shape} and {b.shape}; each needs at least two axes")
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"matmul got {a.name} of shape {a.shape} and {b.name} of shape {b.shape}; the last axis of the "
            f"first must be {b.shape[-2]}, the second-last axis of the second"
        )
    outer = [Value(each.shape[:-2], dtype, each.name) for each in inputs]
    try:
        batch = broadcast_shapes("matmul", outer)
    except ShapeError:
        raise ShapeError(
            f"matmul got {a.name} of shape {a.shape} and {b.name} of shape {b.shape}; the axes before the "
            "last two do not broadcast",
            remedy="make them equal, or one of them 1",
        ) from None
    return (*batch, a.shape[-2], b.shape[-1]), dtype


def _gather(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    x, indices = inputs
    axis = attributes["axis"]
    need("gather", indices, ("int32", "int64"))
    return (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype


def _scatter_add(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    x, indices, updates = inputs
    axis = attributes["axis"]
    need("scatter_add", x, NUMBERS)
    need("scatter_add", indices, ("int32", "int64"))
    needed = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    if updates.shape != needed:
        raise ShapeError(f"scatter_add got updates of shape {updates.shape}; x and indices ask for {needed}")
    return x.shape, same_dtype("scatter_add", (x, updates))


def _put(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    x, indices, updates = inputs
    need("put", x, NUMBERS)
    need("put", indices, ("int32", "int64"))
    if not x.shape:
        raise ShapeError("put got a single number as x; it needs rows")
    if updates.shape != (*indices.shape, *x.shape[1:]):
        needed = (*indices.shape, *x.shape[1:])
        raise ShapeError(f"put got updates of shape {updates.shape}; x and indices ask for {needed}")
    return x.shape, same_dtype("put", (x, updates))


def _one_hot(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (indices,) = inputs
    need("one_hot", indices, ("int32", "int64"))
    need_known("one_hot", attributes["dtype"])
    return (*indices.shape, attributes["depth"]), attributes["dtype"]


def _constant(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    need_known("constant", attributes["value"].dtype.name)
    return attributes["value"].shape, attributes["value"].dtype.name


def _iota(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    need_lengths("iota", (attributes["length"],))
    need("iota", Value((), attributes["dtype"], "iota"), NUMBERS)
    return (attributes["length"],), attributes["dtype"]


def _random_bits(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (key,) = inputs
    if key.shape != (2,) or key.dtype != "uint32":
        raise ShapeError(f"random_bits got a key of {key.dtype} {key.shape}; a key is uint32 (2,)")
    if not 0 <= attributes["stream"] < 2**32:
        raise ShapeError(f"random_bits got stream {attributes['stream']}; it needs 0 to {2**32 - 1}")
    need_lengths("random_bits", attributes["shape"])
    return attributes["shape"], "uint32"


def _softmax_cross_entropy(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    return _logits_and_targets("softmax_cross_entropy", inputs).shape[:-1], inputs[0].dtype


def _softmax_cross_entropy_delta(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    return _logits_and_targets("softmax_cross_entropy_delta", inputs).shape, inputs[0].dtype


def _logits_and_targets(name: str, inputs: Sequence[Value]) -> Value:
    """Refuses what is not (..., classes) twice; returns the logits."""
    logits, targets = inputs
    need(name, logits, FLOATS)
    if logits.shape != targets.shape or not logits.shape:
        raise ShapeError(
            f"{name} got logits of shape {logits.shape} and targets of shape {targets.shape}; both are "
            "(..., classes)"
        )
    if logits.shape[-1] == 0:
        raise ShapeError(f"{name} got logits of shape {logits.shape}; it needs at least one class")
    same_dtype(name, inputs)
    return logits


def _root_mean_square(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,) = inputs
    need("root_mean_square", x, FLOATS)
    return (), x.dtype


CORE = (
    # Shape.
    Operation("reshape", 1, _reshape, "the same elements in row-major order, in another shape"),
    Operation("transpose", 1, _transpose, "axes in another order"),
    Operation("broadcast_to", 1, _broadcast_to, "x repeated along new axes and axes of length 1"),
    Operation("slice", 1, _slice, "y = x[start:stop:step] on every axis"),
    Operation("pad", 1, _pad, "zeros before, after and between the elements; the adjoint of slice"),
    Operation("concatenate", None, _concatenate, "joined along one axis"),
    Operation("recompute", 2, _recompute, "y = x1, made only after x2: from it steps are recorded once more"),
    # Reduce.
    Operation("sum", 1, _reduce("sum"), "Σ x over axes"),
    Operation("max", 1, _reduce("max"), "largest over axes; ties share the derivative equally"),
    Operation("min", 1, _reduce("min"), "smallest over axes; ties share the derivative equally"),
    # Products and places.
    Operation("matmul", 2, _matmul, "matrix product of the last two axes, batched over the others"),
    Operation("gather", 2, _gather, "y = x[indices] along one axis"),
    Operation("scatter_add", 3, _scatter_add, "x with updates added at indices along one axis"),
    Operation(
        "put",
        3,
        _put,
        "x with its rows at indices replaced by updates; of equal indices the first counts",
        differentiable=False,
    ),
    Operation(
        "one_hot",
        1,
        _one_hot,
        "1 at the index, 0 elsewhere, along a new last axis",
        differentiable=False,
        bounds=(0.0, 1.0),
    ),
    # Sources.
    Operation("constant", 0, _constant, "a fixed array", differentiable=False),
    Operation("iota", 0, _iota, "0, 1, 2, …", differentiable=False),
    Operation(
        "random_bits",
        1,
        _random_bits,
        "32 random bits an element: Philox4x32-10 of (element, stream; key)",
        False,
    ),
    # Composites.
    Operation(
        "softmax_cross_entropy",
        2,
        _softmax_cross_entropy,
        "y = -Σ targets · log softmax(logits) over the last axis",
        composite=True,
    ),
    Operation(
        "softmax_cross_entropy_delta",
        2,
        _softmax_cross_entropy_delta,
        "δ = softmax(logits) Σ targets - targets, the derivative of softmax_cross_entropy",
        composite=True,
    ),
    Operation(
        "root_mean_square", 1, _root_mean_square, "y = √ mean x², 0 of nothing; a size to watch", False, True
    ),
)
