"""Boxes drawn on images."""

from collections.abc import Sequence

import numpy as np

from chainrule.data.images import Images
from chainrule.data.images.source import one_image

COLOURS = ("#2f7fc4", "#d9762b", "#3b9a5b", "#c4453b", "#8a63c9", "#8c6a4f", "#d167a7", "#a8a02a", "#28a3b0")
"""The colours of the classes by number, repeated when they are used up."""
TRUTH = "#ffffff"


def colour_of(number: int) -> str:
    """The colour of a class."""
    return COLOURS[number % len(COLOURS)]


def drawn(
    pixels: np.ndarray, boxes: np.ndarray, colours: Sequence[str], texts: Sequence[str] = (), width: int = 2
) -> np.ndarray:
    """An image with rectangles, (height, width, 3) uint8.

    pixels: (height, width, 1 or 3) uint8. boxes: (boxes, 4) left, top, right, bottom in pixels. colours,
    texts: one for each box; the text is in the upper left corner of its box. width: of the lines, in pixels.
    """
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=max(9, min(16, image.width // 32)))
    for place, (box, colour) in enumerate(zip(boxes.round().astype(int).tolist(), colours, strict=True)):
        left, top, right, bottom = box
        draw.rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), outline=colour, width=width)
        if texts:
            around = draw.textbbox((left + width + 1, top + width), texts[place], font=font)
            draw.rectangle(around, fill=colour)
            draw.text((left + width + 1, top + width), texts[place], fill="white", font=font)
    return np.asarray(image)


def reduced(images: Images, row: int, most: int) -> tuple[np.ndarray, float]:
    """An image scaled down to sides of at most `most` pixels, and the factor of scaling."""
    from PIL import Image

    pixels = one_image(images, row, None, images.channels)
    factor = min(1.0, most / max(pixels.shape[:2]))
    if factor == 1:
        return pixels, factor
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    size = (max(round(image.width * factor), 1), max(round(image.height * factor), 1))
    small = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
    return small.reshape(*small.shape[:2], pixels.shape[2]), factor


def surroundings(pixels: np.ndarray, box: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A square cut-out around a box, twice as large, scaled to (side, side), and the box within it.

    Beyond the borders of the image it is black.
    """
    from PIL import Image

    middle, half = (box[:2] + box[2:]) / 2, max((box[2:] - box[:2]).max(), 8.0)
    corner = (middle - half).round().astype(int)
    length = max(round(2 * half), 1)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    left, top = corner.tolist()
    cut = image.crop((left, top, left + length, top + length)).resize((side, side))
    return np.asarray(cut), (box - np.tile(corner, 2)) * (side / length)
