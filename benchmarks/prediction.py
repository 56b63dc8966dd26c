"""The command: python -m benchmarks.prediction.

It prints how long predicting one row takes beside scikit-learn's MLPClassifier of the same layers, how much
memory predicting a million rows takes beyond their own, and whether eight threads that predict at once give
what one gives.
"""

import argparse
import multiprocessing
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.figures import write_figures
from chainrule import Run, nn, train
from chainrule.estimators import NetClassifier

Predict = Callable[[np.ndarray], np.ndarray]
COLUMNS, CLASSES, UNITS = 20, 3, 100
THREADS = 8
MEMORY = 500
"""Megabytes beyond the data that the rows may take."""


def data(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows, 20) float64, and one of three classes a row."""
    x = np.random.default_rng(0).normal(size=(rows, COLUMNS))
    return x, (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)


def run() -> Run:
    """A network trained by chainrule.train."""
    model = nn.Sequential([nn.Dense(UNITS, "relu"), nn.Dense(CLASSES)])
    return train(model, data(1000), loss=nn.SoftmaxCrossEntropy(), epochs=2, progress=False)


def classifier() -> NetClassifier:
    """The same layers as an estimator."""
    return NetClassifier((UNITS,), max_iter=2, random_state=0).fit(*data(1000))


def _of_run() -> Predict:
    return run().predict


def _of_classifier() -> Predict:
    return classifier().predict_proba


def peer() -> Predict:
    """The same layers of scikit-learn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that two epochs are few
        return MLPClassifier((UNITS,), max_iter=2, random_state=0).fit(*data(1000)).predict_proba


OURS: dict[str, Callable[[], Predict]] = {
    "Run.predict": _of_run,
    "NetClassifier.predict_proba": _of_classifier,
}


def medians(functions: list[Predict], calls: int) -> list[float]:
    """The median seconds of a call for one row, after the first; the functions take turns."""
    row = data(1)[0]
    seconds: list[list[float]] = [[] for _ in functions]
    for predict in functions:
        predict(row)
    for _ in range(calls):
        for predict, taken in zip(functions, seconds, strict=True):
            start = time.perf_counter()
            predict(row)
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in seconds]


def megabytes(name: str, rows: int) -> float:
    """By how much the peak of memory grows while many rows are predicted; in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_growth, (name, rows))


def _growth(name: str, rows: int) -> float:
    predict = OURS[name]()
    predict(data(1)[0])
    x, _ = data(rows)
    before = _peak()
    predict(x)
    return _peak() - before


def _peak() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def agree(predict: Predict, threads: int = THREADS, calls: int = 20) -> bool:
    """Whether threads that start at once, each with rows of its own, get the same bits as one alone.

    predict: not called yet, so that what is compiled is compiled by all at once.
    """
    tables = [data(rows)[0] for rows in (1, 3, 64, 500, 513, 1, 2000, 31)][:threads]
    barrier = Barrier(threads)

    def repeat(x: np.ndarray) -> list[np.ndarray]:
        barrier.wait()
        return [predict(x) for _ in range(calls)]

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(repeat, tables))
    return all(
        np.array_equal(predict(x), each) for x, several in zip(tables, found, strict=True) for each in several
    )


def main() -> None:
    """Print all; the exit code is 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prediction", description=__doc__)
    parser.add_argument("--calls", type=int, default=1000, help="calls for one row (1000)")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="rows whose memory is measured (1,000,000)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    given = parser.parse_args()
    names = list(OURS)
    *ours, theirs = medians([*(OURS[name]() for name in names), peer()], given.calls)
    print(f"one row, median of {given.calls:,} calls; scikit-learn's MLPClassifier: {theirs * 1e6:.0f} µs")
    print(f"{'':30}{'µs':>6}{'times its':>11}{'MB for ' + format(given.rows, ','):>18}   threads agree")
    missed, rows = False, []
    for name, seconds in zip(names, ours, strict=True):
        memory, same = megabytes(name, given.rows), agree(OURS[name]())
        missed |= seconds > theirs or memory > MEMORY or not same
        rows.append({"door": name, "seconds": seconds, "peer": theirs, "megabytes": memory, "agree": same})
        line = f"{name:30}{seconds * 1e6:>6.0f}{seconds / theirs:>11.2f}{memory:>18.0f}"
        print(f"{line}   {'yes' if same else 'NO'}", flush=True)
    if given.json is not None:
        write_figures(given.json, "bench-prediction", rows, {"calls": given.calls, "rows": given.rows})
    raise SystemExit(int(missed))


if __name__ == "__main__":
    main()
