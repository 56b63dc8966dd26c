"""What the loop tells its listeners."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Record = dict[str, Any]
"""One epoch in numbers: epoch, step, seconds, learning_rate, loss, validation_…, watch (see Run.history)."""


@dataclass
class RunState:
    """Everything that a run needs to go on: saved whole, a resumed run gives the same bits.

    tree: parameters, state of layers and of the optimizer, and the random key, by name. epoch: finished
    epochs. step: finished steps. history: a record for each epoch. best_epoch, best_loss: where the
    validation loss was lowest (0 and infinity before, and where none was finite). best: the parameters and
    the layers' state there; empty without one.
    batch: full batches done of an unfinished epoch, else 0. loss_sum: the sum of their losses.
    data: the `fingerprint` of what is trained on, where the state is kept in a checkpoint; else {}.
    """

    tree: dict[str, np.ndarray]
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    history: list[Record] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float = float("inf")
    best: dict[str, np.ndarray] = field(default_factory=dict)
    batch: int = 0
    loss_sum: float = 0.0
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Started:
    """Before the first step. examples: rows trained on. parameters: trained numbers."""

    epochs: int
    steps_per_epoch: int
    examples: int
    parameters: int
    first_epoch: int


@dataclass(frozen=True)
class StepsDone:
    """After some steps, several times a second. loss: of the last step."""

    epoch: int
    step: int
    loss: float


@dataclass(frozen=True)
class EpochDone:
    """After every epoch. state: as it is now, not to be changed. stop: call with a reason to end here."""

    record: Record
    state: RunState
    stop: Callable[[str], None]


@dataclass(frozen=True)
class Ended:
    """Training is over, in every case; nothing comes after it.

    reason: 'epochs', 'early stopping', 'interrupted', or what a listener gave; 'not finite' where training
    broke down (TrainingError), and 'error' for any other exception, also one of a listener.
    error: the exception that ended training and is raised after this event, or None. Of a TrainingError the
    state is that before the step that broke down, all of it finite; of other errors it may be amidst a call.
    """

    reason: str
    state: RunState
    error: BaseException | None = None


Event = Started | StepsDone | EpochDone | Ended
Listener = Callable[[Event], None]
