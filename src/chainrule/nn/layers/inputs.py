"""Checks of the inputs of layers; the errors name the layer, what it got and what it needs."""

from chainrule.errors import DTypeError, ShapeError
from chainrule.program import FLOATS, Tensor

_SPACES = {
    1: "(batch, length, channels)",
    2: "(batch, height, width, channels)",
    3: "(batch, depth, height, width, channels)",
}


def need_floats(x: Tensor) -> None:
    """Raises DTypeError unless x is float32 or float64."""
    if x.dtype not in FLOATS:
        raise DTypeError(f"{x.trace.label} got x of dtype {x.dtype}", remedy="give it float32 or float64")


def need_space(x: Tensor, *axes: int) -> None:
    """Raises ShapeError unless x has as many spatial axes as one of `axes`, and DTypeError unless floats."""
    if x.ndim - 2 not in axes:
        needed = " or ".join(_SPACES[each] for each in axes)
        one_short = x.ndim - 1 in axes
        raise ShapeError(
            f"{x.trace.label} got x of shape {x.shape}; it needs {needed}",
            remedy="if there is one channel, give it an axis of its own: x[..., None]" if one_short else "",
        )
    need_floats(x)


def need_pictures(x: Tensor) -> None:
    """Raises ShapeError unless x is (batch, height, width, channels), of any dtype."""
    if x.ndim != 4:
        raise ShapeError(
            f"{x.trace.label} got x of shape {x.shape}; it needs {_SPACES[2]}",
            remedy="if there is one channel, give it an axis of its own: x[..., None]" if x.ndim == 3 else "",
        )
