"""Pooling over windows, for each channel; and the adjoints.

Data is (batch, *space, channels), with one or two spatial axes. Padding is never the maximum and not part of
an average; every window contains at least one element that is not padding.
"""

from collections.abc import Callable, Sequence

from chainrule.errors import ShapeError
from chainrule.program.operations.row import Attributes, Inferred, Operation, Shape, need, same_dtype
from chainrule.program.operations.windows import Windows, need_space
from chainrule.program.value import FLOATS, Value

_MOST = 2**31 - 1


def _places(name: str, space: Shape, attributes: Attributes) -> Shape:
    window, padding = attributes["window"], attributes["padding"]
    places = Windows.of(attributes).places(name, space, window)
    if any(max(pair) >= taps for pair, taps in zip(padding, window, strict=True)) or 0 in space:
        raise ShapeError(
            f"{name} got window {window} with padding {padding} over {space}; every window must hold an "
            "element, so the padding must be smaller than the window and no spatial axis empty"
        )
    return places


def _pool(name: str) -> Callable[..., Inferred]:
    def infer(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
        (x,) = inputs
        need(name, x, FLOATS)
        places = _places(name, need_space(name, x), attributes)
        if name != "max_pool_positions":
            return (x.shape[0], *places, x.shape[-1]), x.dtype
        if x.size > _MOST:
            raise ShapeError(f"{name} got {x.name} of {x.size} elements; it counts at most {_MOST}")
        return (x.shape[0], *places, x.shape[-1]), "int32"

    return infer


def _need_output(name: str, d_y: Value, needed: Shape) -> None:
    if d_y.shape != needed:
        raise ShapeError(f"{name} got {d_y.name} of shape {d_y.shape}; the pooling gives {needed}")


def _max_pool_adjoint(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    x, d_y = inputs
    name = "max_pool_adjoint"
    need(name, x, FLOATS)
    places = _places(name, need_space(name, x), attributes)
    _need_output(name, d_y, (x.shape[0], *places, x.shape[-1]))
    return x.shape, same_dtype(name, inputs)


def _average_pool_adjoint(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (d_y,) = inputs
    name, size = "average_pool_adjoint", attributes["size"]
    need(name, d_y, FLOATS)
    need_space(name, d_y)
    places = _places(name, size, attributes)
    _need_output(name, d_y, (d_y.shape[0], *places, d_y.shape[-1]))
    return (d_y.shape[0], *size, d_y.shape[-1]), d_y.dtype


POOLING = (
    Operation("max_pool", 1, _pool("max_pool"), "largest of every window; a tie sends all to its first"),
    Operation(
        "max_pool_positions",
        1,
        _pool("max_pool_positions"),
        "where in x, counted in row-major order, the first largest element of every window stands",
        differentiable=False,
    ),
    Operation(
        "max_pool_adjoint", 2, _max_pool_adjoint, "x2 added up at the first largest element of x1's windows"
    ),
    Operation("average_pool", 1, _pool("average_pool"), "mean of every window, of what is not padding"),
    Operation(
        "average_pool_adjoint",
        1,
        _average_pool_adjoint,
        "x shared out over what is not padding of a window",
    ),
)
