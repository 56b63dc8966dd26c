"""What the loop tells its listeners."""

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.program import NamedArrays
from chainrule.training.state import Record, RunState
from chainrule.training.supply import Supply


@dataclass(frozen=True)
class Started:
    """Before the first step. parameters: trained numbers.

    steps_per_epoch, examples: None for a source that does not know how many examples it has.
    state: as training finds it. stop: call with a reason to end before the first step. data: what is trained
    on.
    """

    epochs: int
    steps_per_epoch: int | None
    examples: int | None
    parameters: int
    first_epoch: int
    state: RunState
    stop: Callable[[str], None]
    data: Supply


@dataclass(frozen=True)
class StepsDone:
    """After some steps, several times a second. loss: of the last step.

    state: brings the run's state up to date and gives it, such as to save it; training that continues from it
    gives the same bits. It takes time, so call it seldom. None at the end of an epoch, amid its last batches.
    """

    epoch: int
    step: int
    loss: float
    state: Callable[[], RunState] | None = None


@dataclass(frozen=True)
class EpochDone:
    """After every epoch. Listeners hear of it one after the other, so what one writes others find.

    record: of the epoch, the last of the history; figures may be added. state: as it is now. stop: call with
    a reason to end here. weights: gives what to predict with, by name; the arrays may be the state's own.
    changed: call it after writing to arrays of the state.
    """

    record: Record
    state: RunState
    stop: Callable[[str], None]
    weights: Callable[[], NamedArrays]
    changed: Callable[[], None]


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
"""What the training loop tells its listeners."""
Listener = Callable[[Event], None]
"""Called with every event of training."""
