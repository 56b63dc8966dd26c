"""Embeddings of images, of unit length, so that scalar products are cosines."""

import numpy as np

from chainrule.data.images import Images, read_pixels
from chainrule.tasks.faces.stored import FaceShape
from chainrule.tasks.images import outputs_of
from chainrule.training import Run

_BLOCK = 4096


def embeddings(run: Run, shape: FaceShape, images: Images, rows: np.ndarray) -> np.ndarray:
    """The embeddings of the images at `rows`, (rows, members · features) float32, of unit length.

    Each member's embedding is scaled to unit length before they are joined, so that a scalar product is the
    mean of the members' cosines. If training mirrored images, the embeddings of both views are averaged.
    Raises as `read_pixels` does.
    """
    parts = [
        _embedded(run, shape, read_pixels(images, rows[first : first + _BLOCK], shape.size, shape.channels))
        for first in range(0, len(rows), _BLOCK)
    ]
    return np.concatenate(parts)


def _embedded(run: Run, shape: FaceShape, pixels: np.ndarray) -> np.ndarray:
    views = [pixels, pixels[:, :, ::-1]] if shape.mirror else [pixels]
    mean = sum(
        _units(outputs_of(run, view, raw=True).reshape(len(view), shape.members, -1)) for view in views
    )
    return _units(_units(np.asarray(mean)).reshape(len(pixels), -1))


def _units(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)
