"""The events that the training loop sends to its listeners."""

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.program import NamedArrays
from chainrule.training.state import Record, RunState


@dataclass(frozen=True)
class Started:
    """Before the first step.

    epochs: the most. steps_per_epoch, examples: None for a source with an unknown number of examples.
    parameters: the number of trained numbers. first_epoch: from 1; larger for a resumed run. state: at the
    start. stop: call it with a reason to end before the first step.
    """

    epochs: int
    steps_per_epoch: int | None
    examples: int | None
    parameters: int
    first_epoch: int
    state: RunState
    stop: Callable[[str], None]


@dataclass(frozen=True)
class StepsDone:
    """After some steps, several times a second.

    epoch: from 1. step: steps so far. loss: of the last step.
    state: a function that returns the present state of the run, from which training continues with the same
    bits. It takes time, so call it seldom. None during the last batches of an epoch.
    """

    epoch: int
    step: int
    loss: float
    state: Callable[[], RunState] | None = None


@dataclass(frozen=True)
class EpochDone:
    """After every epoch. Listeners are called one after the other, so later ones see what earlier ones write.

    record: of the epoch, the last one of the history; a listener may add numbers. state: at this time. stop:
    call it with a reason to end training here. weights: a function that returns the arrays to predict with,
    by name; they may be those of the state. changed: call it after writing to arrays of the state.
    """

    record: Record
    state: RunState
    stop: Callable[[str], None]
    weights: Callable[[], NamedArrays]
    changed: Callable[[], None]


@dataclass(frozen=True)
class Ended:
    """Training has ended, for whatever reason; the last event.

    reason: 'epochs', 'early stopping', 'interrupted', or that of a listener; 'not finite' for a
    TrainingError, 'error' for any other exception, including those of listeners.
    error: the exception that ended training and is raised after this event, or None. For a TrainingError the
    state is the one before the failing step, with finite numbers; for other errors it may be incomplete.
    """

    reason: str
    state: RunState
    error: BaseException | None = None


Event = Started | StepsDone | EpochDone | Ended
"""Any event of training."""
Listener = Callable[[Event], None]
"""Called with every event of training."""
