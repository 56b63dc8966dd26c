"""Two directions in the space of all weights, which span the plane that a landscape shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import DataError
from chainrule.program import NamedArrays

_LINE = 1e-10  # share of the second component below which the weights moved along one line


@dataclass(frozen=True, eq=False)
class Plane:
    """The weights centre + a first + b second for all numbers a and b.

    centre, first, second: arrays by the names of the trained parameters. path: (points, 2), where the weights
    of training lie in it: their (a, b); None where it was not laid through them. kept: the share of their
    squared distances from the centre that lies in the plane, at most 1.
    """

    centre: NamedArrays
    first: NamedArrays
    second: NamedArrays
    path: np.ndarray | None = None
    kept: float | None = None

    def at(self, a: float, b: float) -> dict[str, np.ndarray]:
        """The weights at a point, in the dtype of the centre."""
        return {
            name: (array + a * self.first[name] + b * self.second[name]).astype(array.dtype)
            for name, array in self.centre.items()
        }


def random_plane(centre: NamedArrays, seed: int) -> Plane:
    """A plane along two random directions, each of whose filters is as long as the centre's.

    Li et al. 2018 (arXiv:1712.09913), section 4: networks with ReLU or normalization compute the same with
    larger and smaller weights, so a step must be measured by the size of the weights that it changes. A
    filter is all that shares the last index of an array: the weights into one unit, or one filter of a
    convolution. Arrays of fewer than two axes, such as biases and the scales and shifts of normalization,
    stay as they are. 1 along an axis is a step as long as the weights themselves.
    Raises DataError where no array has two axes.
    """
    if all(array.ndim < 2 for array in centre.values()):
        raise DataError(
            "random directions are made filter by filter, and no trained array has two axes",
            remedy="show the plane of a path of training instead",
        )
    random = np.random.default_rng(seed)
    first, second = ({name: _like_filters(array, random) for name, array in centre.items()} for _ in range(2))
    return Plane(centre, first, second)


def path_plane(centre: NamedArrays, path: Sequence[NamedArrays]) -> Plane:
    """The plane in which most of a path of training lies: its first two principal components from the centre.

    path: weights that were passed, the start first. The components are those of the differences to the
    centre, without taking their mean off (Li et al. 2018, section 7). The directions have length 1, so that a
    and b are distances in the space of all weights; the start has neither of them below 0.
    Raises DataError where the weights are fewer than two beside the centre, or lie on one line with it.
    """
    gram = np.zeros((len(path), len(path)))
    for name in centre if path else ():
        away = _away(centre, path, name)
        gram += away @ away.T
    values, vectors = np.linalg.eigh(gram)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    if len(path) < 2 or values[1] <= _LINE * values[0]:
        raise DataError(
            "the path of training has too few weights that do not lie on one line to span a plane",
            remedy="keep the weights of at least two epochs, and of the start",
        )
    vectors = vectors[:, :2] * np.where(vectors[0, :2] < 0, -1.0, 1.0)
    lengths = np.sqrt(values[:2])
    weights = vectors / lengths  # (points, 2): each direction as a sum of differences
    directions: tuple[dict[str, np.ndarray], ...] = ({}, {})
    for name, array in centre.items():
        along = weights.T @ _away(centre, path, name)
        for direction, flat in zip(directions, along, strict=True):
            direction[name] = flat.reshape(array.shape)
    return Plane(centre, *directions, vectors * lengths, float(values[:2].sum() / values.sum()))


def _away(centre: NamedArrays, path: Sequence[Mapping[str, np.ndarray]], name: str) -> np.ndarray:
    """How far one array is from the centre's at every point: (points, size), in float64."""
    return np.stack([(point[name].astype(np.float64) - centre[name]).ravel() for point in path])


def _like_filters(array: np.ndarray, random: np.random.Generator) -> np.ndarray:
    direction = random.normal(size=array.shape)
    if array.ndim < 2:
        return np.zeros(array.shape)
    axes = tuple(range(array.ndim - 1))
    lengths, wanted = (np.sqrt(np.square(each).sum(axes)) for each in (direction, array.astype(np.float64)))
    return direction * (wanted / np.where(lengths > 0, lengths, 1.0))
