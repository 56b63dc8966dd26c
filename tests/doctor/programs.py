"""Programs as people write them: healthy ones, on which checks are silent, and what makes one of a fault."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from sklearn import datasets

from chainrule import nn
from chainrule.doctor.examined import Examined, examined_of
from chainrule.training import Recipe, Supervised, split_validation
from chainrule.training.words import loss_of, optimizer_of

Pair = tuple[np.ndarray, np.ndarray]
Program = tuple[nn.Layer, Pair, dict[str, Any]]
S, D = nn.Sequential, nn.Dense


def arrays(shipped: Any) -> Pair:
    """What scikit-learn gives, whose annotations leave open what it is."""
    x, y = shipped
    return np.asarray(x), np.asarray(y)


def scaled(x: np.ndarray) -> np.ndarray:
    """Each column with mean 0 and deviation 1."""
    deviation = x.std(0)
    return (x - x.mean(0)) / np.where(deviation > 0, deviation, 1.0)


@cache
def iris() -> Pair:
    return arrays(datasets.load_iris(return_X_y=True))


@cache
def wine() -> Pair:
    x, y = arrays(datasets.load_wine(return_X_y=True))
    return scaled(x), y


@cache
def cancer() -> Pair:
    x, y = arrays(datasets.load_breast_cancer(return_X_y=True))
    return scaled(x), y


@cache
def digits(count: int = 600) -> Pair:
    x, y = arrays(datasets.load_digits(return_X_y=True))
    return x[:count] / 16, y[:count]


@cache
def diabetes() -> Pair:
    x, y = arrays(datasets.load_diabetes(return_X_y=True))
    return scaled(x), scaled(y)


@cache
def friedman() -> Pair:
    x, y = arrays(datasets.make_friedman1(400, noise=1.0, random_state=0))
    return scaled(x), scaled(y)


@cache
def waves() -> Pair:
    """Sequences of two frequencies: (examples, times, 1)."""
    random = np.random.default_rng(0)
    y = np.arange(300) % 2
    phase = random.uniform(0, 6, (300, 1))
    x = np.sin(np.arange(20) * np.where(y, 0.9, 0.4)[:, None] + phase) + 0.1 * random.normal(size=(300, 20))
    return x[:, :, None], y


def images() -> Pair:
    x, y = digits()
    return x.reshape(-1, 8, 8, 1), y


def noisy(pair: Pair, share: float = 0.05) -> Pair:
    """With some labels wrong."""
    random = np.random.default_rng(1)
    x, y = pair
    wrong = random.random(len(y)) < share
    return x, np.where(wrong, random.integers(0, y.max() + 1, len(y)), y)


def uneven(pair: Pair, times: int = 4) -> Pair:
    """With a class that is so much rarer than it was."""
    x, y = pair
    kept = (y != 0) | (np.arange(len(y)) % times == 0)
    return x[kept], y[kept]


def residual(depth: int) -> list[nn.Layer]:
    return [nn.Residual([D(32), nn.BatchNorm(), nn.Activation("relu"), D(32)]) for _ in range(depth)]


HEALTHY: dict[str, Callable[[], Program]] = {
    "flowers as they are": lambda: (S([D(16, "relu"), D(3)]), iris(), {"loss": "cross_entropy"}),
    "a few flowers": lambda: (
        S([D(8, "tanh"), D(3)]),
        (iris()[0][::3], iris()[1][::3]),
        {"loss": "cross_entropy", "batch_size": 16},
    ),
    "wines, noisy labels": lambda: (
        S([D(32, "relu"), D(16, "relu"), D(3)]),
        noisy(wine()),
        {"loss": "cross_entropy", "validation": 0.2},
    ),
    "a rate five times too low": lambda: (
        S([D(16, "relu"), D(3)]),
        wine(),
        {"loss": "cross_entropy", "optimizer": nn.adam(0.001), "epochs": 150},
    ),
    "a rate five times too high": lambda: (
        S([D(16, "relu"), D(3)]),
        wine(),
        {"loss": "cross_entropy", "optimizer": nn.adam(0.05)},
    ),
    "tumours, one to four": lambda: (
        S([D(16, "relu"), nn.Dropout(0.5), D(1)]),
        uneven(cancer()),
        {"loss": "binary_cross_entropy", "validation": 0.2},
    ),
    "tumours as Keras has it": lambda: (
        S([D(16, "relu"), D(1, "sigmoid")]),
        cancer(),
        {"loss": "binary_cross_entropy_of_probabilities", "optimizer": nn.rmsprop(0.001)},
    ),
    "digits by plain descent": lambda: (
        S([D(32, "sigmoid"), D(10)]),
        digits(),
        {"loss": "cross_entropy", "optimizer": nn.sgd(0.1)},
    ),
    "digits from 0 to 16": lambda: (
        S([D(64, "relu"), D(10, "softmax")]),
        (16 * digits()[0], digits()[1]),
        {"loss": "cross_entropy_of_probabilities"},
    ),
    "digits, deep": lambda: (
        S([*(D(32, "relu") for _ in range(10)), D(10)]),
        digits(),
        {"loss": "cross_entropy", "epochs": 30},
    ),
    "digits, residual": lambda: (
        S([D(32, "relu"), *residual(8), D(10)]),
        digits(),
        {"loss": "cross_entropy", "epochs": 10, "validation": 0.2},
    ),
    "digits, convolutions": lambda: (
        S([nn.Conv2D(8, 3, activation="relu"), nn.MaxPool2D(), nn.Flatten(), D(10)]),
        images(),
        {"loss": "cross_entropy", "epochs": 15},
    ),
    "bytes, scaled within": lambda: (
        S([nn.Flatten(), nn.BatchNorm(), D(32, "relu"), D(10)]),
        ((images()[0] * 255).astype(np.uint8), images()[1]),
        {"loss": "cross_entropy", "epochs": 15},
    ),
    "numbers": lambda: (
        S([D(32, "relu"), D(1)]),
        friedman(),
        {"loss": "mean_squared_error", "validation": 0.2},
    ),
    "numbers with much noise": lambda: (
        S([D(16, "tanh"), D(1)]),
        diabetes(),
        {"loss": "huber", "optimizer": nn.momentum(0.01)},
    ),
    "the exclusive or": lambda: (
        S([D(4, "tanh"), D(1, "sigmoid")]),
        (np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 1, 1, 0])),
        {"loss": "mean_squared_error", "optimizer": nn.sgd(1.0), "epochs": 3000, "batch_size": 4},
    ),
    "sequences": lambda: (
        S([nn.LSTM(12), D(2)]),
        waves(),
        {"loss": "cross_entropy", "epochs": 20, "optimizer": nn.adam(0.005)},
    ),
}


def examined(program: Program, **changes: Any) -> Examined:
    """What a check gets of a program, with other settings."""
    model, data, settings = program
    given = settings | changes
    recipe = Recipe(
        Supervised(given.get("model", model), loss_of(given["loss"])),
        optimizer_of(given.get("optimizer", "adam")),
        **{
            name: given[name]
            for name in ("penalties", "epochs", "batch_size", "seed", "shuffle")
            if name in given
        },
    )
    return examined_of(recipe, *split_validation(recipe, given.get("data", data), given.get("validation")))
