"""Differential equations solved by networks, beside DeepXDE: python -m benchmarks.science.

Each problem is solved by Levenberg-Marquardt in float64 for so many seconds of processor time, so that other
load does not count. The error is the relative L2 norm of u against an exact solution on a grid, or the
relative error of the coefficient. Then both libraries take steps of Adam on the same network, equation and
points, in turns, in one process.
"""

import json
import math
import statistics
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.figures import write_figures
from benchmarks.options import names
from benchmarks.science_problems import PROBLEMS, VISCOSITY, Problem
from chainrule import nn, science, train
from chainrule.training.events import EpochDone, Event


def solved(problem: Problem, seed: int, seconds: float) -> dict[str, float]:
    """The error after so many processor seconds, all included; whether the target is reached."""
    start = time.process_time()

    def until(event: Event) -> None:
        if isinstance(event, EpochDone) and time.process_time() - start > seconds:
            event.stop("time")

    inverse = problem.measured > 0
    terms: tuple[science.Term, ...] = (problem.term,)
    unknowns = science.Unknowns()
    if inverse:
        terms = (*terms, science.Measured("known"))
        unknowns = science.Unknowns(("log",), (math.log(problem.start),))
    run = train(
        science.Equations(problem.network(), terms, unknowns),
        points_of(problem, seed),
        optimizer=nn.LevenbergMarquardt(rule="gain"),
        epochs=10**6,
        batch_size=max(problem.rows, problem.measured),
        dtype="float64",
        keep="last",
        seed=seed,
        watch=False,
        progress=False,
        listeners=[until],
    )
    if inverse:
        error = abs(math.exp(run.parameters["unknowns.log"]) / VISCOSITY - 1)
    else:
        grid = problem.grid()
        exact = problem.exact(grid)
        found = np.asarray(run.predict({"inside": grid})["inside"])[:, 0]
        error = float(np.linalg.norm(found - exact) / np.linalg.norm(exact))
    return {
        "error": error,
        "reached": float(error <= problem.target),
        "steps": len(run.history),
        "seconds": time.process_time() - start,
    }


def points_of(problem: Problem, seed: int) -> Any:
    """The data of `train`: points, with values where they are measured, or draws of points."""
    inside = problem.inside(seed)
    if problem.measured:
        known = problem.box.inside(problem.measured, seed=seed + 1)
        sets = science.matched({"inside": inside, "known": known})
        return sets, {"known": problem.exact(sets["known"])[:, None]}
    if not problem.every:
        return {"inside": inside}, None
    return science.Resampled(lambda number: {"inside": problem.inside(10_000 * seed + number)}, problem.every)


def speeds(problem: Problem, steps: int, repeats: int = 3) -> dict[str, float]:
    """Steps of Adam per second, ours and DeepXDE's: medians of turns."""
    from benchmarks.science_peer import peer_of

    inside = problem.inside(0)
    theirs = peer_of(problem, inside)
    found: dict[str, list[float]] = {"chainrule": [], "deepxde": []}
    for _ in range(repeats):
        found["chainrule"].append(our_speed(problem, inside, steps))
        found["deepxde"].append(theirs(steps))
    told = {name: statistics.median(each) for name, each in found.items()}
    return told | {"ratio": told["chainrule"] / told["deepxde"]}


def our_speed(problem: Problem, inside: np.ndarray, steps: int) -> float:
    """Steps of Adam per second, without the time to make programs ready."""
    marks: list[float] = []

    def mark(event: Event) -> None:
        if isinstance(event, EpochDone):
            marks.append(time.perf_counter())

    train(
        science.Equations(problem.network(), (problem.term,)),
        ({"inside": inside}, None),
        optimizer=nn.adam(1e-3),
        epochs=steps + 1,
        batch_size=len(inside),
        dtype="float64",
        keep="last",
        watch=False,
        progress=False,
        listeners=[mark],
    )
    return steps / (marks[-1] - marks[0])


def main(
    only: Annotated[str | None, typer.Option(help="names of problems, 'a,b'; all by default")] = None,
    seeds: Annotated[int, typer.Option(help="initial weights and points of each problem")] = 3,
    seconds: Annotated[float, typer.Option(help="of processor time for each training")] = 300.0,
    steps: Annotated[int, typer.Option(help="of Adam that are timed, 0 for none")] = 200,
    output: Annotated[Path | None, typer.Option("--json", help="JSON file for all figures")] = None,
) -> None:
    """Solve five differential equations, and time steps beside DeepXDE's."""
    figures: dict[str, Any] = {}
    for name in names(only, PROBLEMS, PROBLEMS, "--only"):
        problem = PROBLEMS[name]
        told: dict[str, Any] = {"target": problem.target}
        told["runs"] = [solved(problem, seed, seconds) for seed in range(seeds)]
        if steps and not problem.measured:
            told["speed"] = speeds(problem, steps)
        figures[name] = told
        typer.echo(json.dumps({name: told}))
    if output is not None:
        write_figures(output, "bench-science", figures, {"seconds": seconds, "seeds": seeds, "steps": steps})


if __name__ == "__main__":
    typer.run(main)
