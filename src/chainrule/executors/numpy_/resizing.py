"""Resizing one axis after the other: each place reads two neighbours with weights that add up to 1."""

from typing import Any

import numpy as np


def _neighbours(length: int, size: int, method: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each place: the neighbour below, the one above, and the weight of the one above."""
    place = np.arange(size)
    if method == "nearest":
        nearest = (2 * place + 1) * length // (2 * size)
        return nearest, nearest, np.zeros(size)
    source = np.clip((place + 0.5) * length / size - 0.5, 0, length - 1)
    below = np.floor(source).astype(np.int64)
    return below, np.minimum(below + 1, length - 1), source - below


def resize(x: np.ndarray, size: Any, method: str) -> np.ndarray:
    """Reads."""
    for axis, n in enumerate(size, start=1):
        below, above, weight = _neighbours(x.shape[axis], n, method)
        weight = weight.astype(x.dtype).reshape(-1, *[1] * (x.ndim - axis - 1))
        low = x.take(below, axis)
        x = low if method == "nearest" else low * (1 - weight) + x.take(above, axis) * weight
    return x


def resize_adjoint(d_y: np.ndarray, size: Any, method: str) -> np.ndarray:
    """Adds, axis by axis, to what was read."""
    d_x = d_y
    for axis, length in enumerate(size, start=1):
        below, above, weight = _neighbours(length, d_x.shape[axis], method)
        back = np.moveaxis(d_x, axis, 0)
        weight = weight.astype(d_y.dtype).reshape(-1, *[1] * (d_y.ndim - 1))
        total = np.zeros((length, *back.shape[1:]), d_y.dtype)
        np.add.at(total, below, back * (1 - weight))
        if method == "linear":
            np.add.at(total, above, back * weight)
        d_x = np.moveaxis(total, 0, axis)
    return d_x
