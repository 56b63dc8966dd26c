"""Augmentation by affine maps: images shifted, rotated, scaled, sheared and mirrored in training."""

import math
from dataclasses import dataclass
from typing import overload

from chainrule.errors import ConfigError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.drawing import between, sign, whole
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.layers.warping import Geometry, need_beside, warp
from chainrule.nn.settings import check_choice, check_number, check_whole
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f
from chainrule.program.functions.sampling import EDGES

FLIPS = ("none", "horizontal", "vertical", "both")


@dataclass(frozen=True)
class RandomAffine(Layer):
    """y[p] = x[A p]: each image randomly shifted, rotated, scaled, sheared and mirrored; in prediction y = x.

    A is drawn for each image. All changes are about the centre and made by one interpolation (bilinear), so
    that the image is blurred only once; if it is only shifted and mirrored, pixels are moved unchanged.

    shift: the most whole pixels along each axis, at least 0, drawn uniformly. degrees: the largest rotation
    either way, from 0 to 180, drawn uniformly. scale: (smallest, largest) factor of the size, above 0, drawn
    uniformly by its logarithm. flip: 'none'; 'horizontal' mirrors left and right with probability ½,
    'vertical' up and down, 'both' each independently. edge: the values beyond the border: 'reflect',
    'nearest' or 'zeros', see `functions.sample`. shear: the largest angle in degrees by which rows, and then
    columns, lean either way, from 0 to below 90, drawn uniformly for each; areas stay the same.
    x: float (batch, height, width, channels) -> the same shape; any dtype if only shift and flip are set.
    mask: (batch, height, width), the class number of each pixel, is moved in the same way, to the nearest
    pixel -> (x, mask). void: the value of mask pixels from beyond the border; None: as `edge` says.
    boxes: (batch, objects, 5), left, top, right and bottom in pixels from the upper left corner of the image,
    and a class number, -1 for no object -> (x, boxes). A box becomes the smallest upright one around its
    moved corners, clipped to the image; if less than a quarter of its area is left, its class becomes -1.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    shift: int = 0
    degrees: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    flip: str = "none"
    edge: str = "reflect"
    shear: float = 0.0

    def __post_init__(self) -> None:
        check_whole(self, "shift", self.shift, at_least=0)
        check_number(self, "degrees", self.degrees, at_least=0, at_most=180)
        check_choice(self, "flip", self.flip, FLIPS)
        check_choice(self, "edge", self.edge, EDGES)
        if not isinstance(self.scale, list | tuple) or len(self.scale) != 2:
            raise ConfigError(f"RandomAffine: scale is {self.scale!r}", remedy="give (smallest, largest)")
        low, high = self.scale
        check_number(self, "scale", low, above=0)
        check_number(self, "scale", high, at_least=low)
        check_number(self, "shear", self.shear, at_least=0, below=90)

    @property
    def _moves_whole_pixels(self) -> bool:
        return self.degrees == 0 and self.scale == (1, 1) and self.shear == 0

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
        if not self._moves_whole_pixels:
            need_floats(x)
        drawn = self._drawn(x) if self.training and self != RandomAffine(edge=self.edge) else None
        method = "nearest" if self._moves_whole_pixels else "linear"
        return warp(drawn, x, mask, boxes, edge=self.edge, void=void, method=method)

    def _drawn(self, x: Tensor) -> "_Affine":
        batch, dtype = x.shape[0], x.dtype if x.dtype in FLOATS else "float32"
        down = sign(self, batch, dtype) if self.flip in ("vertical", "both") else None
        right = sign(self, batch, dtype) if self.flip in ("horizontal", "both") else None
        turn, smaller, shift, lean = None, None, None, None
        if self.degrees:
            angle = between(self, batch, dtype, -self.degrees, self.degrees) * (math.pi / 180)
            turn = f.cos(angle), f.sin(angle)
        if self.scale != (1, 1):
            low, high = (math.log(factor) for factor in self.scale)
            smaller = f.exp(-between(self, batch, dtype, low, high))
        if self.shift:
            first, second = (whole(self, batch, dtype, 2 * self.shift) - self.shift for _ in range(2))
            shift = first, second
        if self.shear:
            angles = [between(self, batch, dtype, -self.shear, self.shear) for _ in range(2)]
            first, second = (f.sin(a) / f.cos(a) for a in (angle * (math.pi / 180) for angle in angles))
            lean = first, second
        return _Affine(dtype, (down, right), lean, turn, smaller, shift)


@dataclass(frozen=True, eq=False)
class _Affine(Geometry):
    """What was drawn for each image, Tensors (batch, 1, 1); None for a change that is not made.

    Place (v, u) of the result is read at S R H F (v, u) + t, with the signs F = (down, right), the shears H
    by the tangents (of rows, of columns), the rotation R by (cosine, sine), the inverse S of the scale
    factor, and the shift t.
    """

    signs: tuple[Tensor | None, Tensor | None]
    lean: tuple[Tensor, Tensor] | None
    turn: tuple[Tensor, Tensor] | None
    smaller: Tensor | None
    shift: tuple[Tensor, Tensor] | None

    def read(self, v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        v, u = self._mirrored(v, u)
        if self.lean is not None:
            v = v + self.lean[0] * u
            u = u + self.lean[1] * v
        rows, columns = v, u
        if self.turn is not None:
            cosine, sine = self.turn
            rows, columns = cosine * v - sine * u, sine * v + cosine * u
        if self.smaller is not None:
            rows, columns = rows * self.smaller, columns * self.smaller
        if self.shift is not None:
            rows, columns = rows + self.shift[0], columns + self.shift[1]
        return rows, columns

    def shown(self, v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        rows, columns = v, u
        if self.shift is not None:
            rows, columns = rows - self.shift[0], columns - self.shift[1]
        if self.smaller is not None:
            rows, columns = rows / self.smaller, columns / self.smaller
        if self.turn is not None:
            cosine, sine = self.turn
            rows, columns = cosine * rows + sine * columns, cosine * columns - sine * rows
        if self.lean is not None:
            columns = columns - self.lean[1] * rows
            rows = rows - self.lean[0] * columns
        return self._mirrored(rows, columns)

    def _mirrored(self, v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        down, right = self.signs
        return v if down is None else v * down, u if right is None else u * right
