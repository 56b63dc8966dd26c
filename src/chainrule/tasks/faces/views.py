"""Embeddings of images, of unit length, so that scalar products are cosines."""

import numpy as np

from chainrule.data.images import Images, read_pixels
from chainrule.tasks.faces.stored import FaceShape
from chainrule.training import Run
from chainrule.training.programs import ESTIMATED_ROWS

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


def person_means(faces: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """(people, features): each person's mean embedding, scaled to unit length.

    numbers: (images,) the person of each embedding, from 0 without gaps.
    """
    sums = np.zeros((int(numbers.max()) + 1, faces.shape[1]))
    np.add.at(sums, numbers, faces.astype(np.float64))
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


def _embedded(run: Run, shape: FaceShape, pixels: np.ndarray) -> np.ndarray:
    views = [pixels, np.ascontiguousarray(pixels[:, :, ::-1])] if shape.mirror else [pixels]
    mean = sum(_units(_outputs(run, view).reshape(len(view), shape.members, -1)) for view in views)
    return _units(_units(np.asarray(mean)).reshape(len(pixels), -1))


def _outputs(run: Run, pixels: np.ndarray) -> np.ndarray:
    said = run.programs.outputs(
        run.parameters, len(pixels), lambda part: {"x": pixels[part]}, raw=True, least=ESTIMATED_ROWS
    )
    assert isinstance(said, np.ndarray)  # the network has one output
    return said


def _units(x: np.ndarray) -> np.ndarray:
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)
