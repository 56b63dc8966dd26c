"""Resizing: scaled until the shorter side fits, then cropped at the centre."""

from typing import TYPE_CHECKING

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
