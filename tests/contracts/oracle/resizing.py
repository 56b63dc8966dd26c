"""The meaning of resizing: for every place the elements that it reads, with exact fractions as weights."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np


def _reads(place: int, length: int, size: int, method: str) -> list[tuple[int, Fraction]]:
    centre = Fraction(2 * place + 1, 2) * length / size
    if method == "nearest":
        return [(math.floor(centre), Fraction(1))]
    source = min(max(centre - Fraction(1, 2), Fraction(0)), Fraction(length - 1))
    below = math.floor(source)
    return [(below, 1 - (source - below)), (min(below + 1, length - 1), source - below)]


def _pairs(space: Any, size: Any, method: str) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], float]]:
    """Places of y and of x with the weight between them."""
    for at in np.ndindex(*size):
        reads = [_reads(i, length, n, method) for i, length, n in zip(at, space, size, strict=True)]
        for read in itertools.product(*reads):
            yield at, tuple(i for i, _ in read), float(math.prod(weight for _, weight in read))


def _resize(x: np.ndarray, size: Any, method: str) -> np.ndarray:
    y = np.zeros((x.shape[0], *size, x.shape[-1]))
    for at, source, weight in _pairs(x.shape[1:-1], size, method):
        y[(slice(None), *at)] += weight * x[(slice(None), *source)]
    return y


def _resize_adjoint(d_y: np.ndarray, size: Any, method: str) -> np.ndarray:
    d_x = np.zeros((d_y.shape[0], *size, d_y.shape[-1]))
    for at, source, weight in _pairs(size, d_y.shape[1:-1], method):
        d_x[(slice(None), *source)] += weight * d_y[(slice(None), *at)]
    return d_x


RESIZING: Mapping[str, Callable[..., np.ndarray]] = {"resize": _resize, "resize_adjoint": _resize_adjoint}
