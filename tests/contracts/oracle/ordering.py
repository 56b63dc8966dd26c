"""The meaning of running sums and order, row by row."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def _rows(x: np.ndarray, axis: int, result: Callable[[list[Any]], list[Any]], length: int) -> np.ndarray:
    """A list from each row along an axis."""
    shape = list(x.shape)
    shape[axis] = length
    y = np.empty(shape, object)
    source, target = np.moveaxis(x, axis, -1), np.moveaxis(y, axis, -1)
    for place in np.ndindex(*source.shape[:-1]):
        for i, value in enumerate(result(source[place].tolist())):
            target[(*place, i)] = value
    return y


def _cumsum(x: np.ndarray, axis: int, reverse: bool) -> np.ndarray:
    total = math.fsum if x.dtype == np.float64 else lambda numbers: sum(numbers) % 2**32

    def sums(row: list[Any]) -> list[Any]:
        return [total(row[i:] if reverse else row[: i + 1]) for i in range(len(row))]

    return _rows(x, axis, sums, x.shape[axis])


def _order(row: list[Any], descending: bool) -> list[int]:
    return sorted(range(len(row)), key=lambda i: -row[i] if descending else row[i])


def _factorize(x: np.ndarray) -> np.ndarray:
    known: dict[int, int] = {}
    numbers = [known.setdefault(value, len(known)) for value in x.reshape(-1).tolist()]
    return np.array(numbers, object).reshape(x.shape)


ORDERING: Mapping[str, Callable[..., np.ndarray]] = {
    "cumsum": _cumsum,
    "argmax": lambda x, axis: _rows(x, axis, lambda row: [row.index(max(row))], 1).squeeze(axis),
    "argsort": lambda x, axis, descending: _rows(x, axis, lambda row: _order(row, descending), x.shape[axis]),
    "factorize": _factorize,
    "arg_top_k": lambda x, k, axis: _rows(x, axis, lambda row: _order(row, True)[:k], k),
}
