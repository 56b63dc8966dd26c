"""The class of each pixel of images of any size, from probabilities averaged over views."""

from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.data.images import Images
from chainrule.data.images.mask_source import scaled_size
from chainrule.data.images.source import one_image
from chainrule.tasks.images import softmax
from chainrule.tasks.segment.stored import MaskShape
from chainrule.training import Run

_TOGETHER = 8
"""The number of images of one size that are predicted at a time."""


def answers(
    run: Run, shape: MaskShape, images: Images, rows: Sequence[int]
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(row, image, classes) for each image: as the network got it, and the most probable class of each pixel.

    rows: indices of the images. classes: (height, width) uint8 at the image's own size, indices into
    `MaskShape.classes`. Images come in the order of their sizes, with few of them in memory. The result for
    an image does not depend on the other images. Raises DataError as `read_image` does.
    """
    sizes = [scaled_size(images.sizes[row].tolist(), shape.longest) for row in rows]
    for size in dict.fromkeys(sizes):
        alike = [row for row, each in zip(rows, sizes, strict=True) if each == size]
        for first in range(0, len(alike), _TOGETHER):
            part = alike[first : first + _TOGETHER]
            pixels = np.stack([one_image(images, row, size, shape.channels) for row in part])
            for row, image, said in zip(part, pixels, _probabilities(run, pixels, shape.views), strict=True):
                yield row, image, _places(said, images.sizes[row].tolist())


def _probabilities(run: Run, pixels: np.ndarray, views: str) -> np.ndarray:
    """(images, height, width, classes) float32, averaged over the views."""
    said = softmax(_logits(run, pixels))
    if views == "mirrored":
        said = (said + softmax(_logits(run, pixels[:, :, ::-1]))[:, :, ::-1]) / 2
    return said


def _logits(run: Run, pixels: np.ndarray) -> np.ndarray:
    # Filled up, so that there is one program for each size.
    filled = np.concatenate([pixels, pixels[-1:].repeat(_TOGETHER - len(pixels), 0)])
    outputs = run.outputs(np.ascontiguousarray(filled))
    assert isinstance(outputs, np.ndarray)  # the network has one output
    return outputs[: len(pixels)]


def _places(said: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """The most probable class of each pixel, after the probabilities are enlarged to a size."""
    if said.shape[:2] != tuple(size):
        said = _enlarged(said, size)
    return said.argmax(-1).astype(np.uint8)


def _enlarged(said: np.ndarray, size: Sequence[int]) -> np.ndarray:
    from PIL import Image

    height, width = size
    planes = [Image.fromarray(np.ascontiguousarray(said[..., place])) for place in range(said.shape[-1])]
    return np.stack(
        [np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR)) for plane in planes], -1
    )
