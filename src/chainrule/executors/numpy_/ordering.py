"""Running sums and order along an axis."""

import numpy as np


def cumsum(x: np.ndarray, axis: int, reverse: bool) -> np.ndarray:
    """Summed from the start, or from the end."""
    if not reverse:
        return x.cumsum(axis, dtype=x.dtype)
    return np.flip(np.flip(x, axis).cumsum(axis, dtype=x.dtype), axis)


def argsort(x: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    """Stable both ways: the reverse of the order of the reversed keeps what is equal in order."""
    if not descending:
        return np.argsort(x, axis, kind="stable").astype(np.int32)
    last = x.shape[axis] - 1
    return (last - np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)).astype(np.int32)


def arg_top_k(x: np.ndarray, k: int, axis: int) -> np.ndarray:
    """The first k of the descending order."""
    return np.take(argsort(x, axis, descending=True), np.arange(k), axis)


def factorize(x: np.ndarray) -> np.ndarray:
    """The number of each value among the distinct ones, in order of first occurrence."""
    _, first, sorted_numbers = np.unique(x, return_index=True, return_inverse=True)
    numbers = np.empty(len(first), np.int32)
    numbers[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return numbers[sorted_numbers].reshape(x.shape)
