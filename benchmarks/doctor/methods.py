"""What is compared: each takes a program and its healthy twin, and gives an Outcome."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.doctor.data import load
from benchmarks.doctor.outcome import Found, Outcome
from benchmarks.doctor.programs import Program, hashed
from benchmarks.doctor.repairs import drawn
from benchmarks.doctor.rules import WATCHED, found_by_rules, seen
from benchmarks.doctor.training import Trained, measured, trained
from chainrule import Run
from chainrule.errors import ChainruleError

UNREPAIRED, OURS, RANDOM = "unrepaired", "ours", "random"
BUDGET = 1.2  # times the program's own steps, where the doctor's are not known
_MOST_DRAWS = 20

Draw = Callable[[Program, np.random.Generator], tuple[str, Program]]


@dataclass(frozen=True)
class Method:
    """meaning: in one line. run: (program, twin, budget in steps) -> Outcome, the same but for seconds."""

    meaning: str
    run: Callable[[Program, Program, int], Outcome]


def unrepaired(program: Program, twin: Program, budget: int) -> Outcome:
    """The program as it is, watched, and what threshold rules say of it."""
    result = trained(program, separate=True, watch=list(WATCHED))
    found = found_by_rules(seen(result.run, program.network, program.epochs, broken=bool(result.broken)))
    return _outcome(result, program, _steps(result.run), found)


def ours(program: Program, twin: Program, budget: int) -> Outcome:
    """chainrule's doctor, and beside it the twin, for its time."""
    trained(replace(twin, epochs=1))  # what only the first training of a process waits for
    healthy = trained(twin)
    result = trained(program, doctor="repair")
    diagnosis: Sequence[Any] = () if result.run is None else result.run.diagnosis  # type: ignore[attr-defined]
    trials = sum(_trial_steps(finding.trials) for finding in diagnosis)
    found = tuple(Found(each.symptom, each.severity, tuple(each.causes)) for each in diagnosis)
    outcome = _outcome(result, program, _steps(result.run) + trials, found)
    return replace(outcome, twin_seconds=healthy.seconds)


def random_search(program: Program, twin: Program, budget: int, draw: Draw = drawn) -> Outcome:
    """Repairs drawn at random, each trained from scratch; what is best on the held-out examples is kept.

    It begins another while steps are left of the budget, so it may end above it; the program itself, which is
    the first candidate, costs it nothing.
    """
    random = np.random.default_rng(hashed("search", program) % 2**63)
    start = time.perf_counter()
    best, kept = trained(program), program
    spent, least = 0, _held_out_loss(best.run, program)
    for _ in range(_MOST_DRAWS):
        if spent >= budget:
            break
        _, candidate = draw(program, random)
        per_epoch = -(-candidate.steps // candidate.epochs)
        most = max(program.epochs, (budget - spent) // per_epoch)
        candidate = replace(candidate, epochs=min(candidate.epochs, most))
        try:
            result = trained(candidate)
        except ChainruleError:
            continue  # a program that is refused before its first step
        spent += _steps(result.run)
        loss = _held_out_loss(result.run, candidate)
        if loss < least:
            best, kept, least = result, candidate, loss
    outcome = _outcome(best, kept, spent, ())
    return replace(outcome, seconds=time.perf_counter() - start)


METHODS: Mapping[str, Method] = {
    UNREPAIRED: Method("the program as it is; threshold rules look on", unrepaired),
    OURS: Method("chainrule's doctor, repairing", ours),
    RANDOM: Method("random search over repairs, with as many steps as the doctor took", random_search),
}


def run_method(name: str, program: Program, twin: Program, budget: int) -> dict[str, Any]:
    """An Outcome as plain data. Processes call it. Errors name the data set of the program."""
    try:
        return METHODS[name].run(program, twin, budget).to_plain()
    except ChainruleError as error:
        raise error.at(f"a program on {program.examples.name}") from None


def _outcome(result: Trained, program: Program, steps: int, findings: tuple[Found, ...]) -> Outcome:
    found = measured(result.run, program, load(program.examples).test)
    seconds = round(result.seconds, 4)
    return Outcome(found.figure, found.loss, seconds, steps, findings, result.broken)


def _trial_steps(trials: Sequence[Any]) -> int:
    """Of the repairs that a finding led to, and of the unchanged run beside them."""
    steps = [trial.steps for trial in trials]
    return sum(steps) + max(steps, default=0)


def _held_out_loss(run: Run | None, program: Program) -> float:
    """Comparable between losses; infinite where predictions are no probabilities."""
    loss = measured(run, program, load(program.examples).held_out).loss
    return float("inf") if loss is None else loss


def _steps(run: Run | None) -> int:
    return run.history[-1]["step"] if run is not None and run.history else 0
