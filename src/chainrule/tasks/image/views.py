"""Probabilities of classes, averaged over views of each image (test-time augmentation)."""

import numpy as np

from chainrule.data.images import Images, read_pixels
from chainrule.tasks.images import outputs_of, softmax
from chainrule.tasks.images_runs import ClassShape
from chainrule.training import Run

_BLOCK = 4096


def probabilities(run: Run, shape: ClassShape, images: Images, rows: np.ndarray, views: str) -> np.ndarray:
    """(rows, classes) float32: the softmax of the logits averaged over the views of each image.

    rows: indices of the images, which are decoded block by block. views: see `settings.HELP`. The result for
    an image does not depend on the other images, to the bit. Raises as `read_pixels` does.
    """
    said = np.empty((len(rows), len(shape.classes)), np.float32)
    for first in range(0, len(rows), _BLOCK):
        block = slice(first, first + _BLOCK)
        pixels = read_pixels(images, rows[block], shape.size, shape.channels)
        seen = [share * outputs_of(run, view, raw=True) for share, view in _views(pixels, views)]
        said[block] = softmax(np.sum(seen, 0))
    return said


def _views(pixels: np.ndarray, views: str) -> list[tuple[float, np.ndarray]]:
    """(share, images) of each view. All six are those of Jordan 2024: mirrored or not, shifted or not."""
    shifted = [(0.5, pixels)]
    if views in ("shifted", "all"):
        edge = "constant" if pixels.shape[3] == 1 else "reflect"
        padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)), edge)  # type: ignore[call-overload]
        shifted += [(0.25, padded[:, :-2, :-2]), (0.25, padded[:, 2:, 2:])]
    total = sum(share for share, _ in shifted)
    listed = [(share / total, each) for share, each in shifted]
    if views in ("mirrored", "all"):
        listed = [(share / 2, way) for share, each in listed for way in (each, each[:, :, ::-1])]
    return listed
