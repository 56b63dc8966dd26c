"""Ten small regressions of 20 to 2,000 rows, from scikit-learn, formulas and NIST."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.classic_figures import HAHN1, THURBER


@dataclass(frozen=True, eq=False)
class Split:
    """Standardized by the training rows: x (rows, columns), y (rows, targets), and those held out."""

    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


@dataclass(frozen=True)
class Problem:
    """A regression and its network.

    make: (random) -> x, y of all rows. units: of the hidden layer. held_out: the share of rows for the test.
    noise_free: whether y is a function of x, so that the training error has no floor.
    """

    make: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]
    units: int = 10
    held_out: float = 0.25
    noise_free: bool = False

    def split(self, seed: int) -> Split:
        """The rows, shuffled and split by the seed."""
        random = np.random.default_rng(seed)
        x, y = self.make(random)
        y = y.reshape(len(y), -1)
        order = random.permutation(len(x))
        test, training = np.split(order, [round(self.held_out * len(x))])
        x = (x - x[training].mean(0)) / x[training].std(0)
        y = (y - y[training].mean(0)) / y[training].std(0)
        return Split(x[training], y[training], x[test], y[test])


def diabetes(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """442 patients, progression after a year (Efron et al. 2004)."""
    from sklearn.datasets import load_diabetes

    data: Any = load_diabetes()
    return data.data, data.target


def linnerud(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """20 men, three exercises and three measures of the body (Tenenhaus 1998)."""
    from sklearn.datasets import load_linnerud

    data: Any = load_linnerud()
    return data.data, data.target


def friedman(number: int, rows: int, noise: float) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Friedman's three functions (1991)."""

    def make(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        from sklearn import datasets

        drawn = getattr(datasets, f"make_friedman{number}")
        return drawn(rows, noise=noise, random_state=int(random.integers(2**31)))

    return make


def sine(rows: int, noise: float) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """sin 2πx for x from -1 to 1."""

    def make(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = random.uniform(-1, 1, (rows, 1))
        return x, np.sin(2 * np.pi * x[:, 0]) + noise * random.normal(size=rows)

    return make


def saddle(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """sin πx · cos πy on a square, without noise."""
    x = random.uniform(-1, 1, (1000, 2))
    return x, np.sin(np.pi * x[:, 0]) * np.cos(np.pi * x[:, 1])


def measured(pairs: tuple[tuple[float, float], ...]) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """(x, y) pairs."""
    table = np.array(pairs)
    return lambda random: (table[:, :1], table[:, 1])


PROBLEMS = {
    "diabetes": Problem(diabetes),
    "linnerud": Problem(linnerud, units=4),
    "friedman 1": Problem(friedman(1, 500, 1.0)),
    "friedman 2": Problem(friedman(2, 500, 100.0)),
    "friedman 3": Problem(friedman(3, 500, 0.1)),
    "noisy sine": Problem(sine(100, 0.2)),
    "thurber": Problem(measured(THURBER), units=6),
    "hahn1": Problem(measured(HAHN1), units=8),
    "friedman 1, no noise": Problem(friedman(1, 2000, 0.0), units=20, noise_free=True),
    "saddle, no noise": Problem(saddle, units=20, noise_free=True),
}
"""By name."""
