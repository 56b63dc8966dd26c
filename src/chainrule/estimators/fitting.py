"""From checked rows to a trained network, afresh or on from the call before."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np
from sklearn.utils import check_random_state

from chainrule.data import Arrays, split
from chainrule.errors import ConfigError, DataError
from chainrule.estimators.converged import Converged
from chainrule.estimators.defaults import default_network
from chainrule.estimators.folds import train_by_folds
from chainrule.estimators.inputs import Columns, Inputs, features_of, fit_inputs
from chainrule.estimators.repaired import repaired_fields, still_repaired
from chainrule.estimators.settings import Settings, hidden_layers, network_for
from chainrule.estimators.targets import ClassTargets, NumberTargets
from chainrule.executors import DEFAULT
from chainrule.nn import Layer, Loss, MeanOfMembers, Sequential
from chainrule.training import (
    Programs,
    Recipe,
    Run,
    RunState,
    check_data,
    check_inputs,
    held_by_model,
    initial_tree,
    starting_tree,
    train_recipe,
)
from chainrule.training.going_on import LastState
from chainrule.training.programs import ESTIMATED_ROWS

_SHARED = {"epochs": 1, "batch_size": 1, "seed": 0, "patience": None}
"""What may differ between recipes that share compiled programs, and what it is held at to compare them."""

Targets = ClassTargets | NumberTargets
AnyTargets = TypeVar("AnyTargets", bound=Targets)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to train on, none of them of weight 0.

    x: (rows, columns) floats or a DataFrame of mixed columns. y: (rows,) or (rows, targets), in its own
    classes or unit. weight: (rows,) or None where all count 1. targets: how y is to be understood. given: x
    and y before rows that are alike were taken together: errors name rows of these.
    """

    x: Any
    y: np.ndarray
    weight: np.ndarray | None
    targets: Targets
    given: tuple[Any, np.ndarray]


@dataclass(frozen=True, eq=False)
class Fitted(Generic[AnyTargets]):
    """The result of fitting.

    run: with the recipe that was trained, repaired or not. state: at the end of training, to continue from.
    programs: compiled for it. settings: of the call. repaired: names of the fields of the recipe that the
    doctor changed.
    """

    run: Run
    state: RunState
    programs: Programs
    inputs: Inputs
    targets: AnyTargets
    settings: Settings
    repaired: tuple[str, ...] = ()

    def outputs(self, x: Any, *, raw: bool, then: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """`then` of the outputs of the network for rows: of the raw ones, or of the predictions.

        then: applied row by row. Numbers are standardized and converted block by block.
        """
        return self.programs.outputs(
            self.run.parameters, len(x), self._block(x), raw=raw, least=ESTIMATED_ROWS, then=then
        )

    def _block(self, x: Any) -> Callable[[slice], dict[str, np.ndarray]]:
        inputs, dtype = self.inputs, self.run.recipe.dtype
        if isinstance(inputs, Columns) or self.programs.whole:
            ready = inputs.transform(x, dtype)
            check_inputs(self.programs, {"x": ready})
            return lambda rows: {"x": ready[rows]}

        def block(rows: slice) -> dict[str, np.ndarray]:
            try:
                return {"x": inputs.transform(x[rows], dtype)}
            except DataError:
                inputs.transform(x, dtype)  # whose error counts and places what is wrong among all
                raise

        return block


def fit_rows(settings: Settings, rows: Rows, before: Fitted[Any] | None, *, incremental: bool) -> Fitted[Any]:
    """Train on rows.

    before: the result to continue from, which is not changed; None starts anew. incremental: one epoch, with
    the state of the optimizer; else up to the epochs of the settings, with a new optimizer.
    """
    arrays, inputs = _prepared(settings, rows, before)
    given = arrays
    if rows.given[0] is not rows.x:
        given = _arrays(settings, inputs, rows.given[0], rows.targets.encode(rows.given[1]))
    folds = before is None and not incremental and settings.folds(len(arrays))
    early = not incremental and not folds and settings.early(len(arrays))
    seed = before.run.recipe.seed if before and incremental else _seed(settings.random_state)
    held_out = None
    if early:
        arrays, held_out = split(arrays, settings.validation_fraction, seed, stratify=True)
    mean_weight = 1.0 if arrays.weight is None else float(arrays.weight.mean())
    network, loss = _network(settings, arrays.x, inputs, rows.targets)
    asked = settings.recipe(network, loss, len(arrays), mean_weight, early=early, seed=seed, folds=folds)
    done = before.state.epoch if before else 0
    recipe = asked = replace(asked, epochs=done + (1 if incremental else asked.epochs))
    if before is not None:
        recipe = still_repaired(asked, before.repaired, before.run.recipe, before.settings, settings)
    programs = _programs(recipe, before)
    check_data(recipe, programs, given, None)
    if folds:
        run, state = train_by_folds(
            recipe,
            arrays,
            programs,
            patience=settings.patience(len(arrays), folds=True),
            listeners=list(settings.listeners or ()),
            progress=bool(settings.verbose),
            doctor=settings.doctor,
        )
    else:
        run, state = _train(settings, recipe, arrays, held_out, programs, before, incremental=incremental)
    if before is not None and before.run.diagnosis:
        run = replace(run, diagnosis=[*before.run.diagnosis, *run.diagnosis])
    if not _alike(programs.recipe, run.recipe):
        programs = run.programs
    return Fitted(run, state, programs, inputs, rows.targets, settings, repaired_fields(asked, run.recipe))


def _train(
    settings: Settings,
    recipe: Recipe,
    arrays: Arrays,
    held_out: Arrays | None,
    programs: Programs,
    before: Fitted[Any] | None,
    *,
    incremental: bool,
) -> tuple[Run, RunState]:
    """Train on all the arrays in one go; the run, and the state at its end."""
    listeners, patience = list(settings.listeners or ()), settings.patience(len(arrays))
    if before is None:
        state = RunState(starting_tree(recipe, arrays, programs))
    else:
        state = _continued(settings.owner, recipe, arrays, programs, before, with_optimizer=incremental)
    if not incremental and held_out is None and patience != math.inf:
        listeners.append(Converged(settings.tol, int(patience)))
    last = LastState()  # a repair puts another state in the place of the given one
    run = train_recipe(
        recipe,
        arrays,
        held_out,
        watch=False,
        listeners=[*listeners, last],
        progress=bool(settings.verbose),
        doctor=None if incremental else settings.doctor,
        state=state,
        programs=programs,
    )
    return run, last.state or state


def _prepared(settings: Settings, rows: Rows, before: Fitted[Any] | None) -> tuple[Arrays, Inputs]:
    y = rows.targets.encode(rows.y)
    if before is None:
        whole = settings.layers is not None and Sequential(hidden_layers(settings)).takes_whole_numbers()
        inputs = fit_inputs(
            rows.x,
            y,
            rows.weight,
            standardize=settings.standardize,
            whole=whole,
            codes=settings.layers is None,
        )
    else:
        inputs = before.inputs
    weight = None if rows.weight is None else rows.weight.astype(settings.dtype)
    return _arrays(settings, inputs, rows.x, y).weighted(weight), inputs


def _arrays(settings: Settings, inputs: Inputs, x: Any, y: np.ndarray) -> Arrays:
    """Rows as the network takes them. y: encoded."""
    y = y.astype(np.int32 if y.dtype.kind in "iu" else settings.dtype, copy=False)
    return Arrays.of(inputs.transform(x, settings.dtype), y)


def _network(settings: Settings, matrix: np.ndarray, inputs: Inputs, targets: Targets) -> tuple[Layer, Loss]:
    """The network, and the loss of its outputs."""
    if settings.layers is not None:
        return network_for(settings, targets.outputs), targets.loss
    task = "classification" if isinstance(targets, ClassTargets) else "regression"
    features = features_of(inputs, matrix.shape[1])
    return default_network(features, matrix, targets.outputs, task), MeanOfMembers(targets.loss)


def _programs(recipe: Recipe, before: Fitted[Any] | None) -> Programs:
    """Those of the call before where they are the same, else those of another fit that was alike."""
    if before is None:
        return _programs_of(replace(recipe, **_SHARED))
    return before.programs if _alike(recipe, before.run.recipe) else _programs_of(replace(recipe, **_SHARED))


def _alike(recipe: Recipe, other: Recipe) -> bool:
    """Whether compiled programs serve both."""
    return replace(recipe, **_SHARED) == replace(other, **_SHARED)


def _programs_of(recipe: Recipe) -> Programs:
    try:
        return _kept_programs(recipe)
    except TypeError:  # a layer or an optimizer of the user that can't be hashed
        return Programs(recipe, DEFAULT)


@lru_cache(maxsize=4)
def _kept_programs(recipe: Recipe) -> Programs:
    """Cross-validation and searches fit alike again and again: recording and planning once is enough."""
    return Programs(recipe, DEFAULT)


def _continued(
    owner: str,
    recipe: Recipe,
    arrays: Arrays,
    programs: Programs,
    before: Fitted[Any],
    *,
    with_optimizer: bool,
) -> RunState:
    """The state to continue from: copies, so that a call that fails leaves the estimator as it was."""
    step = programs.step(arrays, min(recipe.batch_size, len(arrays)))
    held = held_by_model(step.program)
    whole = with_optimizer and recipe.optimizer == before.run.recipe.optimizer
    wanted = [*step.program.parameters, *step.program.state] if whole else held
    known = before.state.tree | before.state.best
    tree = {value.name: np.array(known[value.name]) for value in wanted if value.name in known}
    strange = [
        value.name for value in held if value.name not in tree or tree[value.name].shape != value.shape
    ]
    if strange:
        raise ConfigError(
            f"{owner}: the network has another '{strange[0]}' than in the call before",
            remedy="continue with the same layers, or fit with warm_start=False",
        )
    if not whole:
        tree = initial_tree(recipe, step) | tree
    old = before.state
    state = RunState(tree, old.epoch, old.step, old.seconds, list(old.history))
    if recipe.patience is not None:
        state.best_epoch = old.epoch  # patience begins anew
    return state


def _seed(random_state: Any) -> int:
    return int(check_random_state(random_state).randint(2**31 - 1))
