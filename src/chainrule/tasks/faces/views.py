"""Embeddings of images: of unit length, so that their products are cosines."""

import numpy as np

from chainrule.data.images import Images, read_pixels
from chainrule.tasks.faces.stored import FaceShape
from chainrule.training import Run
from chainrule.training.programs import ESTIMATED_ROWS

_BLOCK = 4096


def embeddings(run: Run, shape: FaceShape, images: Images, rows: np.ndarray) -> np.ndarray:
    """(rows, members · features) float32, of unit length. Raises as `read_pixels`.

    Each member's embeddings have unit length before they are joined, so that a product is the mean of the
    members' cosines; where training mirrored images, it is the mean of both views.
    """
    parts = [
        _embedded(run, shape, read_pixels(images, rows[first : first + _BLOCK], shape.size, shape.channels))
        for first in range(0, len(rows), _BLOCK)
    ]
    return np.concatenate(parts)


def person_means(faces: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """(people, features), of unit length. numbers: who each embedding shows, from 0 without gaps."""
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
