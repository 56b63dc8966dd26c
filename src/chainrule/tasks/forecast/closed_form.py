"""The linear map of a `PastNetwork` in closed form: ridge regression; later windows choose its strength."""

from dataclasses import dataclass

import numpy as np

from chainrule.tasks.forecast.past_network import EPSILON, PastNetwork

PENALTIES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Tried strengths, in units of the mean square of an input times the number of windows."""

_ROWS = 4096


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums of products over windows, in float64: inputs u = past - level, targets v = y - level.

    inputs: Σ u uᵀ, (lags, lags). products: Σ u vᵀ, (lags, horizon). targets: Σ v², (horizon,).
    windows: their number, or the sum of their weights.
    """

    inputs: np.ndarray
    products: np.ndarray
    targets: np.ndarray
    windows: float

    def squared_error(self, weights: np.ndarray) -> float:
        """Mean (uᵀ W - v)² over windows and steps; weights: (lags, horizon)."""
        explained = (weights * (self.inputs @ weights - 2 * self.products)).sum()
        return float(explained + self.targets.sum()) / self.windows / len(self.targets)


def moments_of(
    network: PastNetwork, x: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None
) -> Moments:
    """The sums over these windows; x: (windows, width), y: (windows, horizon), weight: (windows,)."""
    size, horizon = network.lags, y.shape[1]
    inputs, products = np.zeros((size, size)), np.zeros((size, horizon))
    targets = np.zeros(horizon)
    total = 0.0
    for begin in range(0, len(x), _ROWS):
        part = slice(begin, begin + _ROWS)
        u, level = design(network, x[part])
        v = y[part] - level
        if weight is not None:
            root = np.sqrt(weight[part])[:, None].astype(np.float32)
            u, v = u * root, v * root
        total += len(u) if weight is None else float(weight[part].sum())
        inputs += u.T @ u
        products += u.T @ v
        targets += np.square(v, dtype=np.float64).sum(0)
    return Moments(inputs, products, targets, total)


def design(network: PastNetwork, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The inputs u, (windows, lags), and the levels, (windows, 1)."""
    past = x[:, : network.lags]
    level = past[:, -1:] if network.normalization == "last" else past.mean(1, keepdims=True)
    return past - level, level


def errors_of(network: PastNetwork, weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What the map misses by, in units of each window's spread, (windows, horizon)."""
    u, level = design(network, x)
    return (y - level - u @ weights.astype(np.float32)) / spread(network, u)


def spread(network: PastNetwork, centred: np.ndarray) -> np.ndarray:
    """What the network divides by, (windows, 1)."""
    if network.normalization != "window":
        return np.ones((len(centred), 1), np.float32)
    return np.sqrt(np.square(centred).mean(1, keepdims=True) + EPSILON)


@dataclass(frozen=True, eq=False)
class Ridge:
    """Solutions W(s) = (U + s · m · I)⁻¹ P of ridge regression (Hoerl and Kennard 1970) for any strength s.

    U, P: `Moments.inputs` and `.products`. m: the mean of U's diagonal.
    """

    values: np.ndarray
    vectors: np.ndarray
    turned: np.ndarray

    @staticmethod
    def of(moments: Moments) -> "Ridge":
        """By the eigenvectors of U, once for all strengths."""
        values, vectors = np.linalg.eigh(moments.inputs)
        return Ridge(np.maximum(values, 0), vectors, vectors.T @ moments.products)

    def weights(self, strength: float) -> np.ndarray:
        """(lags, horizon)."""
        added = strength * max(float(self.values.mean()), np.finfo(float).tiny)
        return self.vectors @ (self.turned / (self.values + added)[:, None])


def best_ridge(training: Moments, validation: Moments | None) -> tuple[np.ndarray, float]:
    """The weights with the lowest mean squared error on the validation windows, and their strength.

    Without such windows, those of a strength in the middle.
    """
    ridge = Ridge.of(training)
    if validation is None:
        strength = PENALTIES[len(PENALTIES) // 2]
        return ridge.weights(strength), strength
    tried = [(validation.squared_error(ridge.weights(strength)), strength) for strength in PENALTIES]
    strength = min(tried)[1]
    return ridge.weights(strength), strength
