"""Augmentation: random changes of images in training, which should not change what the network predicts.

In prediction the images are not changed. The program's counter-based random bits decide, so a resumed run
draws the same changes as the unbroken run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.initializers import zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats, need_space
from chainrule.nn.settings import check_choice, check_number, check_whole, checked_lengths
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f
from chainrule.program.functions.convolution import Lengths, each_axis
from chainrule.program.functions.sampling import EDGES

FLIPS = ("none", "horizontal", "vertical", "both")
_LEAST_SHARE = 0.25  # of the area of a box; with less the object can't be told any more
_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601's weights of red, green and blue


@dataclass(frozen=True)
class RandomAffine(Layer):
    """y[p] = x[A p]: each image is randomly shifted, rotated, scaled and mirrored; in prediction y = x.

    A is drawn for each image. All changes are about the centre and made by one interpolation (bilinear), so
    that the image is blurred only once; if it is only shifted and mirrored, pixels are moved unchanged.

    shift: the most whole pixels along each axis, at least 0, drawn uniformly. degrees: the largest rotation
    either way, from 0 to 180, drawn uniformly. scale: (smallest, largest) factor of the size, above 0, drawn
    uniformly by its logarithm. flip: 'none'; 'horizontal' mirrors left and right with probability ½,
    'vertical' up and down, 'both' each independently. edge: the values beyond the border: 'reflect',
    'nearest' or 'zeros', see `functions.sample`.
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

    @property
    def _moves_whole_pixels(self) -> bool:
        return self.degrees == 0 and self.scale == (1, 1)

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
        _need_pictures(x)
        if not self._moves_whole_pixels:
            need_floats(x)
        if mask is not None and mask.shape != x.shape[:3]:
            raise ShapeError(
                f"{x.trace.label} got images {x.shape} and a mask {mask.shape}; it must be {x.shape[:3]}"
            )
        if boxes is not None and (boxes.ndim != 3 or boxes.shape[::2] != (x.shape[0], 5)):
            raise ShapeError(
                f"{x.trace.label} got images {x.shape} and boxes {boxes.shape}; "
                f"they must be ({x.shape[0]}, objects, 5)"
            )
        if self.training and self != RandomAffine(edge=self.edge):
            drawn = self._drawn(x)
            rows, columns = drawn.places(x)
            method = "nearest" if self._moves_whole_pixels else "linear"
            x = f.sample(x, rows, columns, method=method, edge=self.edge)
            if mask is not None:
                mask = _moved(mask, rows, columns, self.edge, void)
            if boxes is not None:
                boxes = drawn.moved(boxes, x.shape[1:3])
        beside = tuple(each for each in (mask, boxes) if each is not None)
        return (x, *beside) if beside else x

    def _drawn(self, x: Tensor) -> "_Drawn":
        batch, dtype = x.shape[0], x.dtype if x.dtype in FLOATS else "float32"
        down = _sign(self, batch, dtype) if self.flip in ("vertical", "both") else None
        right = _sign(self, batch, dtype) if self.flip in ("horizontal", "both") else None
        turn, smaller, shift = None, None, None
        if self.degrees:
            angle = _between(self, batch, dtype, -self.degrees, self.degrees) * (math.pi / 180)
            turn = f.cos(angle), f.sin(angle)
        if self.scale != (1, 1):
            low, high = (math.log(factor) for factor in self.scale)
            smaller = f.exp(-_between(self, batch, dtype, low, high))
        if self.shift:
            first, second = (_whole(self, batch, dtype, 2 * self.shift) - self.shift for _ in range(2))
            shift = first, second
        return _Drawn((down, right), turn, smaller, shift, dtype)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What was drawn for each image, Tensors (batch, 1, 1); None for a change that is not made.

    Pixel (v, u) of the result, counted from the centre, is read at S R F (v, u) + t, with the signs F =
    (down, right), the rotation R by (cosine, sine), the inverse S of the scale factor, and the shift t.
    """

    signs: tuple[Tensor | None, Tensor | None]
    turn: tuple[Tensor, Tensor] | None
    smaller: Tensor | None
    shift: tuple[Tensor, Tensor] | None
    dtype: str

    def places(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(rows, columns) at which the pixels of the result are read in x: (batch, height, width) each."""
        batch, height, width, _ = x.shape
        down, right = ((n - 1) / 2 for n in (height, width))
        v = x.trace.constant(np.arange(height).reshape(1, -1, 1) - down, self.dtype)
        u = x.trace.constant(np.arange(width).reshape(1, 1, -1) - right, self.dtype)
        v, u = self._mirrored(v, u)
        rows, columns = (f.broadcast_to(each, (batch, height, width)) for each in (v, u))
        if self.turn is not None:
            cosine, sine = self.turn
            rows, columns = cosine * v - sine * u, sine * v + cosine * u
        if self.smaller is not None:
            rows, columns = rows * self.smaller, columns * self.smaller
        if self.shift is not None:
            rows, columns = rows + self.shift[0], columns + self.shift[1]
        return rows + down, columns + right

    def moved(self, boxes: Tensor, size: Sequence[int]) -> Tensor:
        """The boxes in the result: the smallest upright ones around their mapped corners, clipped.

        boxes: (batch, objects, 5), see `RandomAffine`. size: (height, width) of the images.
        """
        boxes = boxes.cast(self.dtype)
        middles = [length / 2 for length in size]
        rows = f.stack([boxes[..., each] for each in (1, 1, 3, 3)], -1) - middles[0]
        columns = f.stack([boxes[..., each] for each in (0, 2, 0, 2)], -1) - middles[1]
        if self.shift is not None:
            rows, columns = rows - self.shift[0], columns - self.shift[1]
        if self.smaller is not None:
            rows, columns = rows / self.smaller, columns / self.smaller
        if self.turn is not None:
            cosine, sine = self.turn
            rows, columns = cosine * rows + sine * columns, cosine * columns - sine * rows
        rows, columns = self._mirrored(rows, columns)
        edges = [
            edge + middle
            for edge, middle in zip(
                (columns.min(-1), rows.min(-1), columns.max(-1), rows.max(-1)), middles[::-1] * 2, strict=True
            )
        ]
        cut = [
            f.minimum(f.maximum(edge, 0.0), float(most))
            for edge, most in zip(edges, [*size[::-1]] * 2, strict=True)
        ]
        kept = _area(cut) >= _LEAST_SHARE * _area(edges)
        number = f.where(kept, boxes[..., 4], -1.0)
        return f.stack([*cut, number], -1)

    def _mirrored(self, v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        down, right = self.signs
        return v if down is None else v * down, u if right is None else u * right


def _area(edges: Sequence[Tensor]) -> Tensor:
    left, top, right, bottom = edges
    return (right - left) * (bottom - top)


@dataclass(frozen=True)
class AlternatingFlip(Layer):
    """y = x mirrored left and right in every other epoch, else y = x; in prediction y = x.

    Half of the images begin mirrored. So two successive epochs show every image both ways; with independent
    random flips this holds for only half of the images (Jordan 2024, arXiv:2404.00498, section 3.6).

    steps: of an epoch, at least 1. An image belongs to one half if the sum of its first channel, rounded
    down, is even. State: 'step', the number of calls.
    x: (batch, height, width, channels) -> the same shape.
    Raises ConfigError for bad steps; while recording ShapeError and DTypeError for other inputs.
    """

    steps: int

    def __post_init__(self) -> None:
        check_whole(self, "steps", self.steps)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        step = self.state("step", (), zeros)
        if not self.training:
            return x
        self.update_state("step", step + 1.0)
        epoch = f.floor((step + 0.5) * (1.0 / self.steps)).cast(x.dtype)
        turn = f.floor(x[..., :1].sum((1, 2, 3), keepdims=True)) + epoch
        mirrored = turn - 2.0 * f.floor(0.5 * turn) > 0.5
        batch, height, width, _ = x.shape
        rows, columns = np.meshgrid(np.arange(height), np.arange(width - 1, -1, -1), indexing="ij")
        places = [
            f.broadcast_to(x.trace.constant(each[None], x.dtype), (batch, height, width))
            for each in (rows, columns)
        ]
        return f.where(mirrored, f.sample(x, *places, method="nearest", edge="nearest"), x)


@dataclass(frozen=True)
class RandomCrop(Layer):
    """y = x[top : top + height, left : left + width], at a random place; in prediction in the middle.

    size: of the crop in pixels, one number or (height, width), at least 1.
    x: (batch, rows, columns, channels), at least as large as the crop -> (batch, height, width, channels).
    Raises ConfigError for a bad size; while recording ShapeError for smaller images.
    """

    size: Lengths

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", checked_lengths(self, "size", self.size, 2))

    def __call__(self, x: Tensor) -> Tensor:
        _need_pictures(x)
        height, width = each_axis(self.size, 2)
        spare = [x.shape[1] - height, x.shape[2] - width]
        if min(spare) < 0:
            raise ShapeError(
                f"{x.trace.label} got images of {x.shape[1:3]}; it cuts {(height, width)} out of them",
                remedy="make the images larger or the crop smaller",
            )
        if not self.training or spare == [0, 0]:
            top, left = (each // 2 for each in spare)
            return x[:, top : top + height, left : left + width]
        batch = x.shape[0]
        top, left = (_whole(self, batch, "float32", most) for most in spare)
        rows = top + x.trace.constant(
            np.arange(height).reshape(1, -1, 1) + np.zeros((1, 1, width)), "float32"
        )
        columns = left + x.trace.constant(
            np.arange(width).reshape(1, 1, -1) + np.zeros((1, height, 1)), "float32"
        )
        return f.sample(x, rows, columns, method="nearest", edge="nearest")


@dataclass(frozen=True)
class ColorJitter(Layer):
    """y ← x b, then y ← m + (y - m) c, then y ← g + (y - g) s, drawn for each image; in prediction y = x.

    m is the mean of the image and g the grey value of each pixel; b, c and s are drawn uniformly within
    1 ± brightness, 1 ± contrast and 1 ± saturation. Values are not clipped.
    brightness, contrast, saturation: from 0 to 1; saturation applies to images of three channels, RGB.
    x: float (batch, height, width, channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            check_number(self, name, getattr(self, name), at_least=0, at_most=1)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        if not self.training:
            return x
        if self.brightness:
            x = x * self._factor(x, self.brightness)
        if self.contrast:
            mean = x.mean((1, 2, 3), keepdims=True)
            x = mean + (x - mean) * self._factor(x, self.contrast)
        if self.saturation and x.shape[3] == 3:
            weights = x.trace.constant(np.array(_GREY), x.dtype)
            grey = (x * weights).sum(-1, keepdims=True)
            x = grey + (x - grey) * self._factor(x, self.saturation)
        return x

    def _factor(self, x: Tensor, most: float) -> Tensor:
        return _between(self, x.shape[0], x.dtype, 1 - most, 1 + most)[..., None]


@dataclass(frozen=True)
class Cutout(Layer):
    """y = 0 within a square whose centre is drawn anywhere in the image, else x (DeVries and Taylor 2017).

    In prediction y = x. After `Standardize`, 0 is the mean of the training images.
    size: side of the square in pixels, at least 1; the square may extend beyond the border.
    x: float (batch, height, width, channels) -> the same shape.
    Raises ConfigError for a bad size; while recording ShapeError and DTypeError for other inputs.
    """

    size: int

    def __post_init__(self) -> None:
        check_whole(self, "size", self.size)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        if not self.training:
            return x
        batch, height, width, _ = x.shape
        down = self._outside(x, height, (1, -1, 1, 1), batch)
        right = self._outside(x, width, (1, 1, -1, 1), batch)
        return f.where(f.logical_or(down, right), x, 0.0)

    def _outside(self, x: Tensor, length: int, shape: Sequence[int], batch: int) -> Tensor:
        """Whether each position along an axis lies outside of the square."""
        first = _whole(self, batch, x.dtype, length - 1)[..., None] - float(self.size // 2)
        places = x.trace.constant(np.arange(length).reshape(shape), x.dtype)
        return f.logical_or(places < first, places >= first + float(self.size))


def _moved(mask: Tensor, rows: Tensor, columns: Tensor, edge: str, void: int | None) -> Tensor:
    """The class number of the pixel nearest to each place; `void`, if given, beyond the border."""
    moved = f.sample(mask[..., None], rows, columns, method="nearest", edge=edge).reshape(*mask.shape)
    if void is None:
        return moved
    height, width = (length - 0.5 for length in mask.shape[1:])
    down = f.logical_and(rows >= -0.5, rows < height)
    across = f.logical_and(columns >= -0.5, columns < width)
    outside = mask.trace.constant(np.array(void), mask.dtype)
    return f.where(f.logical_and(down, across), moved, outside)


def _need_pictures(x: Tensor) -> None:
    if x.ndim != 4:
        raise ShapeError(
            f"{x.trace.label} got x of shape {x.shape}; it needs (batch, height, width, channels)",
            remedy="if there is one channel, give it an axis of its own: x[..., None]" if x.ndim == 3 else "",
        )


def _between(layer: Layer, count: int, dtype: str, low: float, high: float) -> Tensor:
    """A uniform random number from low to high for each image: (count, 1, 1)."""
    return layer.random_bits((count, 1, 1)).cast(dtype) * ((high - low) * 2.0**-32) + low


def _whole(layer: Layer, count: int, dtype: str, most: int) -> Tensor:
    """A uniform random whole number from 0 to most for each image: (count, 1, 1)."""
    drawn = layer.random_bits((count, 1, 1)).cast(dtype) * ((most + 1) * 2.0**-32)
    return f.minimum(f.floor(drawn), float(most))  # the largest draws round up


def _sign(layer: Layer, count: int, dtype: str) -> Tensor:
    """1 or -1 at random for each image: (count, 1, 1)."""
    return (layer.random_bits((count, 1, 1)) < 2**31).cast(dtype) * 2.0 - 1.0
