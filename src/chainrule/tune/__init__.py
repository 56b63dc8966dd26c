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
from chainrule.tune.space import Categorical, Float, Integer, Parameter, Space
from chainrule.tune.study import StudyResult, search

__all__ = [
    "Asha",
    "Attempt",
    "Categorical",
    "Float",
    "Hyperband",
    "Integer",
    "Parameter",
    "Pruning",
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
    "search",
]
