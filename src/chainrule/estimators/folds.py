"""Few rows: folds say for how many epochs, and then all rows are trained on."""

from dataclasses import replace

import numpy as np

from chainrule.data import Arrays
from chainrule.train import (
    EpochDone,
    Event,
    Listener,
    Programs,
    Recipe,
    Record,
    Run,
    RunState,
    starting_tree,
    train_recipe,
)

FOLDS = 3


def train_by_folds(
    recipe: Recipe,
    arrays: Arrays,
    programs: Programs,
    *,
    patience: float,
    listeners: list[Listener],
    progress: bool,
) -> tuple[Run, RunState]:
    """Train on all rows for as many epochs as were best, on average, for networks that did not see a fold.

    Each of three networks is trained on two thirds of the rows and measured on the others. With few rows a
    single part held out would be too small to tell when to stop, and too large to be left out of training.
    recipe: without patience, its epochs the most there may be. patience: epochs without a lower mean loss
    after which the folds have said enough, or infinity.
    Listeners hear of the last training alone. Its records hold, as 'validation_…', the means over the folds.
    Interrupted before, the fold at work is what is returned.
    """
    parts = [(arrays.take(rest), arrays.take(fold)) for rest, fold in folds_of(arrays, recipe.seed)]
    states = [RunState(starting_tree(recipe, rest, programs)) for rest, _ in parts]
    epochs = best = 0
    while epochs < recipe.epochs and epochs - best < patience:
        # Many epochs a call, since a call costs as much as some of them.
        epochs = int(min(epochs + patience, recipe.epochs))
        for (rest, fold), state in zip(parts, states, strict=True):
            run = _trained(replace(recipe, epochs=epochs), rest, fold, programs, state)
            if run.stopped == "interrupted":
                return run, state
        means = _means([state.history for state in states])
        best = 1 + int(np.argmin([record["validation_loss"] for record in means]))
    state = RunState(starting_tree(recipe, arrays, programs))
    heard = [_telling(means), *listeners]
    run = _trained(replace(recipe, epochs=best), arrays, None, programs, state, heard, progress=progress)
    state.best, state.best_epoch = run.parameters, state.epoch
    stopped = "early stopping" if run.stopped == "epochs" and best < recipe.epochs else run.stopped
    return replace(run, recipe=recipe, stopped=stopped, best_epoch=state.best_epoch), state


def folds_of(arrays: Arrays, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The numbers of the rows, ascending, to train on and to measure with, for each of three folds.

    Folds are of the same length, so that they share programs; up to two rows are in none. Each class is dealt
    out to the folds evenly.
    """
    rows, y = np.arange(len(arrays)), arrays.y
    order = np.random.default_rng(seed).permutation(rows)
    if y is not None and y.ndim == 1 and y.dtype.kind in "iu":
        order = order[np.argsort(y[order], kind="stable")]
    dealt = order[: len(rows) // FOLDS * FOLDS].reshape(-1, FOLDS).T
    return [(np.setdiff1d(rows, fold), np.sort(fold)) for fold in dealt]


def _trained(
    recipe: Recipe,
    arrays: Arrays,
    held_out: Arrays | None,
    programs: Programs,
    state: RunState,
    listeners: list[Listener] | None = None,
    *,
    progress: bool = False,
) -> Run:
    return train_recipe(
        recipe,
        arrays,
        held_out,
        watch=False,
        listeners=listeners or [],
        progress=progress,
        state=state,
        programs=programs,
    )


def _means(histories: list[list[Record]]) -> list[Record]:
    """What was measured on the folds, epoch by epoch."""
    names = [name for name in histories[0][0] if name.startswith("validation_")]
    return [
        {name: float(np.mean([record[name] for record in records])) for name in names}
        for records in zip(*histories, strict=True)
    ]


def _telling(means: list[Record]) -> Listener:
    """A listener that adds to each record what the folds said of its epoch, before others hear of it."""

    def add(event: Event) -> None:
        if isinstance(event, EpochDone):
            event.record.update(means[event.record["epoch"] - 1])

    return add
