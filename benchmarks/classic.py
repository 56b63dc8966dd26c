"""Small regressions by classic methods, beside their peers at equal time: python -m benchmarks.classic.

Each method trains the same network, Dense(units, tanh) and a linear output, on standardized columns, for as
many seconds of processor time; seeds draw the split and the initial weights. The time is that of the process,
with one thread of linear algebra, so that other load does not count. SciPy's `least_squares` has the same
network in NumPy and a numerical Jacobian; scikit-learn's MLPRegressor is L-BFGS with its default penalty,
continued in pieces of 200 iterations. Test errors are root mean squares in deviations of the targets.
"""

import json
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import scipy.linalg  # noqa: F401 (its library is loaded before its threads are limited)
import typer
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.classic_problems import PROBLEMS, Problem, Split
from benchmarks.machine import processor
from chainrule import nn, train
from chainrule.training.events import EpochDone, Event

METHODS = ("lm", "br", "adam", "sklearn lbfgs", "scipy")
OURS = ("lm", "br")


@dataclass(frozen=True)
class Found:
    """Root mean squared errors, in deviations of the targets. steps: epochs or evaluations in the time."""

    training: float
    test: float
    steps: int


def trained(method: str, problem: Problem, split: Split, seed: int, seconds: float) -> Found:
    """One method on one split, for so many seconds of processor time."""
    if method == "scipy":
        return by_scipy(problem, split, seed, seconds)
    if method == "sklearn lbfgs":
        return by_scikit_learn(problem, split, seed, seconds)
    return by_chainrule(method, problem, split, seed, seconds)


def found(predict: Callable[[np.ndarray], np.ndarray], split: Split, steps: int) -> Found:
    """The errors of predictions."""

    def error(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.sqrt(np.mean((np.asarray(predict(x)).reshape(y.shape) - y) ** 2)))

    return Found(error(split.x, split.y), error(split.test_x, split.test_y), steps)


def by_chainrule(method: str, problem: Problem, split: Split, seed: int, seconds: float) -> Found:
    """Ours; Adam in batches of 32 in float32 on the compiled core, as it is fastest."""
    start = time.process_time()

    def until(event: Event) -> None:
        if isinstance(event, EpochDone) and time.process_time() - start > seconds:
            event.stop("time")

    whole = method != "adam"
    optimizer: Any = {"lm": nn.LevenbergMarquardt, "br": nn.BayesianRegularization}.get(method, nn.adam)
    run = train(
        nn.Sequential(
            [nn.Dense(problem.units, "tanh", weight=nn.glorot_uniform()), nn.Dense(split.y.shape[1])]
        ),
        (split.x, split.y),
        loss="mean_squared_error",
        optimizer=optimizer() if whole else nn.adam(0.01),
        batch_size=len(split.x) if whole else 32,
        dtype="float64" if whole else "float32",
        epochs=10**6,
        seed=seed,
        watch=False,
        progress=False,
        listeners=[until],
    )
    return found(run.predict, split, len(run.history))


def by_scikit_learn(problem: Problem, split: Split, seed: int, seconds: float) -> Found:
    """MLPRegressor by L-BFGS, until it converges or the time is over."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    net = MLPRegressor(
        hidden_layer_sizes=(problem.units,),
        activation="tanh",
        solver="lbfgs",
        max_iter=200,
        max_fun=10**9,
        tol=1e-12,
        warm_start=True,
        random_state=seed,
    )
    start, steps, last = time.process_time(), 0, -1
    y = split.y if split.y.shape[1] > 1 else split.y[:, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        while time.process_time() - start < seconds and steps != last:
            last = steps
            net.fit(split.x, y)
            steps += net.n_iter_
    return found(lambda x: np.asarray(net.predict(x)), split, steps)


_STEPS = 6
"""Of SciPy's that are timed."""


class _OverError(Exception):
    """The time is over."""


def by_scipy(problem: Problem, split: Split, seed: int, seconds: float) -> Found:
    """Trust-region least squares with differences as the Jacobian; the best point when the time is over."""
    from scipy.optimize import least_squares

    inputs, units, outputs = split.x.shape[1], problem.units, split.y.shape[1]
    shapes = ((inputs, units), (units,), (units, outputs), (outputs,))
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    random = np.random.default_rng(seed)
    flat = np.concatenate([glorot(random, shape) for shape in shapes])

    def outputs_of(flat: np.ndarray, x: np.ndarray) -> np.ndarray:
        w, b, v, c = (part.reshape(s) for part, s in zip(np.split(flat, ends[:-1]), shapes, strict=True))
        return np.tanh(x @ w + b) @ v + c

    best, calls, start = (np.inf, flat), 0, time.process_time()

    def residuals(flat: np.ndarray) -> np.ndarray:
        nonlocal best, calls
        calls += 1
        r = (outputs_of(flat, split.x) - split.y).ravel()
        if (loss := r @ r) < best[0]:
            best = (loss, flat.copy())
        if time.process_time() - start > seconds:
            raise _OverError
        return r

    with suppress(_OverError):
        least_squares(residuals, flat, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=10**6)
    return found(lambda x: outputs_of(best[1], x), split, calls)


def glorot(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Initial weights, flat, as the network has them; zeros for biases."""
    if len(shape) == 1:
        return np.zeros(shape)
    limit = np.sqrt(6 / sum(shape))
    return random.uniform(-limit, limit, shape).ravel()


def measured_step(rows: int = 500, units: int = 28, repeats: int = 5) -> dict[str, float]:
    """Seconds of a step of Levenberg-Marquardt, ours and that of MINPACK in SciPy: medians of turns."""
    from scipy.optimize import least_squares

    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 5))
    y = np.sin(x).sum(1, keepdims=True)
    shapes = ((5, units), (units,), (units, 1), (1,))
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    flat = np.concatenate([glorot(random, shape) for shape in shapes])

    calls = 0

    def residuals(flat: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls > _STEPS * (len(flat) + 1):
            raise _OverError
        w, b, v, c = (part.reshape(s) for part, s in zip(np.split(flat, ends[:-1]), shapes, strict=True))
        return (np.tanh(x @ w + b) @ v + c - y).ravel()

    marks: list[float] = []

    def mark(event: Event) -> None:
        if isinstance(event, EpochDone):
            marks.append(time.perf_counter())

    ours, theirs = [], []
    for _ in range(repeats):
        marks.clear()
        train(
            nn.Sequential([nn.Dense(units, "tanh"), nn.Dense(1)]),
            (x, y),
            loss="mean_squared_error",
            optimizer=nn.LevenbergMarquardt(),
            batch_size=rows,
            dtype="float64",
            epochs=12,
            watch=False,
            progress=False,
            listeners=[mark],
        )
        ours += list(np.diff(marks))
        start, calls = time.perf_counter(), 0
        with suppress(_OverError):
            least_squares(residuals, flat, method="lm", max_nfev=10**6)
        # A step evaluates the point, and once more for each derivative.
        theirs.append((time.perf_counter() - start) / (calls / (len(flat) + 1)))
    return {
        "rows": rows,
        "parameters": len(flat),
        "ours": float(statistics.median(ours)),
        "scipy": float(statistics.median(theirs)),
    }


def main(
    seconds: Annotated[float, typer.Option(help="processor seconds for each training")] = 2.0,
    seeds: Annotated[int, typer.Option(help="splits and initial weights of each problem")] = 10,
    only: Annotated[list[str] | None, typer.Option(help="names of problems; all by default")] = None,
    output: Annotated[Path | None, typer.Option(help="JSON file for all figures")] = None,
) -> None:
    """Compare classic methods on ten small regressions, and time a step of Levenberg-Marquardt."""
    console = Console()
    figures: dict[str, Any] = {"processor": processor(), "seconds": seconds, "seeds": seeds, "problems": {}}
    with threadpool_limits(1):
        figures["step"] = measured_step()
        console.print(figures["step"])
        for name in only or PROBLEMS:
            problem = PROBLEMS[name]
            errors: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
            for seed in range(seeds):
                split = problem.split(seed)
                for method in METHODS:
                    errors[method].append(vars(trained(method, problem, split, seed, seconds)))
            figures["problems"][name] = errors
            if output is not None:
                output.write_text(json.dumps(figures, indent=1), encoding="utf-8")
            console.print(name, {m: f"{median(each, 'test'):.4g}" for m, each in errors.items()})
    console.print(table(figures["problems"]))


def median(errors: list[dict[str, float]], which: str) -> float:
    """Over the seeds."""
    return statistics.median(each[which] for each in errors)


def table(problems: dict[str, dict[str, list[dict[str, float]]]]) -> Table:
    """Median test errors, with the deviation over the seeds; the lowest is marked."""
    shown = Table("problem", *METHODS, title="test error, median and deviation over seeds")
    for name, errors in problems.items():
        best = min(errors, key=lambda method: median(errors[method], "test"))
        cells = [
            f"{'*' if method == best else ''}{median(each, 'test'):.3g} ± "
            f"{statistics.pstdev([one['test'] for one in each]):.2g}"
            for method, each in errors.items()
        ]
        shown.add_row(name, *cells)
    return shown


if __name__ == "__main__":
    typer.run(main)
