"""Cumulative sums, the indices of the largest and of the sorted elements along an axis, distinct values."""

from collections.abc import Callable, Sequence

from chainrule.errors import ShapeError
from chainrule.program.operations.row import NUMBERS, Attributes, Inferred, Operation, need
from chainrule.program.value import Value


def _cumsum(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,) = inputs
    need("cumsum", x, NUMBERS)
    return x.shape, x.dtype


def _places(name: str) -> Callable[..., Inferred]:
    def infer(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
        (x,), axis = inputs, attributes["axis"]
        need(name, x, NUMBERS)
        if name == "argsort":
            return x.shape, "int32"
        if name == "argmax":
            if x.shape[axis] == 0:
                raise ShapeError(f"argmax over an axis of length 0 has no answer; x has shape {x.shape}")
            return (*x.shape[:axis], *x.shape[axis + 1 :]), "int32"
        k = attributes["k"]
        if not 0 <= k <= x.shape[axis]:
            raise ShapeError(
                f"{name} got k = {k} for axis {axis} of shape {x.shape}; it needs 0 to its length"
            )
        return (*x.shape[:axis], k, *x.shape[axis + 1 :]), "int32"

    return infer


def _factorize(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,) = inputs
    need("factorize", x, ("int32", "int64"))
    return x.shape, "int32"


def _order(name: str, meaning: str) -> Operation:
    return Operation(name, 1, _places(name), meaning, differentiable=False)


ORDERING = (
    Operation("cumsum", 1, _cumsum, "y = x summed from the start (or the end) of an axis up to each place"),
    _order("argmax", "y = the index of the largest along an axis, the first of a tie"),
    _order("argsort", "y = the indices that sort x along an axis; what is equal stays in order"),
    Operation(
        "factorize",
        1,
        _factorize,
        "y = the number of each value of x among the distinct ones, in order of first occurrence",
        differentiable=False,
    ),
    _order("arg_top_k", "y = the indices of the k largest along an axis, the largest first"),
)
