"""What a study tells its listeners."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

RUNNING, COMPLETE, PRUNED = "running", "complete", "pruned"


@dataclass(frozen=True)
class Trial:
    """One trial of a study, here or on another machine.

    number: from 0, unique in the study. state: 'running', 'complete' or 'pruned'. score: what is to be made
    small, where it is known; of a pruned trial, what it had when it was ended. values: what it drew.
    facts: what else was measured: 'epochs', 'best_epoch', 'validation_<metric>' at the best epoch, and
    'ended' where training broke down. seconds: how long it ran, None while it does.
    """

    number: int
    state: str
    score: float | None
    values: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True)
class StudyOpened:
    """Before the first trial of this process. trials: those of the study so far. wanted: of all processes."""

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
    """A trial of this process has ended. trials: all of the study, this one among them."""

    trial: Trial
    trials: tuple[Trial, ...]
    wanted: int


@dataclass(frozen=True)
class Waiting:
    """Nothing is left to begin, but others are at work; about once a second."""

    trials: tuple[Trial, ...]
    wanted: int


@dataclass(frozen=True)
class StudyEnded:
    """This process is done. interrupted: by Ctrl-C, before all trials were."""

    trials: tuple[Trial, ...]
    wanted: int
    interrupted: bool


StudyEvent = StudyOpened | TrialStarted | TrialEpoch | TrialEnded | Waiting | StudyEnded
"""What a search tells its listeners."""
StudyListener = Callable[[StudyEvent], None]
"""Called with every event of a search."""


def best_of(trials: tuple[Trial, ...]) -> Trial | None:
    """The complete trial with the lowest score, the first of equals; None where none is complete."""
    complete = [each for each in trials if each.state == COMPLETE and each.score is not None]
    return min(complete, key=lambda each: (each.score, each.number), default=None)


def ranked(trials: tuple[Trial, ...]) -> list[Trial]:
    """The trials that are over, best first: complete ones, then those that pruning let run longest.

    Scores of pruned trials are compared only after as many epochs, for they would have gone on falling.
    """

    def rank(trial: Trial) -> tuple[bool, int, float, int]:
        pruned = trial.state == PRUNED
        score = math.inf if trial.score is None else trial.score
        return pruned, -trial.facts.get("epochs", 0) if pruned else 0, score, trial.number

    return sorted((each for each in trials if each.state != RUNNING), key=rank)


def done(trials: tuple[Trial, ...]) -> int:
    """How many trials are over, complete or pruned."""
    return sum(each.state != RUNNING for each in trials)
