"""Resizing: scaled until the shorter side fits and cropped at the centre, or scaled whole into a frame."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image


def resized(image: "Image.Image", size: tuple[int, int]) -> "Image.Image":
    """An image of this (height, width): its largest centred part of that shape, scaled.

    Scaled by Pillow's bilinear filter, whose support grows as an image shrinks, so that nothing aliases.
    """
    from PIL.Image import Resampling

    height, width = size
    if image.size == (width, height):
        return image
    scale = min(image.width / width, image.height / height)
    left, top = (image.width - width * scale) / 2, (image.height - height * scale) / 2
    box = (left, top, min(left + width * scale, image.width), min(top + height * scale, image.height))
    return image.resize((width, height), Resampling.BILINEAR, box)


@dataclass(frozen=True)
class Frame:
    """Where a whole image lies in a larger one, its shape kept, black around it.

    given, size: (height, width) of the image and of the frame.
    """

    given: tuple[int, int]
    size: tuple[int, int]

    @property
    def inner(self) -> tuple[int, int]:
        """(height, width) of the scaled image."""
        factor = min(self.size[0] / self.given[0], self.size[1] / self.given[1])
        height, width = (max(1, round(side * factor)) for side in self.given)
        return min(height, self.size[0]), min(width, self.size[1])

    @property
    def corner(self) -> tuple[int, int]:
        """(top, left) of the scaled image in the frame."""
        return (self.size[0] - self.inner[0]) // 2, (self.size[1] - self.inner[1]) // 2

    def placed(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes of the image, (boxes, 4) left, top, right, bottom, as they lie in the frame."""
        return boxes * self._factors + self._offsets

    def back(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes in the frame as they lie in the image, cut at its borders."""
        height, width = self.given
        return np.clip((boxes - self._offsets) / self._factors, 0, [width, height, width, height])

    @property
    def _factors(self) -> np.ndarray:
        return np.array([self.inner[1] / self.given[1], self.inner[0] / self.given[0]] * 2)

    @property
    def _offsets(self) -> np.ndarray:
        return np.array([*self.corner[::-1]] * 2)


def framed(image: "Image.Image", size: tuple[int, int]) -> "Image.Image":
    """An image of this (height, width) that holds all of another, scaled, in its middle; see `Frame`."""
    from PIL import Image

    frame = Frame((image.height, image.width), size)
    if frame.inner == frame.given == size:
        return image
    (height, width), (top, left) = frame.inner, frame.corner
    whole = Image.new(image.mode, (size[1], size[0]))
    whole.paste(image.resize((width, height), Image.Resampling.BILINEAR), (left, top))
    return whole
