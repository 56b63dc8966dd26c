"""Resizing: an image is scaled and cropped at its centre, or scaled whole into a frame."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image


def resized(image: "Image.Image", size: tuple[int, int]) -> "Image.Image":
    """An image of this (height, width): the largest centred crop with the same aspect ratio, scaled.

    The filter is Pillow's bilinear one, whose support grows as an image shrinks, so that nothing aliases.
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
    """The place of an image that is scaled, at its aspect ratio, to fit in the middle of a black frame.

    given: (height, width) of the image in pixels. size: (height, width) of the frame.
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
        """(top, left) of the scaled image in the frame, in pixels."""
        return (self.size[0] - self.inner[0]) // 2, (self.size[1] - self.inner[1]) // 2

    def placed(self, boxes: np.ndarray) -> np.ndarray:
        """(boxes, 4) left, top, right, bottom in pixels of the image, converted to pixels of the frame."""
        return boxes * self._factors + self._offsets

    def back(self, boxes: np.ndarray) -> np.ndarray:
        """(boxes, 4) in pixels of the frame, converted to pixels of the image and clipped to it."""
        height, width = self.given
        return np.clip((boxes - self._offsets) / self._factors, 0, [width, height, width, height])

    @property
    def _factors(self) -> np.ndarray:
        return np.array([self.inner[1] / self.given[1], self.inner[0] / self.given[0]] * 2)

    @property
    def _offsets(self) -> np.ndarray:
        return np.array([*self.corner[::-1]] * 2)


def framed(image: "Image.Image", size: tuple[int, int]) -> "Image.Image":
    """An image of this (height, width), black, with the given image scaled into its middle; see `Frame`."""
    from PIL import Image

    frame = Frame((image.height, image.width), size)
    if frame.inner == frame.given == size:
        return image
    (height, width), (top, left) = frame.inner, frame.corner
    whole = Image.new(image.mode, (size[1], size[0]))
    whole.paste(image.resize((width, height), Image.Resampling.BILINEAR), (left, top))
    return whole
