"""Pooling over views of windows."""

import itertools
import math
from typing import Any

import numpy as np

from chainrule.executors.numpy_.windows import padded, windows


def _windows(x: np.ndarray, window: Any, stride: Any, padding: Any, fill: float) -> np.ndarray:
    return windows(padded(x, padding, fill), window, stride, (1,) * len(window))


def _window_axes(window: Any) -> tuple[int, ...]:
    return tuple(range(1 + len(window), 1 + 2 * len(window)))


def max_pool(x: np.ndarray, window: Any, stride: Any, padding: Any) -> np.ndarray:
    """The largest over the axes of the window."""
    return _windows(x, window, stride, padding, -np.inf).max(_window_axes(window))


def max_pool_positions(x: np.ndarray, window: Any, stride: Any, padding: Any) -> np.ndarray:
    """Where in x, in row-major order, the first largest of each window stands."""
    view = _windows(x, window, stride, padding, -np.inf)
    places = view.shape[1 : 1 + len(window)]
    flat = view.reshape(len(x), *places, math.prod(window), x.shape[-1])
    taps = np.unravel_index(flat.argmax(-2), window)  # one array for each spatial axis
    grid = np.indices((len(x), *places, x.shape[-1]), sparse=True)
    space = [
        # A window of -inf alone may find padding first; the nearest element is its first true one.
        np.clip(start * step + tap - before, 0, length - 1)
        for start, step, tap, (before, _), length in zip(
            grid[1:-1], stride, taps, padding, x.shape[1:-1], strict=True
        )
    ]
    return np.ravel_multi_index((grid[0], *space, grid[-1]), x.shape).astype(np.int32)


def max_pool_adjoint(x: np.ndarray, d_y: np.ndarray, window: Any, stride: Any, padding: Any) -> np.ndarray:
    """The upstream gradient, added up at the positions."""
    d_x = np.zeros(x.size, x.dtype)
    np.add.at(d_x, max_pool_positions(x, window, stride, padding), d_y)
    return d_x.reshape(x.shape)


def _counts(space: Any, window: Any, stride: Any, padding: Any, dtype: Any) -> np.ndarray:
    """How many places of each window are not padding: (1, *places, 1)."""
    ones = np.ones((1, *space, 1), dtype)
    return _windows(ones, window, stride, padding, 0.0).sum(_window_axes(window))


def average_pool(x: np.ndarray, window: Any, stride: Any, padding: Any) -> np.ndarray:
    """The sum over the axes of the window, over the count of what is not padding."""
    total = _windows(x, window, stride, padding, 0.0).sum(_window_axes(window))
    return total / _counts(x.shape[1:-1], window, stride, padding, x.dtype)


def average_pool_adjoint(d_y: np.ndarray, window: Any, stride: Any, padding: Any, size: Any) -> np.ndarray:
    """An equal part added to each element of the window, one tap at a time."""
    parts = d_y / _counts(size, window, stride, padding, d_y.dtype)
    lengths = [before + length + after for length, (before, after) in zip(size, padding, strict=True)]
    d_x = np.zeros((len(d_y), *lengths, d_y.shape[-1]), d_y.dtype)
    for tap in itertools.product(*(range(taps) for taps in window)):
        at = [
            slice(i, i + (count - 1) * step + 1, step)
            for i, count, step in zip(tap, d_y.shape[1:-1], stride, strict=True)
        ]
        d_x[(slice(None), *at)] += parts
    inner = [slice(before, before + n) for n, (before, _) in zip(size, padding, strict=True)]
    return d_x[(slice(None), *inner)]
