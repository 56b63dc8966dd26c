"""Resizing along the spatial axes, and the adjoint."""

from collections.abc import Sequence

from chainrule.errors import ConfigError, ShapeError
from chainrule.program.operations.row import Attributes, Inferred, Operation, Shape, need
from chainrule.program.operations.windows import need_space
from chainrule.program.value import FLOATS, Value

METHODS = ("nearest", "linear")


def _check(name: str, space: Shape, size: Shape, method: str) -> None:
    if method not in METHODS:
        raise ConfigError(f"{name} got method '{method}'; it needs {' or '.join(METHODS)}")
    if len(size) != len(space) or min((*size, *space)) < 1:
        raise ShapeError(
            f"{name} got size {size} for {space}; it needs a length of at least 1 for every spatial axis"
        )


def _resize(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,), size = inputs, attributes["size"]
    need("resize", x, FLOATS)
    _check("resize", need_space("resize", x), size, attributes["method"])
    return (x.shape[0], *size, x.shape[-1]), x.dtype


def _resize_adjoint(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (d_y,), size = inputs, attributes["size"]
    need("resize_adjoint", d_y, FLOATS)
    _check("resize_adjoint", need_space("resize_adjoint", d_y), size, attributes["method"])
    return (d_y.shape[0], *size, d_y.shape[-1]), d_y.dtype


RESIZING = (
    Operation("resize", 1, _resize, "x read at other places of space: the nearest element, or between two"),
    Operation("resize_adjoint", 1, _resize_adjoint, "x added up at the places that resize reads"),
)
