"""Fits every row on every split, in turns, and measures it on the rows that were held out."""

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error

from benchmarks.tables.peers import PEERS
from benchmarks.tables.preparing import dense_preparation
from benchmarks.tables.problems import Problem, Split
from benchmarks.tables.results import Fit, Result

Progress = Callable[[str], None]

_REST = 0.1  # seconds before each fit


def measure(problem: Problem, rows: Sequence[str], seeds: Sequence[int], progress: Progress) -> Result:
    """Every row on every split: at its defaults, then at equal layers and epochs.

    A row that fails is left out of the splits that follow, and says why.
    """
    result = Result(problem.name, problem.meaning, problem.task, *problem.x.shape)
    for number, seed in enumerate(seeds, 1):
        split = problem.split(seed)
        for name in rows:
            progress(f"{problem.name}: round {number} of {len(seeds)}: {name}")
            _usual(result, name, split, seed)
    for number, seed in enumerate(seeds, 1):
        split = prepared(problem.split(seed), problem.task)
        for name in rows:
            if PEERS[name].equal is not None:
                progress(f"{problem.name}, equal layers: round {number} of {len(seeds)}: {name}")
                _equal(result, name, split, seed)
    return result


def warm_up(rows: Sequence[str], progress: Progress) -> None:
    """Fit every row once to a few made-up rows: what a library does at its first fit alone is not counted."""
    random = np.random.default_rng(0)
    x = pd.DataFrame({"a": random.normal(size=60), "b": ["x", "y", "z"] * 20})
    for task, y in (
        ("classification", np.array(["yes", "no"] * 30, object)),
        ("regression", random.normal(size=60)),
    ):
        measure(Problem("warming up", "", task, x, y), rows, [0], progress)


def prepared(split: Split, task: str) -> Split:
    """The rows as float32 arrays, with values to predict scaled: what any network can take."""
    preparation = dense_preparation(split.x_train)
    x_train = np.asarray(preparation.fit_transform(split.x_train), np.float32)
    x_test = np.asarray(preparation.transform(split.x_test), np.float32)
    y_train, y_test = split.y_train, split.y_test
    if task == "regression":
        mean, deviation = y_train.mean(), y_train.std()
        y_train, y_test = ((y - mean) / deviation for y in (y_train, y_test))
        y_train, y_test = y_train.astype(np.float32), y_test.astype(np.float32)
    return Split(x_train, y_train, x_test, y_test)  # type: ignore[arg-type]


def _usual(result: Result, name: str, split: Split, seed: int) -> None:
    build = PEERS[name].usual
    _fit(result, result.fits, name, lambda: build(result.task, split.x_train, seed), split, seed)


def _equal(result: Result, name: str, split: Split, seed: int) -> None:
    build = PEERS[name].equal
    assert build is not None
    _fit(result, result.equal, name, lambda: build(result.task, len(split.y_train), seed), split, seed)


def _fit(
    result: Result, fits: dict[str, list[Fit]], name: str, build: Callable[[], Any], split: Split, seed: int
) -> None:
    if name in result.failed:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 200 epochs are the default, enough or not
            estimator = build()
            _let_others_rest()
            start = time.perf_counter()
            estimator.fit(split.x_train, split.y_train)
            seconds = time.perf_counter() - start
        metrics = measured(estimator, result.task, split)
    except Exception as error:  # noqa: BLE001 (whatever it is, the other rows go on)
        result.failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
        return
    fits.setdefault(name, []).append(Fit(seed, metrics, seconds))


def _let_others_rest() -> None:
    """Threads of who fitted before spin on for a while, and would slow the next; this one stays awake."""
    end = time.perf_counter() + _REST
    while time.perf_counter() < end:
        pass


def measured(estimator: Any, task: str, split: Split) -> dict[str, float]:
    """The metrics of a fitted estimator on the rows that were held out."""
    predicted = estimator.predict(split.x_test)
    if task == "regression":
        return {
            "R²": float(r2_score(split.y_test, predicted)),
            "RMSE": float(root_mean_squared_error(split.y_test, predicted)),
        }
    labels = [str(label) for label in estimator.classes_]
    truth = split.y_test.astype(str)
    probabilities = np.asarray(estimator.predict_proba(split.x_test), np.float64)
    probabilities /= probabilities.sum(1, keepdims=True)  # of float32: their sum is 1 to six digits only
    return {
        "accuracy": float(accuracy_score(truth, np.asarray(predicted).astype(str))),
        "log loss": float(log_loss(truth, probabilities, labels=labels)),
    }
