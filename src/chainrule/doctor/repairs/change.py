"""What a repair changes in a training, and the proposal that becomes of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from chainrule.doctor.trials import Proposal
from chainrule.nn.layer import Layer
from chainrule.training.attending import Patient
from chainrule.training.fitting import starting_tree_of
from chainrule.training.objective import Supervised
from chainrule.training.recipe import Recipe
from chainrule.training.state import RunState


@dataclass(frozen=True, eq=False)
class Change:
    """One repair of one training.

    said: as a person reads it, such as 'learning rate 0.003 in place of 0.3'. recipe: what it is trained by
    then. anew: whether training starts afresh, with weights drawn anew. arrays: makes those that take the
    place of what is carried over, by name, once the change is to be tried; it may raise ChainruleError.
    """

    said: str
    recipe: Recipe
    anew: bool = False
    arrays: Callable[[], Mapping[str, np.ndarray]] = dict


Repair = Callable[[Patient, RunState], Iterable[Change]]
"""The changes that a repair has to offer for a training; none where it does not apply."""


def proposal_of(repair: str, cause: str, change: Change, patient: Patient, state: RunState) -> Proposal:
    """The change with the state that training would go on from, but for its past; see `remembering`.

    Raises ChainruleError where the changed network can't be recorded with these data.
    """
    other = patient.by(change.recipe)
    start = starting_tree_of(change.recipe, other.data, other.programs)
    same_batches = (change.recipe.batch_size, change.recipe.shuffle) == (
        patient.recipe.batch_size,
        patient.recipe.shuffle,
    )
    old = replace(state, history=[], watched={}, journal=[], kept={})
    if change.recipe.optimizer != patient.recipe.optimizer:  # schedules begin as they are written down
        old.tree = {n: a for n, a in state.tree.items() if ".schedule." not in n}
    forked = old.fork(start, same_batches=same_batches).state
    if change.anew:
        forked.tree = start
    arrays = change.arrays()
    forked.tree = {name: arrays.get(name, array).copy() for name, array in forked.tree.items()}
    keeps = change.recipe.keep == "best" and not forked.best  # from here on
    if keeps or change.recipe.objective != patient.recipe.objective:  # whose losses are not comparable
        forked.best, forked.best_epoch, forked.best_loss = {}, 0, float("inf")
    return Proposal(repair, cause, change.said, other, forked)


def with_model(recipe: Recipe, change: Callable[[Layer], Layer]) -> Recipe | None:
    """The recipe with its model changed; None where it has no model, or the change leaves it as it is."""
    objective = recipe.objective
    if not isinstance(objective, Supervised):
        return None
    model = change(objective.model)
    if model == objective.model:
        return None
    return replace(recipe, objective=replace(objective, model=model))


def model_of(recipe: Recipe) -> Layer | None:
    """The model of a supervised objective; None of another."""
    return recipe.objective.model if isinstance(recipe.objective, Supervised) else None
