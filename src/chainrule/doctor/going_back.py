"""Going back: what is kept of a training to take a repair back, or to have its best epoch again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.training.recipe import Recipe, amended_recipe
from chainrule.training.state import RunState

_TREE, _BEST, _LOWEST = "tree/", "best/", "lowest/"
"""Before the names in the state's `kept`: of the tree and the best weights before the last repair, and of the
weights of the epoch with the lowest held-out loss."""


def remembering(old: RunState, new: RunState) -> RunState:
    """The new state with history and journal of the old one, and with what is needed to go back to it."""
    kept = _under(_TREE, old.tree) | _under(_BEST, old.best)
    return replace(new, history=old.history, journal=old.journal, kept=kept)


def before_repair(recipe: Recipe, state: RunState, repair: Mapping[str, Any]) -> tuple[Recipe, RunState]:
    """Recipe and state as they were when the repair was done, an entry of the journal."""
    history = state.history[: repair["epoch"]]
    losses = [each["validation_loss"] for each in history if each.get("validation_loss") is not None]
    weights = _of(_BEST, state)
    best = int(np.argmin(losses)) if losses and weights else -1
    before = replace(
        state,
        tree=_of(_TREE, state),
        best=weights,
        best_epoch=best + 1,
        best_loss=losses[best] if best >= 0 else float("inf"),
        epoch=repair["epoch"],
        step=repair["step"],
        history=history,
        kept={},
    )
    earlier = amended_recipe(recipe, repair["recipe"])
    return replace(earlier, epochs=repair["recipe"]["epochs"]), before  # more of them may be what is undone


def keep_lowest(state: RunState, weights: Mapping[str, np.ndarray]) -> None:
    """Keep the weights of this epoch as those with the lowest held-out loss."""
    state.kept |= _under(_LOWEST, weights)


def lowest_of(state: RunState) -> dict[str, np.ndarray]:
    """The weights that `keep_lowest` kept; empty where there are none."""
    return _of(_LOWEST, state)


def _under(kind: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {kind + name: array.copy() for name, array in arrays.items()}


def _of(kind: str, state: RunState) -> dict[str, np.ndarray]:
    return {name.removeprefix(kind): array for name, array in state.kept.items() if name.startswith(kind)}
