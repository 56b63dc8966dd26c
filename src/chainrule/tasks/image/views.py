"""Probabilities of classes, averaged over views of each image (test-time augmentation)."""

import numpy as np

from chainrule.data.images import Images, read_pixels
from chainrule.tasks.image.stored import Shape
from chainrule.training import Run
from chainrule.training.programs import ESTIMATED_ROWS

_BLOCK = 4096


def probabilities(run: Run, shape: Shape, images: Images, rows: np.ndarray, views: str) -> np.ndarray:
    """(rows, classes) float32: the softmax of the logits averaged over the views of each image.

    rows: indices of the images, which are decoded block by block. views: see `settings.HELP`. The result for
    an image does not depend on the other images, to the bit. Raises as `read_pixels` does.
    """
    said = np.empty((len(rows), len(shape.classes)), np.float32)
    for first in range(0, len(rows), _BLOCK):
        block = slice(first, first + _BLOCK)
        pixels = read_pixels(images, rows[block], shape.size, shape.channels)
        seen = [share * _logits(run, view) for share, view in _views(pixels, views)]
        said[block] = _softmax(np.sum(seen, 0))
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


def _logits(run: Run, pixels: np.ndarray) -> np.ndarray:
    x = np.ascontiguousarray(pixels)
    outputs = run.programs.outputs(
        run.parameters, len(x), lambda part: {"x": x[part]}, raw=True, least=ESTIMATED_ROWS
    )
    assert isinstance(outputs, np.ndarray)  # the network has one output
    return outputs


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)
