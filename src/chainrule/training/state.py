"""The state of a run: all that it needs to continue, and what of it fits another recipe."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.nn.layer import RANDOM_KEY

OPTIMIZER = "optimizer."
"""What names of the optimizer's arrays begin with."""
Record = dict[str, Any]
"""One epoch in numbers: epoch, step, seconds, learning_rate, loss, validation_…, watch (see Run.history)."""


@dataclass
class RunState:
    """Everything that a run needs to continue: saved whole, a resumed run gives the same bits.

    tree: parameters, state of layers and of the optimizer, and the random key, by name. epoch: finished
    epochs. step: finished steps. history: a record for each epoch. best_epoch, best_loss: where the
    validation loss was lowest (0 and infinity before, and where none was finite). best: the parameters and
    the layers' state there; empty without one.
    batch: full batches done of an unfinished epoch, else 0. loss_sum: the sum of their losses.
    position: where that is in the epoch's chunks: (chunk, row, batches), as of `chainrule.data.Position`.
    watched: what probes measured at the steps of an unfinished epoch, by the output's name.
    data: the `fingerprint` of what is trained on, where the state is kept in a checkpoint; else {}.
    recipe: the recipe that it is trained by, as plain data, where training was amended; else None.
    journal: what was found of the training and done about it, as plain data. kept: arrays that belong to it.
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
    position: tuple[int, int, int] = (0, 0, 0)
    watched: dict[str, list[float]] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    recipe: dict[str, Any] | None = None
    journal: list[dict[str, Any]] = field(default_factory=list)
    kept: dict[str, np.ndarray] = field(default_factory=dict)

    def fork(self, start: Mapping[str, np.ndarray], *, same_batches: bool) -> "Fork":
        """A state of another recipe, with all that this one has and the other can use.

        start: what the other recipe begins with (`starting_tree`). An array of this state takes the place of
        the one that has its name, shape and dtype there: parameters and layers' state by the layer, the
        optimizer's by the kind of the link. same_batches: whether the other recipe has the same batches in
        the same order; else it begins the epoch anew that this one is in. This state stays as it is, and
        shares no memory.
        """
        carried = tuple(name for name in start if _fits(self.tree.get(name), start[name]))
        new = {name: _why_new(self.tree.get(name), start[name]) for name in start if name not in carried}
        left = tuple(name for name in self.tree if name not in start)
        tree = {name: (self.tree[name] if name in carried else start[name]).copy() for name in start}
        state = replace(
            self,
            tree=tree,
            history=deepcopy(self.history),
            watched=deepcopy(self.watched),
            best={},
            data={},
            journal=deepcopy(self.journal),
            kept={name: array.copy() for name, array in self.kept.items()},
        )
        if not same_batches:
            state.batch, state.loss_sum, state.position, state.watched = 0, 0.0, (0, 0, 0), {}
        held = {name: array for name, array in self.best.items() if _fits(array, start.get(name))}
        model = {name for name in start if name != RANDOM_KEY and not name.startswith(OPTIMIZER)}
        if held.keys() == self.best.keys() and (held.keys() == model or not held):
            state.best = {name: array.copy() for name, array in held.items()}
        else:  # of another model: it has no best epoch yet
            state.best_epoch, state.best_loss = 0, float("inf")
        return Fork(state, carried, new, left)


@dataclass(frozen=True, eq=False)
class Fork:
    """What `RunState.fork` gives: the new state, and what became of every array.

    carried: the names of arrays taken over. new: name -> why it starts afresh. left: the names of arrays that
    the other recipe does not use.
    """

    state: RunState
    carried: tuple[str, ...]
    new: Mapping[str, str]
    left: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{len(self.carried)} of {len(self.carried) + len(self.new)} arrays carried over"]
        lines += [f"new: {name} ({why})" for name, why in self.new.items()]
        lines += [f"left behind: {name}" for name in self.left]
        return "\n".join(lines)


def _fits(array: np.ndarray | None, wanted: np.ndarray | None) -> bool:
    if array is None or wanted is None:
        return False
    return array.shape == wanted.shape and array.dtype == wanted.dtype


def _why_new(array: np.ndarray | None, wanted: np.ndarray) -> str:
    if array is None:
        return "there was none"
    return f"it was {array.dtype} {array.shape}, now {wanted.dtype} {wanted.shape}"
