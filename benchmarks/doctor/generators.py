"""Where the examples come from: tables that scikit-learn ships, and generators.

Each takes how many examples are wanted and a random state, and gives x (examples, …) and y (examples,).
"""

from typing import Any

import numpy as np
from sklearn import datasets

Random = np.random.Generator
Pair = tuple[np.ndarray, np.ndarray]
_NOISE = 0.35  # of numbers to predict, in their deviations: nobody predicts them better than that


def _some(shipped: Any, count: int, random: Random) -> Pair:
    chosen = random.permutation(len(shipped.target))[:count]
    return shipped.data[chosen], shipped.target[chosen]


def _with_noise(x: np.ndarray, y: np.ndarray, random: Random) -> Pair:
    return x, y + _NOISE * y.std() * random.normal(size=len(y))


def _seed(random: Random) -> int:
    return int(random.integers(2**31))


def breast_cancer(count: int, random: Random) -> Pair:
    """Wisconsin breast cancer: x (569, 30)."""
    return _some(datasets.load_breast_cancer(), count, random)


def digits(count: int, random: Random) -> Pair:
    """Optical recognition of digits: x (1797, 64), 0 to 16."""
    return _some(datasets.load_digits(), count, random)


def diabetes(count: int, random: Random) -> Pair:
    """Diabetes (Efron et al. 2004): x (442, 10)."""
    return _some(datasets.load_diabetes(), count, random)


def digit_images(count: int, random: Random) -> Pair:
    """The same digits as images: x (examples, 8, 8, 1), 0 to 1."""
    x, y = digits(count, random)
    return x.reshape(-1, 8, 8, 1) / 16, y


def spirals(count: int, random: Random) -> Pair:
    """Two arms of one and a half turns: x (examples, 2)."""
    y = random.integers(0, 2, count)
    turn = 0.25 + 1.5 * np.sqrt(random.random(count))
    angle = 2 * np.pi * turn + np.pi * y
    x = turn[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return x + 0.06 * random.normal(size=x.shape), y


def xor(count: int, random: Random) -> Pair:
    """Whether the product of 3 of 8 columns is negative: x (examples, 8)."""
    x = random.uniform(-1, 1, (count, 8))
    return x, (x[:, :3].prod(1) < 0).astype(int)


def clusters(count: int, random: Random) -> Pair:
    """scikit-learn's make_classification, one label in fifty wrong: x (examples, 20)."""
    x, y = datasets.make_classification(
        count,
        20,
        n_informative=10,
        n_redundant=4,
        n_classes=4,
        n_clusters_per_class=2,
        class_sep=1.5,
        flip_y=0.02,
        random_state=_seed(random),
    )
    return np.asarray(x), np.asarray(y)


def linear(count: int, random: Random) -> Pair:
    """scikit-learn's make_regression: x (examples, 20)."""
    x, y = datasets.make_regression(count, 20, n_informative=8, random_state=_seed(random))[:2]
    return _with_noise(np.asarray(x), np.asarray(y), random)


def friedman(count: int, random: Random) -> Pair:
    """10 sin(π x₁ x₂) + 20 (x₃ - ½)² + 10 x₄ + 5 x₅ (Friedman 1991): x (examples, 10)."""
    return _with_noise(*datasets.make_friedman1(count, 10, random_state=_seed(random)), random)


def sine(count: int, random: Random) -> Pair:
    """sin 3x, x from -3 to 3: x (examples, 1)."""
    x = random.uniform(-3, 3, (count, 1))
    return _with_noise(x, np.sin(3 * x[:, 0]), random)


def stripes(count: int, random: Random) -> Pair:
    """Gratings of any phase in six directions: x (examples, 12, 12, 1)."""
    y = random.integers(0, 6, count)
    down, across = np.mgrid[:12, :12]
    direction = (np.pi * y / 6)[:, None, None]
    waves = random.uniform(0.9, 1.5, (count, 1, 1))
    along = across * np.cos(direction) + down * np.sin(direction)
    x = np.sin(waves * along + random.uniform(0, 2 * np.pi, (count, 1, 1)))
    return (x + 1.5 * random.normal(size=x.shape))[..., None], y


def adding(count: int, random: Random) -> Pair:
    """Numbers beside marks, two of them 1 (Hochreiter and Schmidhuber 1997): x (examples, 16, 2)."""
    numbers, marks = random.random((count, 16)), np.zeros((count, 16))
    rows = np.arange(count)
    for half in (0, 8):
        marks[rows, half + random.integers(0, 8, count)] = 1
    return _with_noise(np.stack([numbers, marks], -1), (numbers * marks).sum(1), random)


def waves(count: int, random: Random) -> Pair:
    """Sines, squares and sawteeth of any phase and pitch: x (examples, 32, 1)."""
    y = random.integers(0, 3, count)
    turns = random.uniform(2, 4, (count, 1)) * np.linspace(0, 1, 32) + random.random((count, 1))
    shapes = np.stack([np.sin(2 * np.pi * turns), np.sign(np.sin(2 * np.pi * turns)), 2 * (turns % 1) - 1])
    x = shapes[y, np.arange(count)]
    return (x + 0.5 * random.normal(size=x.shape))[..., None], y
