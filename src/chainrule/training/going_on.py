"""Run.train: training continues where a run ended."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import Arrays, Source
from chainrule.errors import ConfigError
from chainrule.nn.metrics import MetricsGiven, OwnMetric
from chainrule.nn.optimizers.descent import with_rate
from chainrule.nn.schedules import Constant, Schedule
from chainrule.training.events import Ended, Event, Listener
from chainrule.training.inputs import arrays_for, check_lengths
from chainrule.training.probes import Watch
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.state import RunState
from chainrule.training.supply import supply_of

if TYPE_CHECKING:
    from chainrule.training.run import Run


@dataclass(frozen=True, eq=False)
class GoingOn:
    """What a run in memory keeps besides its parameters, so that training can continue.

    state: at the end of the run. data, validation: of the run. watch, own_metrics: as given to `train`.
    """

    state: RunState
    data: Arrays | Source
    validation: Arrays | Source | None
    watch: Watch = True
    own_metrics: Mapping[str, OwnMetric] = field(default_factory=dict)


@dataclass
class LastState:
    """A listener that keeps the final state of a run."""

    state: RunState | None = None

    def __call__(self, event: Event) -> None:
        """Keep it."""
        if isinstance(event, Ended):
            self.state = event.state


@dataclass(frozen=True, eq=False)
class Changes:
    """The settings that change when a run continues, see `Run.train`; None for no change."""

    learning_rate: float | Schedule | None
    batch_size: int | None
    validation: Any
    patience: int | None
    metrics: MetricsGiven | None
    watch: Watch | None


def go_on(
    run: "Run", epochs: int, data: Any, changes: Changes, listeners: Sequence[Listener], progress: bool | None
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
    recipe, own = _changed(run.recipe, known, changes)
    recipe = replace(recipe, epochs=known.state.epoch + epochs)
    more, held_out = _examples(run, recipe, known, data, changes.validation)
    old = known.state
    if changes.learning_rate is not None:
        old = replace(old, tree=_without_rates(old.tree))
    if changes.validation is not None:  # losses on other examples are not comparable
        old = replace(old, best={}, best_epoch=0, best_loss=math.inf)
    programs = Programs(recipe, run.executor)
    supply = supply_of(programs, more)
    check_lengths(programs, supply.sample.inputs.named, run.input_shapes, run.parameters, "train")
    same_batches = data is None and recipe.batch_size == run.recipe.batch_size
    state = old.fork(starting_tree_of(recipe, supply, programs), same_batches=same_batches).state
    state.recipe = None  # the run's own recipe is the amended one, and the changes are changes of it
    watch = known.watch if changes.watch is None else changes.watch
    last = LastState()
    further = train_recipe(
        recipe,
        more,
        held_out,
        watch=watch,
        listeners=[*listeners, last],
        progress=progress,
        state=state,
        programs=programs,
        own_metrics=own,
    )
    going_on = None if last.state is None else GoingOn(last.state, more, held_out, watch, own)
    return replace(further, going_on=going_on)


def _changed(recipe: Recipe, known: GoingOn, changes: Changes) -> tuple[Recipe, Mapping[str, OwnMetric]]:
    """The recipe with all changes but the epochs, and the user's own metrics by name."""
    from chainrule.training.fitting import named_metrics

    recipe, own = replace(recipe, patience=changes.patience), known.own_metrics
    if changes.learning_rate is not None:
        recipe = replace(recipe, optimizer=_at_rate(recipe.optimizer, changes.learning_rate))
    if changes.batch_size is not None:
        recipe = replace(recipe, batch_size=changes.batch_size)
    if changes.metrics is not None:
        names, own = named_metrics(changes.metrics)
        recipe = replace(recipe, metrics=names)
    return recipe, own


def _examples(
    run: "Run", recipe: Recipe, known: GoingOn, data: Any, validation: Any
) -> tuple[Arrays | Source, Arrays | Source | None]:
    """Training and validation data: the given ones, else those of the run."""
    from chainrule.training.fitting import split_validation

    if data is None:
        if isinstance(validation, int | float | np.number):
            raise ConfigError(
                f"validation is {validation}, a share, and all of the data were trained on already",
                remedy="give validation data of its own, such as (x, y), or other data to train on",
            )
        data = known.data
    elif not isinstance(data, Source):
        data = arrays_for(recipe, data, columns=run.columns)
    if validation is not None:
        return split_validation(recipe, data, validation)
    if recipe.patience is not None and known.validation is None:
        raise ConfigError("patience needs validation data", remedy="set validation, such as (x, y)")
    return data, known.validation


def _at_rate(optimizer: Any, rate: float | Schedule) -> Any:
    """The optimizer with another learning rate. Raises ConfigError if it has none."""
    if with_rate(optimizer, Constant(1.0)) == with_rate(optimizer, Constant(2.0)):
        raise ConfigError(
            f"the optimizer {optimizer!r} has no learning rate",
            remedy="go on without one, or train with an optimizer that has it, such as adam(0.001)",
        )
    return with_rate(optimizer, rate)


def _without_rates(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The tree without the state of learning rates, so that another rate starts anew."""
    ending = ".learning_rate"
    links = tuple(name.removesuffix("learning_rate") for name in tree if name.endswith(ending))
    kept = {f"{link}{what}" for link in links for what in ("step", "learning_rate")}
    schedules = tuple(f"{link}schedule." for link in links)
    return {n: array for n, array in tree.items() if n not in kept and not n.startswith(schedules)}
