"""Reading images between their pixels."""

import numpy as np

from chainrule.errors import ConfigError, ShapeError
from chainrule.program.functions.core import gather, zeros_like
from chainrule.program.functions.elementwise import floor, logical_and, maximum, minimum, where
from chainrule.program.tracing import Tensor

METHODS = ("linear", "nearest")
EDGES = ("reflect", "nearest", "zeros")


def sample(
    x: Tensor, rows: Tensor, columns: Tensor, *, method: str = "linear", edge: str = "reflect"
) -> Tensor:
    """y[b, i, j] = x[b, rows[b, i, j], columns[b, i, j]], where rows and columns may lie between pixels.

    x: (batch, height, width, channels); floats, or for 'nearest' any dtype. rows, columns: float
    (batch, rows of y, columns of y); 0 is the centre of the first pixel, height - 1 that of the last row.
    method: 'linear' interpolates between the four pixels around the point (bilinear); 'nearest' takes the
    closest one. edge: what is read outside the image: 'reflect' mirrors it at the centres of its outermost
    pixels (cb|abcd|cb), 'nearest' repeats these, 'zeros' reads 0.
    Returns (batch, rows of y, columns of y, channels) of x's dtype. There are derivatives with respect to x,
    and for 'linear' to rows and columns (the slope between the pixels); for 'nearest' these are 0.
    Raises ConfigError for another method or edge, ShapeError for shapes that do not fit.
    """
    for name, value, known in (("method", method, METHODS), ("edge", edge, EDGES)):
        if value not in known:
            raise ConfigError(f"{name} is {value!r}", remedy=f"give one of {', '.join(known)}")
    if x.ndim != 4 or rows.ndim != 3 or rows.shape != columns.shape or rows.shape[0] != x.shape[0]:
        raise ShapeError(
            f"sample got x {x.shape}, rows {rows.shape} and columns {columns.shape}",
            remedy="give x (batch, height, width, channels), rows and columns (batch, height, width)",
        )
    if edge == "reflect":
        rows, columns = _mirrored(rows, x.shape[1]), _mirrored(columns, x.shape[2])
    if method == "nearest":
        return _taken(x, floor(rows + 0.5), floor(columns + 0.5), edge)
    top, left = floor(rows), floor(columns)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    upper = _between(_taken(x, top, left, edge), _taken(x, top, left + 1.0, edge), right)
    lower = _between(_taken(x, top + 1.0, left, edge), _taken(x, top + 1.0, left + 1.0, edge), right)
    return _between(upper, lower, down)


def _between(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    return first + (second - first) * share


def _mirrored(places: Tensor, length: int) -> Tensor:
    """Each place brought into 0 … length - 1, going back and forth between the ends."""
    if length == 1:
        return zeros_like(places)
    last = float(length - 1)
    ahead = abs(places)
    ahead = ahead - 2.0 * last * floor(ahead * (0.5 / last))
    return last - abs(last - ahead)


def _taken(x: Tensor, rows: Tensor, columns: Tensor, edge: str) -> Tensor:
    """The pixels at whole numbers; those outside by the edge."""
    batch, height, width, channels = x.shape
    row, column = _within(rows, height), _within(columns, width)
    each = x.trace.constant(np.arange(batch).reshape(-1, 1, 1) * (height * width), "int32")
    flat = x.reshape(batch * height * width, channels)
    pixels = gather(flat, row * width + column + each)
    if edge != "zeros":
        return pixels
    inside = logical_and(_inside(rows, height), _inside(columns, width))
    return where(inside[..., None], pixels, zeros_like(pixels))


def _within(places: Tensor, length: int) -> Tensor:
    return minimum(maximum(places, 0.0), float(length - 1)).cast("int32")


def _inside(places: Tensor, length: int) -> Tensor:
    return logical_and(places >= 0.0, places <= float(length - 1))
