"""Events that a study sends to its listeners."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

RUNNING, COMPLETE, PRUNED = "running", "complete", "pruned"


@dataclass(frozen=True)
class Trial:
    """One trial of a study, here or on another machine.

    number: from 0, unique in the study. state: 'running', 'complete' or 'pruned'. score: the number to be
    minimized, None while unknown; of a pruned trial, its score when it was stopped. values: its sampled
    values. facts: further measurements: 'epochs', 'best_epoch', 'validation_<metric>' at the best epoch, and
    'ended' if training failed. seconds: how long it ran, None while it does.
    """

    number: int
    state: str
    score: float | None
    values: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True)
class StudyOpened:
    """Before the first trial of this process.

    trials: those of the study so far. wanted: the total number of trials, of all processes.
    """

    trials: tuple[Trial, ...]
    wanted: int


@dataclass(frozen=True)
class TrialStarted:
    """A trial of this process begins."""

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class TrialEpoch:
    """After an epoch of a trial of this process. score: the lowest validation loss of the trial so far."""

    number: int
    epoch: int
    score: float


@dataclass(frozen=True)
class TrialEnded:
    """A trial of this process has ended. trials: all of the study, including this one."""

    trial: Trial
    trials: tuple[Trial, ...]
    wanted: int


@dataclass(frozen=True)
class Waiting:
    """No trial is left to start, but other processes still run some; sent about once a second."""

    trials: tuple[Trial, ...]
    wanted: int


@dataclass(frozen=True)
class StudyEnded:
    """This process has finished. interrupted: by Ctrl-C, before all trials had ended."""

    trials: tuple[Trial, ...]
    wanted: int
    interrupted: bool


StudyEvent = StudyOpened | TrialStarted | TrialEpoch | TrialEnded | Waiting | StudyEnded
"""Any event of a search."""
StudyListener = Callable[[StudyEvent], None]
"""Called with every event of a search."""


def best_of(trials: tuple[Trial, ...]) -> Trial | None:
    """The complete trial with the lowest score, the first of equal ones; None if none is complete."""
    complete = [each for each in trials if each.state == COMPLETE and each.score is not None]
    return min(complete, key=lambda each: (each.score, each.number), default=None)


def ranked(trials: tuple[Trial, ...]) -> list[Trial]:
    """The trials that have ended, best first: complete ones, then pruned ones, those with more epochs first.

    Scores of pruned trials are compared only at the same number of epochs, since more epochs lower them.
    """

    def rank(trial: Trial) -> tuple[bool, int, float, int]:
        pruned = trial.state == PRUNED
        score = math.inf if trial.score is None else trial.score
        return pruned, -trial.facts.get("epochs", 0) if pruned else 0, score, trial.number

    return sorted((each for each in trials if each.state != RUNNING), key=rank)


def done(trials: tuple[Trial, ...]) -> int:
    """Number of trials that have ended, complete or pruned."""
    return sum(each.state != RUNNING for each in trials)
