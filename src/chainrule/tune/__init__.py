"""Tuning: search spaces, and Optuna studies that many processes can work on."""

from chainrule.tune.attempt import Attempt
from chainrule.tune.events import (
    StudyEnded,
    StudyEvent,
    StudyListener,
    StudyOpened,
    Trial,
    TrialEnded,
    TrialEpoch,
    TrialStarted,
    Waiting,
)
from chainrule.tune.progress import StudyProgress
from chainrule.tune.pruning import Asha, Hyperband, Pruning
from chainrule.tune.space import Choice, Parameter, Real, Space, Whole
from chainrule.tune.study import StudyResult, search

__all__ = [
    "Asha",
    "Attempt",
    "Choice",
    "Hyperband",
    "Parameter",
    "Pruning",
    "Real",
    "Space",
    "StudyEnded",
    "StudyEvent",
    "StudyListener",
    "StudyOpened",
    "StudyProgress",
    "StudyResult",
    "Trial",
    "TrialEnded",
    "TrialEpoch",
    "TrialStarted",
    "Waiting",
    "Whole",
    "search",
]
