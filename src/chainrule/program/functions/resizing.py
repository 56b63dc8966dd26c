"""Resizing images and signals."""

from collections.abc import Sequence

from chainrule.program.functions.convolution import each_axis
from chainrule.program.operations.windows import need_space
from chainrule.program.tracing import Tensor


def resize(x: Tensor, size: int | Sequence[int], method: str = "linear") -> Tensor:
    """X with other lengths along its spatial axes: (batch, *space, channels) -> (batch, *size, channels).

    One or two axes. size: a length, or one for each axis. method: 'nearest', or 'linear' (bilinear over two
    axes). Elements are areas whose centres lie at ½, 1½, …, and place i of n looks at (i + ½) · length / n.
    'nearest' takes the element whose area that lies in; 'linear' goes between the two next centres, and stays
    beyond the outermost. Nothing is averaged where x shrinks.

    Raises ShapeError for a length below 1, ConfigError for another method.
    """
    with x.trace.naming_the_layer():
        lengths = each_axis(size, len(need_space("resize", x.value)))
    return x.trace.record("resize", x, size=lengths, method=method)
