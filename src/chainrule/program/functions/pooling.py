"""Pooling over one to three spatial axes."""

from chainrule.program.functions import volumes
from chainrule.program.functions.convolution import Lengths, Padding, each_axis
from chainrule.program.operations.windows import Windows, need_space, resolve_padding
from chainrule.program.tracing import Tensor


def max_pool(
    x: Tensor, window: Lengths, *, stride: Lengths | None = None, padding: Padding = "valid"
) -> Tensor:
    """The largest element of every window, for each channel; of equal ones, the first gets the derivative.

    x: (batch, *space, channels) with one to three spatial axes -> (batch, *places, channels). window, stride:
    a number, or one for each axis; the stride is the window if None. padding: as for `convolution`, but
    smaller than the window on each side; padding is never the largest.

    Raises ShapeError if the window is larger than the padded x, or could contain nothing but padding.
    """
    return _pool("max_pool", x, window, stride, padding)


def average_pool(
    x: Tensor, window: Lengths, *, stride: Lengths | None = None, padding: Padding = "valid"
) -> Tensor:
    """The mean of every window, for each channel; padding is left out of it.

    Shapes and arguments are those of `max_pool`.
    """
    return _pool("average_pool", x, window, stride, padding)


def _pool(operation: str, x: Tensor, window: Lengths, stride: Lengths | None, padding: Padding) -> Tensor:
    with x.trace.naming_the_layer():
        space = need_space(operation, x.value, 3)
        axes = len(space)
        windows = each_axis(window, axes)
        strides = windows if stride is None else each_axis(stride, axes)
        pairs = resolve_padding(operation, padding, space, windows, strides, (1,) * axes)
    if axes == 3:
        return volumes.pool(operation, x, windows, Windows(strides, (1,) * axes, pairs))
    return x.trace.record(operation, x, window=windows, stride=strides, padding=pairs)
