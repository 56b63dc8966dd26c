"""The meaning of pooling: every window as a list of the places that are not padding."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

Place = tuple[int, ...]


def _windows(shape: Place, window: Any, stride: Any, padding: Any) -> Iterator[tuple[Place, list[Place]]]:
    """Each place of y, and the places of x in its window, in row-major order."""
    counts = [
        (before + n + after - taps) // step + 1
        for n, (before, after), taps, step in zip(shape[1:-1], padding, window, stride, strict=True)
    ]
    for example, *at, channel in np.ndindex(shape[0], *counts, shape[-1]):
        found = []
        for tap in np.ndindex(*window):
            place = [
                i * step + t - before
                for i, step, t, (before, _) in zip(at, stride, tap, padding, strict=True)
            ]
            if all(0 <= i < n for i, n in zip(place, shape[1:-1], strict=True)):
                found.append((example, *place, channel))
        yield (example, *at, channel), found


def _pooled(shape: Place, values: dict[Place, Any]) -> np.ndarray:
    """Values at every place of y; what has no place is empty."""
    y = np.empty(shape, object)
    for place, value in values.items():
        y[place] = value
    return y


def _pool(value: Callable[[np.ndarray, list[Place]], Any]) -> Callable[..., np.ndarray]:
    def pool(x: np.ndarray, window: Any, stride: Any, padding: Any) -> np.ndarray:
        values = {at: value(x, found) for at, found in _windows(x.shape, window, stride, padding)}
        places = [
            (before + n + after - taps) // step + 1
            for n, (before, after), taps, step in zip(x.shape[1:-1], padding, window, stride, strict=True)
        ]
        return _pooled((x.shape[0], *places, x.shape[-1]), values)

    return pool


def _first_largest(x: np.ndarray, found: list[Place]) -> Place:
    return max(found, key=lambda place: x[place])  # of a tie, max returns the first


def _max_pool_adjoint(x: np.ndarray, d_y: np.ndarray, window: Any, stride: Any, padding: Any) -> np.ndarray:
    d_x = np.zeros(x.shape)
    for at, found in _windows(x.shape, window, stride, padding):
        d_x[_first_largest(x, found)] += d_y[at]
    return d_x


def _average_pool_adjoint(d_y: np.ndarray, window: Any, stride: Any, padding: Any, size: Any) -> np.ndarray:
    d_x = np.zeros((d_y.shape[0], *size, d_y.shape[-1]))
    for at, found in _windows(d_x.shape, window, stride, padding):
        for place in found:
            d_x[place] += d_y[at] / len(found)
    return d_x


POOLING: Mapping[str, Callable[..., np.ndarray]] = {
    "max_pool": _pool(lambda x, found: x[_first_largest(x, found)]),
    "max_pool_positions": _pool(lambda x, found: np.ravel_multi_index(_first_largest(x, found), x.shape)),
    "max_pool_adjoint": _max_pool_adjoint,
    "average_pool": _pool(lambda x, found: math.fsum(x[place] for place in found) / len(found)),
    "average_pool_adjoint": _average_pool_adjoint,
}
