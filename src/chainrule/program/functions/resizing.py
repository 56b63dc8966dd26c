"""Resizing images and signals."""

from collections.abc import Sequence

from chainrule.program.functions import volumes
from chainrule.program.functions.convolution import each_axis
from chainrule.program.operations.windows import need_space
from chainrule.program.tracing import Tensor


def resize(x: Tensor, size: int | Sequence[int], method: str = "linear") -> Tensor:
    """Resize the spatial axes of x, one to three: (batch, *space, channels) -> (batch, *size, channels).

    size: a length, or one for each axis. method: 'nearest', or 'linear' (bilinear for two axes,
    trilinear for three).
    The centres of the elements lie at ½, 1½, …, and element i of n new ones reads x at (i + ½) · length / n.
    'nearest' takes the element that contains this point; 'linear' interpolates between the two nearest
    centres, and takes the outermost element beyond its centre. Shrinking averages nothing (no antialiasing).

    Raises ShapeError for a length below 1, ConfigError for another method.
    """
    with x.trace.naming_the_layer():
        lengths = each_axis(size, len(need_space("resize", x.value, 3)))
    if len(lengths) == 3:
        return volumes.resize(x, lengths, method)
    return x.trace.record("resize", x, size=lengths, method=method)
