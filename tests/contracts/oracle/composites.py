"""The meaning of the composites of deep networks, row by row."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np


def _log_total(row: Sequence[float]) -> float:
    top = max(row)
    if top == -math.inf:
        return top
    return top + math.log(math.fsum(math.exp(number - top) for number in row))


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    y = np.zeros(x.shape)
    turned, result = np.moveaxis(x, axis, -1), np.moveaxis(y, axis, -1)
    for place in np.ndindex(*turned.shape[:-1]):
        row = turned[place].tolist()
        total = _log_total(row)
        result[place] = [math.exp(number - total) for number in row]
    return y


def _logsumexp(x: np.ndarray, axis: int, keepdims: bool) -> np.ndarray:
    turned = np.moveaxis(x, axis, -1)
    y = np.empty(turned.shape[:-1], object)
    for place in np.ndindex(*y.shape):
        y[place] = _log_total(turned[place].tolist())
    return np.expand_dims(y, axis) if keepdims else y


def _standardized(row: Sequence[float], epsilon: float) -> list[float]:
    mean = math.fsum(row) / len(row)
    variance = math.fsum((number - mean) ** 2 for number in row) / len(row)
    return [(number - mean) / math.sqrt(variance + epsilon) for number in row]


def _layer_norm(x: np.ndarray, scale: np.ndarray, shift: np.ndarray, epsilon: float) -> np.ndarray:
    y = np.zeros(x.shape)
    for place in np.ndindex(*x.shape[:-1]):
        y[place] = np.array(_standardized(x[place].tolist(), epsilon)) * scale + shift
    return y


def _layer_norm_adjoint(x: np.ndarray, scale: np.ndarray, d_y: np.ndarray, epsilon: float) -> np.ndarray:
    """By the derivative of every x̂_j by every x_i: (δ_ij - 1/n - x̂_i x̂_j / n) / σ."""
    d_x, n = np.zeros(x.shape), x.shape[-1]
    for place in np.ndindex(*x.shape[:-1]):
        row = x[place].tolist()
        mean = math.fsum(row) / n
        deviation = math.sqrt(math.fsum((number - mean) ** 2 for number in row) / n + epsilon)
        each = _standardized(row, epsilon)
        for i in range(n):
            slopes = [((i == j) - 1 / n - each[i] * each[j] / n) / deviation for j in range(n)]
            d_x[(*place, i)] = math.fsum(scale[j] * d_y[(*place, j)] * slopes[j] for j in range(n))
    return d_x


def _layer_norm_scale_adjoint(
    x: np.ndarray, scale: np.ndarray, d_y: np.ndarray, epsilon: float
) -> np.ndarray:
    terms = [d_y[p] * np.array(_standardized(x[p].tolist(), epsilon)) for p in np.ndindex(*x.shape[:-1])]
    return np.array([math.fsum(term[i] for term in terms) for i in range(x.shape[-1])])


def _batch_norm(
    x: np.ndarray, scale: np.ndarray, shift: np.ndarray, axes: Sequence[int], epsilon: float
) -> np.ndarray:
    y = np.zeros(x.shape)
    if not x.size:
        return y
    last = range(-len(axes), 0)
    turned, result = np.moveaxis(x, axes, last), np.moveaxis(y, axes, last)
    for place in np.ndindex(*scale.shape):
        rows = np.array(_standardized(turned[place].ravel().tolist(), epsilon))
        result[place] = rows.reshape(result[place].shape) * scale[place] + shift[place]
    return y


COMPOSITES: Mapping[str, Callable[..., np.ndarray]] = {
    "softmax": _softmax,
    "logsumexp": _logsumexp,
    "layer_norm": _layer_norm,
    "layer_norm_adjoint": _layer_norm_adjoint,
    "layer_norm_scale_adjoint": _layer_norm_scale_adjoint,
    "batch_norm": _batch_norm,
}
