"""Run.train: training continues where a run ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chainrule.data import Arrays, Source
from chainrule.errors import ConfigError
from chainrule.nn.metrics import OwnMetric
from chainrule.nn.optimizers.descent import with_rate
from chainrule.nn.schedules import Constant, Schedule
from chainrule.training.events import Ended, Event, Listener
from chainrule.training.inputs import arrays_for, check_lengths
from chainrule.training.probes import Watch
from chainrule.training.programs import Programs
from chainrule.training.state import RunState
from chainrule.training.supply import supply_of

if TYPE_CHECKING:
    from chainrule.training.run import Run


@dataclass(frozen=True, eq=False)
class GoingOn:
    """What a run in memory keeps beside its parameters, so that training can go on.

    state: at its end. data, validation: what it was trained on and measured with. watch, own_metrics: as
    `train` was given them.
    """

    state: RunState
    data: Arrays | Source
    validation: Arrays | Source | None
    watch: Watch = True
    own_metrics: Mapping[str, OwnMetric] = field(default_factory=dict)


@dataclass
class LastState:
    """A listener that keeps the state in which a run ended."""

    state: RunState | None = None

    def __call__(self, event: Event) -> None:
        """Keep it."""
        if isinstance(event, Ended):
            self.state = event.state


def go_on(
    run: "Run",
    epochs: int,
    data: Any,
    learning_rate: float | Schedule | None,
    listeners: Sequence[Listener],
    progress: bool | None,
) -> "Run":
    """See `Run.train`."""
    from chainrule.training.fitting import starting_tree_of, train_recipe

    known = run.going_on
    if known is None:
        raise ConfigError(
            "this run has its parameters and not the state in which training ended, such as that of its "
            "optimizer: it was loaded, copied, or trained by train_recipe",
            remedy="continue with the Run that chainrule.train gave, or train with a checkpoint, to resume",
        )
    if not isinstance(epochs, int) or isinstance(epochs, bool) or epochs < 1:
        raise ConfigError(f"epochs is {epochs!r}", remedy="give how many more, a whole number, at least 1")
    recipe = replace(run.recipe, epochs=known.state.epoch + epochs, patience=None)
    old = known.state
    if learning_rate is not None:
        recipe = replace(recipe, optimizer=_at_rate(recipe.optimizer, learning_rate))
        old = replace(old, tree=_without_rates(old.tree))
    more = known.data if data is None else data
    if not isinstance(more, Arrays | Source):
        more = arrays_for(recipe, more, columns=run.columns)
    programs = Programs(recipe, run.executor)
    supply = supply_of(programs, more)
    check_lengths(programs, supply.sample.inputs.named, run.input_shapes, run.parameters, "train")
    state = old.fork(starting_tree_of(recipe, supply, programs), same_batches=data is None).state
    last = LastState()
    further = train_recipe(
        recipe,
        more,
        known.validation,
        watch=known.watch,
        listeners=[*listeners, last],
        progress=progress,
        state=state,
        programs=programs,
        own_metrics=known.own_metrics,
    )
    return replace(further, going_on=replace(known, state=last.state, data=more))


def _at_rate(optimizer: Any, rate: float | Schedule) -> Any:
    """The optimizer with another learning rate; ConfigError where it has none."""
    if with_rate(optimizer, Constant(1.0)) == with_rate(optimizer, Constant(2.0)):
        raise ConfigError(
            f"the optimizer {optimizer!r} has no learning rate",
            remedy="go on without one, or train with an optimizer that has it, such as adam(0.001)",
        )
    return with_rate(optimizer, rate)


def _without_rates(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The tree without what links keep of their learning rate, so that another starts anew."""
    ending = ".learning_rate"
    links = tuple(name.removesuffix("learning_rate") for name in tree if name.endswith(ending))
    kept = {f"{link}{what}" for link in links for what in ("step", "learning_rate")}
    schedules = tuple(f"{link}schedule." for link in links)
    return {n: array for n, array in tree.items() if n not in kept and not n.startswith(schedules)}
