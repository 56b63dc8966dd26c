"""One row of the table of operations, and the checks that shape rules share."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.errors import DTypeError, ShapeError
from chainrule.program.value import FLOATS, ITEM_BYTES, Value

Attributes = Mapping[str, Any]
Shape = tuple[int, ...]
Inferred = tuple[Shape, str]


@dataclass(frozen=True)
class Operation:
    """One row of the table.

    arity: number of inputs; None means one or more.
    infer: (inputs, attributes) -> (shape, dtype) of the output.
    meaning: one line, y the output and x (or x1, x2, …) the inputs.
    differentiable: False where the derivative is zero or has no meaning; no rule exists then.
    composite: True if it expands into primitives.
    elementwise: each output element depends on the input elements at its own (broadcast) place only.
    bounds: the lowest and highest y, up to rounding, for any inputs; `program/ranges` reads them.
    """

    name: str
    arity: int | None
    infer: Callable[[Sequence[Value], Attributes], Inferred]
    meaning: str
    differentiable: bool = True
    composite: bool = False
    elementwise: bool = False
    bounds: tuple[float, float] = (-math.inf, math.inf)


def broadcast_shapes(name: str, inputs: Sequence[Value]) -> Shape:
    """NumPy's broadcasting rule: align right; each axis equal or 1."""
    first = inputs[0].shape
    for value in inputs:
        if value.shape != first:
            break
    else:
        return first
    if len(inputs) == 2 and not (first and inputs[1].shape):  # one of them is a single number
        return first or inputs[1].shape
    rank = max(len(value.shape) for value in inputs)
    result = [1] * rank
    for value in inputs:
        for axis, length in enumerate(value.shape, start=rank - len(value.shape)):
            if length == 1 or result[axis] == length:
                continue
            if result[axis] != 1:
                shapes = " and ".join(str(each.shape) for each in inputs)
                raise ShapeError(
                    f"{name} got shapes {shapes}; axis {axis - rank} is {result[axis]} in one and {length} "
                    "in another",
                    remedy="make them equal, or one of them 1",
                )
            result[axis] = length
    return tuple(result)


def normalize_axis(name: str, axis: int, rank: int) -> int:
    """A possibly negative axis as 0 … rank - 1."""
    if not -rank <= axis < rank:
        raise ShapeError(f"{name} got axis {axis} for an array with {rank} axes")
    return axis % rank


def same_dtype(name: str, inputs: Sequence[Value]) -> str:
    dtype = inputs[0].dtype
    for value in inputs[1:]:
        if value.dtype != dtype:
            dtypes = " and ".join(each.dtype for each in inputs)
            raise DTypeError(
                f"{name} got {dtypes}", remedy="cast one of them, so that both have the same dtype"
            )
    return dtype


def need(name: str, value: Value, allowed: Sequence[str]) -> None:
    if value.dtype not in allowed:
        remedy = f"cast it, as in x.cast('{allowed[0]}')" if value.dtype == "uint8" else ""
        raise DTypeError(f"{name} got {value.dtype}; it needs {' or '.join(allowed)}", remedy=remedy)


INTEGERS = ("int32", "int64", "uint32")
NUMBERS = FLOATS + INTEGERS


def need_known(name: str, dtype: str) -> None:
    if dtype not in ITEM_BYTES:
        raise DTypeError(f"{name} got {dtype}; it needs {' or '.join(ITEM_BYTES)}")


def need_lengths(name: str, shape: Shape) -> None:
    if any(length < 0 for length in shape):
        raise ShapeError(f"{name} got shape {shape}; no axis may be shorter than 0")
