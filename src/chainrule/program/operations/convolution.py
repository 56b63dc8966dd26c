"""Convolution and its two adjoints. Each is linear in both inputs, and its derivatives are the other two.

Data is (batch, *space, channels), with one or two spatial axes; weights are (*window, channels of the
input / groups, channels of the output). As usual for neural networks it is a correlation: the window is not
flipped.
"""

from collections.abc import Sequence

from chainrule.errors import ShapeError
from chainrule.program.operations.row import Attributes, Inferred, Operation, Shape, need, same_dtype
from chainrule.program.operations.windows import Windows, need_space
from chainrule.program.value import FLOATS, Value


def need_groups(name: str, groups: int, x_channels: int, weight: Shape) -> None:
    """ShapeError unless the channels divide into groups and the weight fits them."""
    if groups < 1 or x_channels % groups or weight[-1] % groups:
        raise ShapeError(
            f"{name} got {groups} groups for {x_channels} channels of the input and {weight[-1]} of the "
            "output; the groups must divide both"
        )
    if weight[-2] != x_channels // groups:
        raise ShapeError(
            f"{name} got a weight of shape {weight} for {x_channels} channels in {groups} groups; its "
            f"second-last axis must be {x_channels // groups}"
        )


def _need_output(name: str, d_y: Value, needed: Shape) -> None:
    if d_y.shape != needed:
        raise ShapeError(
            f"{name} got {d_y.name} of shape {d_y.shape}; what it is the adjoint of gives {needed}"
        )


def _checked(name: str, inputs: Sequence[Value]) -> str:
    for value in inputs:
        need(name, value, FLOATS)
    return same_dtype(name, inputs)


def _convolution(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    x, weight = inputs
    name = "convolution"
    dtype, space = _checked(name, inputs), need_space(name, x)
    if len(weight.shape) != len(x.shape):
        raise ShapeError(
            f"{name} got x of shape {x.shape} and a weight of shape {weight.shape}; the weight needs "
            f"{len(x.shape)} axes: (*window, channels / groups, channels of the output)"
        )
    places = Windows.of(attributes).places(name, space, weight.shape[:-2])
    need_groups(name, attributes["groups"], x.shape[-1], weight.shape)
    return (x.shape[0], *places, weight.shape[-1]), dtype


def _convolution_input_adjoint(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    d_y, weight = inputs
    name, size, groups = "convolution_input_adjoint", attributes["size"], attributes["groups"]
    dtype = _checked(name, inputs)
    need_space(name, d_y)
    if len(weight.shape) != len(d_y.shape) or len(size) != len(d_y.shape) - 2:
        raise ShapeError(
            f"{name} got {d_y.name} of shape {d_y.shape}, a weight of shape {weight.shape} and size {size}; "
            "the weight needs as many axes, the size two fewer"
        )
    channels = weight.shape[-2] * groups
    places = Windows.of(attributes).places(name, size, weight.shape[:-2])
    need_groups(name, groups, channels, weight.shape)
    _need_output(name, d_y, (d_y.shape[0], *places, weight.shape[-1]))
    return (d_y.shape[0], *size, channels), dtype


def _convolution_weight_adjoint(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    x, d_y = inputs
    name, window, groups = "convolution_weight_adjoint", attributes["window"], attributes["groups"]
    dtype, space = _checked(name, inputs), need_space(name, x)
    places = Windows.of(attributes).places(name, space, window)
    _need_output(name, d_y, (x.shape[0], *places, *d_y.shape[-1:]))
    weight = (*window, x.shape[-1] // max(groups, 1), d_y.shape[-1])
    need_groups(name, groups, x.shape[-1], weight)
    return weight, dtype


CONVOLUTION = (
    Operation("convolution", 2, _convolution, "y = x1 correlated with the weight x2 over one or two axes"),
    Operation(
        "convolution_input_adjoint",
        2,
        _convolution_input_adjoint,
        "x1, a derivative by y, sent back through the weight x2: the transposed convolution",
    ),
    Operation(
        "convolution_weight_adjoint",
        2,
        _convolution_weight_adjoint,
        "the input x1 correlated with x2, a derivative by y: the derivative by the weight",
    ),
)
