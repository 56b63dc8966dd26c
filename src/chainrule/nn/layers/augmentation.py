"""Augmentation: random changes of images in training, which should not change what the network predicts.

In prediction the images are not changed. The program's counter-based random bits decide, so a resumed run
draws the same changes as the unbroken run. Here are those that move or cover whole pixels; `warping` moves
images by geometry, `color_augmentation` changes their colors, `filter_augmentation` their sharpness.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ShapeError
from chainrule.nn.initializers import zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.drawing import whole
from chainrule.nn.layers.inputs import need_pictures, need_space
from chainrule.nn.settings import check_whole, checked_lengths
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.functions.convolution import Lengths, each_axis


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
        need_pictures(x)
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
        top, left = (whole(self, batch, "float32", most) for most in spare)
        rows = top + x.trace.constant(
            np.arange(height).reshape(1, -1, 1) + np.zeros((1, 1, width)), "float32"
        )
        columns = left + x.trace.constant(
            np.arange(width).reshape(1, 1, -1) + np.zeros((1, height, 1)), "float32"
        )
        return f.sample(x, rows, columns, method="nearest", edge="nearest")


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
        first = whole(self, batch, x.dtype, length - 1)[..., None] - float(self.size // 2)
        places = x.trace.constant(np.arange(length).reshape(shape), x.dtype)
        return f.logical_or(places < first, places >= first + float(self.size))
