"""Colours of classes, in reports and in files of masks."""

import io
from collections.abc import Sequence

import numpy as np

from chainrule.data.images.mask_source import VOID

_BASE = (
    (70, 130, 180),
    (230, 100, 60),
    (245, 200, 66),
    (128, 100, 140),
    (200, 150, 210),
    (90, 165, 75),
    (220, 50, 80),
    (120, 110, 95),
    (40, 70, 190),
    (60, 200, 190),
    (150, 60, 20),
    (250, 150, 190),
    (160, 200, 90),
    (60, 60, 60),
    (130, 230, 250),
    (110, 20, 110),
)
_VOID = (20, 20, 20)


def colours(classes: int) -> np.ndarray:
    """A colour for each class: (classes, 3) uint8. After sixteen they repeat, darker or lighter."""
    many = np.arange(classes)
    base = np.array(_BASE, np.float64)[many % len(_BASE)]
    strength = 0.75 ** (many // len(_BASE))[:, None]
    return np.round(base * strength + 255 * 0.3 * (1 - strength)).astype(np.uint8)


def painted(mask: np.ndarray, classes: int) -> np.ndarray:
    """A mask of class indices in the colours of the classes, void nearly black: (height, width, 3) uint8."""
    table = np.full((256, 3), _VOID, np.uint8)
    table[:classes] = colours(classes)
    table[VOID] = _VOID
    return table[mask]


def outlined(pixels: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """An image with the outlines of its numbered objects in yellow: (height, width, 3) uint8."""
    edge = np.zeros(objects.shape, bool)
    for axis in (0, 1):
        for step in (1, -1):
            edge |= (objects > 0) & (np.roll(objects, step, axis) != objects)
    shown = np.broadcast_to(pixels, (*pixels.shape[:2], 3)).copy()
    shown[edge] = (255, 215, 0)
    return shown


def png_of(mask: np.ndarray, numbers: Sequence[int]) -> bytes:
    """A mask as a PNG file with a palette, which `read_mask` reads as the class numbers of training.

    mask: (height, width), indices into `numbers`.
    """
    from PIL import Image

    table = np.zeros((256, 3), np.uint8)
    table[list(numbers)] = colours(len(numbers))
    image = Image.fromarray(np.asarray(numbers, np.uint8)[mask])
    image.putpalette(table.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
