"""The events that the training loop sends to its listeners."""

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.errors import TrainingError
from chainrule.program import NamedArrays
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.state import Record, RunState
from chainrule.training.supply import Supply

Amend = Callable[[Recipe, RunState], None]
"""Called with another recipe, and a state of it (`RunState.fork`), from which training goes on at once."""


@dataclass(frozen=True)
class Started:
    """Before the first step.

    epochs: the most. steps_per_epoch, examples: None for a source with an unknown number of examples.
    parameters: the number of trained numbers. first_epoch: from 1; larger for a resumed run. state: at the
    start. stop: call it with a reason to end before the first step. data: what is trained on.
    amend: call it to train another recipe instead.
    """

    epochs: int
    steps_per_epoch: int | None
    examples: int | None
    parameters: int
    first_epoch: int
    state: RunState
    stop: Callable[[str], None]
    data: Supply
    amend: Amend


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
    amend: call it to continue with another recipe. ending: a function that returns the reason for which
    training ends here as things stand, as in `Ended`; '' where it goes on.
    """

    record: Record
    state: RunState
    stop: Callable[[str], None]
    weights: Callable[[], NamedArrays]
    changed: Callable[[], None]
    amend: Amend
    ending: Callable[[], str]


@dataclass(frozen=True)
class BrokenDown:
    """A loss or a weight became infinite or NaN; training ends, unless a listener amends it.

    error: what is raised otherwise. state: before the step that broke down, all of it finite. amend: call to
    go on from there, or from an earlier state, with another recipe.
    """

    error: TrainingError
    state: RunState
    amend: Amend


@dataclass(frozen=True)
class Amended:
    """Training goes on with another recipe from another state.

    programs: of the recipe. Listeners that come after the one that amended it do not hear of the event at
    which it did, and no reason to stop that was given there counts.
    """

    recipe: Recipe
    state: RunState
    programs: Programs


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


Event = Started | StepsDone | EpochDone | BrokenDown | Amended | Ended
"""Any event of training."""
Listener = Callable[[Event], None]
"""Called with every event of training."""
