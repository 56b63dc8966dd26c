"""The state of a run: everything needed to continue it, and its transfer to another recipe."""

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
    """Everything that a run needs to continue with the same bits.

    tree: parameters, state of layers and of the optimizer, and the random key, by name. epoch: finished
    epochs.
    step: finished steps. seconds: of training so far. history: a record for each epoch. best_epoch,
    best_loss: the epoch with the lowest validation loss, and that loss (0 and infinity if none was finite so
    far). patience_since: the epoch from which patience counts, such as that where a finished run is gone on
    with, or training was amended. best: the parameters and the state of layers of that epoch, or empty.
    batch: finished full batches of an unfinished epoch, else 0. loss_sum: the sum of their losses. position:
    of the next batch within the chunks of the epoch: (chunk, row, batches), see `chainrule.data.Position`.
    watched: the numbers of probes at the steps of an unfinished epoch, by the name of the output.
    data: the `fingerprint` of the training data if the run has a checkpoint; else {}.
    recipe: the present recipe as plain data if training was amended; else None. journal: what was found and
    done, as plain data. kept: arrays that belong to the journal.
    """

    tree: dict[str, np.ndarray]
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    history: list[Record] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float = float("inf")
    patience_since: int = 0
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
        """A state for another recipe, with the arrays of this state that fit.

        start: the initial tree of the other recipe (`starting_tree`). An array of this state replaces the one
        with the same name, shape and dtype; names begin with the layer, or for the optimizer with the kind of
        the link. same_batches: whether the other recipe has the same batches in the same order; if not, an
        unfinished epoch begins anew. This state does not change, and shares no memory with the new one.
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
    """The result of `RunState.fork`: the new state, and the origin of every array.

    carried: names of arrays taken over. new: name -> why the array starts anew. left: names of arrays that
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
