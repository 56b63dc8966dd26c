"""Augmentation by other geometry than affine maps: perspective, and elastic distortion, in training."""

import math
from dataclasses import dataclass
from typing import overload

import numpy as np

from chainrule.nn.layer import Layer
from chainrule.nn.layers.drawing import between
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.layers.warping import Geometry, need_beside, warp
from chainrule.nn.settings import check_choice, check_number
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.functions.sampling import EDGES

_ROUNDS = 8  # of the search for a place by its displacement; each usually leaves less than half of the error


@dataclass(frozen=True)
class RandomPerspective(Layer):
    """y[H p] = x[p]: each image seen from a random side, by a projective map H; in prediction y = x.

    H brings the four corners of the image to places within it, drawn for each image, and straight lines to
    straight lines; it is interpolated (bilinear).

    most: how far a corner moves along each axis at the most, as a share of half the side, from 0 to 0.6,
    drawn uniformly from 0 on. edge: the values beyond the border: 'reflect', 'nearest' or 'zeros', see
    `functions.sample`.
    x: float (batch, height, width, channels) -> the same shape. mask, void and boxes are those of
    `RandomAffine`, and move alike.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    The map of the square is that of Heckbert 1989, section 2.2; the corners are drawn as in torchvision.
    From 2/3 on, four corners may be no convex quadrilateral.
    """

    most: float = 0.3
    edge: str = "reflect"

    def __post_init__(self) -> None:
        check_number(self, "most", self.most, at_least=0, at_most=0.6)
        check_choice(self, "edge", self.edge, EDGES)

    @overload
    def __call__(self, x: Tensor) -> Tensor: ...
    @overload
    def __call__(self, x: Tensor, mask: Tensor, *, void: int | None = None) -> tuple[Tensor, Tensor]: ...
    @overload
    def __call__(self, x: Tensor, *, boxes: Tensor) -> tuple[Tensor, Tensor]: ...
    def __call__(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        void: int | None = None,
        boxes: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, ...]:
        need_beside(x, mask, boxes)
        need_floats(x)
        drawn = self._drawn(x) if self.training and self.most else None
        return warp(drawn, x, mask, boxes, edge=self.edge, void=void)

    def _drawn(self, x: Tensor) -> "_Projective":
        batch, height, width, _ = x.shape
        down, right = (
            [between(self, batch, x.dtype, 0.0, self.most / 2) for _ in range(4)] for _ in range(2)
        )
        (y0, y1, y2, y3), (x0, x1, x2, x3) = down, right
        ys, xs = (y0, y1, 1.0 - y2, 1.0 - y3), (x0, 1.0 - x1, 1.0 - x2, x3)
        return _Projective(x.dtype, (height, width), _of_the_square(xs, ys))


_Row = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class _Projective(Geometry):
    """(X, Y, W) = M (x, y, 1), of places x / width and y / height from the upper left corner, shown at X / W.

    matrix: rows of Tensors (batch, 1, 1), from the image to the result. size: (height, width).
    """

    size: tuple[int, int]
    matrix: tuple[_Row, _Row, _Row]

    def read(self, v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        return self._mapped(_adjugate(self.matrix), v, u)

    def shown(self, v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        return self._mapped(self.matrix, v, u)

    def _mapped(self, matrix: tuple[_Row, _Row, _Row], v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        height, width = (float(length) for length in self.size)
        x, y = u * (1 / width) + 0.5, v * (1 / height) + 0.5
        across, down, scale = (row[0] * x + row[1] * y + row[2] for row in matrix)
        return (down / scale - 0.5) * height, (across / scale - 0.5) * width


def _of_the_square(xs: tuple[Tensor, ...], ys: tuple[Tensor, ...]) -> tuple[_Row, _Row, _Row]:
    """The projective map of (0, 0), (1, 0), (1, 1), (0, 1) to the given points, in this order (Heckbert)."""
    (x0, x1, x2, x3), (y0, y1, y2, y3) = xs, ys
    x, y = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    (x12, x32), (y12, y32) = (x1 - x2, x3 - x2), (y1 - y2, y3 - y2)
    area = x12 * y32 - x32 * y12
    g, h = (x * y32 - x32 * y) / area, (x12 * y - x * y12) / area
    one = h * 0.0 + 1.0
    return (
        (x1 - x0 + g * x1, x3 - x0 + h * x3, x0),
        (y1 - y0 + g * y1, y3 - y0 + h * y3, y0),
        (g, h, one),
    )


def _adjugate(matrix: tuple[_Row, _Row, _Row]) -> tuple[_Row, _Row, _Row]:
    """The inverse times the determinant, which a projective map does not notice."""
    (a, b, c), (d, e, k), (g, h, i) = matrix
    return (
        (e * i - k * h, c * h - b * i, b * k - c * e),
        (k * g - d * i, a * i - c * g, c * d - a * k),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )


@dataclass(frozen=True)
class RandomElastic(Layer):
    """y[p] = x[p + d[p]]: each image distorted as if drawn on rubber; in prediction y = x.

    d is noise, uniform and independent for each pixel and axis, smoothed by a Gaussian and brought to the
    same variance everywhere, drawn for each image; it is interpolated (bilinear).

    deviation: the standard deviation of d along each axis in pixels, at least 0, at most half the smoothness:
    beyond, the image may fold. smoothness: the standard deviation of the Gaussian in pixels, above 0. edge:
    the values beyond the border: 'reflect', 'nearest' or 'zeros', see `functions.sample`.
    x: float (batch, height, width, channels) -> the same shape. mask, void and boxes are those of
    `RandomAffine`; a box becomes the smallest upright one around its moved corners and middles of edges.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    Simard, Steinkraus and Platt 2003, section 2, where the smoothed noise is multiplied by a number instead.
    """

    deviation: float = 1.5
    smoothness: float = 6.0
    edge: str = "reflect"

    def __post_init__(self) -> None:
        check_number(self, "smoothness", self.smoothness, above=0)
        check_number(self, "deviation", self.deviation, at_least=0, at_most=self.smoothness / 2)
        check_choice(self, "edge", self.edge, EDGES)

    @overload
    def __call__(self, x: Tensor) -> Tensor: ...
    @overload
    def __call__(self, x: Tensor, mask: Tensor, *, void: int | None = None) -> tuple[Tensor, Tensor]: ...
    @overload
    def __call__(self, x: Tensor, *, boxes: Tensor) -> tuple[Tensor, Tensor]: ...
    def __call__(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        void: int | None = None,
        boxes: Tensor | None = None,
    ) -> Tensor | tuple[Tensor, ...]:
        need_beside(x, mask, boxes)
        need_floats(x)
        drawn = self._drawn(x) if self.training and self.deviation else None
        return warp(drawn, x, mask, boxes, edge=self.edge, void=void)

    def _drawn(self, x: Tensor) -> "_Elastic":
        batch, height, width, _ = x.shape
        bits = self.random_bits((batch, 2, height, width))
        noise = (bits.cast(x.dtype) * 2.0**-32 - 0.5) * (self.deviation * math.sqrt(12))
        down, across = (
            x.trace.constant(_smoothing(length, self.smoothness), x.dtype) for length in (height, width)
        )
        field = down @ noise @ across.transpose(1, 0)  # (batch, 2, height, width)
        return _Elastic(x.dtype, (height, width), field.transpose(0, 2, 3, 1))


@dataclass(frozen=True, eq=False)
class _Elastic(Geometry):
    """Place p of the result is read at p + d[p].

    size: (height, width). field: d, (batch, height, width, 2), down and right in pixels.
    """

    size: tuple[int, int]
    field: Tensor

    @property
    def straight(self) -> bool:
        return False

    def read(self, v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        return v + self.field[..., 0], u + self.field[..., 1]

    def shown(self, v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """p with p + d[p] = (v, u), by repeating p ← (v, u) - d[p]."""
        down, right = ((length - 1) / 2 for length in self.size)
        rows, columns = v, u
        for _ in range(_ROUNDS):
            moved = f.sample(self.field, rows + down, columns + right, edge="nearest")
            rows, columns = v - moved[..., 0], u - moved[..., 1]
        return rows, columns


def _smoothing(length: int, deviation: float) -> np.ndarray:
    """The weights of a Gaussian around each place, of square sum 1 for each: (length, length) float64."""
    places = np.arange(length)
    weights = np.exp(-0.5 * ((places[:, None] - places) / deviation) ** 2)
    return weights / np.linalg.norm(weights, axis=1, keepdims=True)
