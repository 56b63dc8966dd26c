"""Training with few rows: cross-validation chooses the number of epochs, then all rows are trained on."""

import math
from dataclasses import replace

import numpy as np

from chainrule.data import Arrays
from chainrule.nn import BinaryCrossEntropy, Loss, MeanOfMembers, MeanSquaredError, SoftmaxCrossEntropy
from chainrule.nn.metrics import measure, metrics_of
from chainrule.training import (
    EpochDone,
    Event,
    Listener,
    Programs,
    Recipe,
    Record,
    Run,
    RunState,
    evaluated,
    starting_tree,
    train_recipe,
)
from chainrule.training.attending import Attendant, attendant_of
from chainrule.training.findings import Finding
from chainrule.training.going_on import LastState

FOLDS = 3


def train_by_folds(
    recipe: Recipe,
    arrays: Arrays,
    programs: Programs,
    *,
    patience: float,
    listeners: list[Listener],
    progress: bool,
    doctor: str | Attendant | None = None,
) -> tuple[Run, RunState]:
    """Train on all rows for the number of epochs with the lowest mean loss in cross-validation.

    Three networks are each trained on two thirds of the rows and evaluated on the others. With few rows, a
    single validation part would be too small to decide when to stop, and too large to leave out of training.
    recipe: without patience; its epochs are the most. patience: cross-validation ends after so many epochs
    without a lower mean loss; infinity for never.
    doctor: see `chainrule.train`; it attends one further training of the first fold, and what it repairs
    there holds for all folds and the final training.
    Only the final training sends events to listeners. Its records hold, as 'validation_…', the means over the
    folds; of an ensemble, the loss of its mean prediction. If cross-validation is interrupted, the network of
    the fold in training is returned.
    """
    folds = [(arrays.take(rest), arrays.take(fold)) for rest, fold in folds_of(arrays, recipe.seed)]
    diagnosis: list[Finding] = []
    attendant = attendant_of(doctor)
    if attendant is not None:
        run, state = _attended(recipe, *folds[0], programs, patience, attendant)
        trained = replace(run.recipe, patience=recipe.patience)
        if run.stopped == "interrupted":
            return replace(run, recipe=trained), state
        diagnosis = run.diagnosis
        if trained != recipe:
            recipe, programs = trained, run.programs
    states = [RunState(starting_tree(recipe, rest, programs)) for rest, _ in folds]
    measured: list[list[Record]] = [[] for _ in folds]
    epochs = best = 0
    while epochs < recipe.epochs and epochs - best < patience:
        # Many epochs a call, since a call costs as much as some of them.
        epochs = int(min(epochs + patience, recipe.epochs))
        for (rest, fold), state, records in zip(folds, states, measured, strict=True):
            heard = [_measuring(recipe, programs, rest, fold, records)]
            run = _trained(replace(recipe, epochs=epochs), rest, programs, state, heard)
            if run.stopped == "interrupted":
                return run, state
        means = _means(measured)
        best = 1 + int(np.argmin([record["validation_loss"] for record in means]))
    state = RunState(starting_tree(recipe, arrays, programs))
    heard = [_telling(means), *listeners]
    run = _trained(replace(recipe, epochs=best), arrays, programs, state, heard, progress=progress)
    state.best, state.best_epoch = run.parameters, state.epoch
    stopped = "early stopping" if run.stopped == "epochs" and best < recipe.epochs else run.stopped
    best_epoch = state.best_epoch
    return replace(run, recipe=recipe, stopped=stopped, best_epoch=best_epoch, diagnosis=diagnosis), state


def folds_of(arrays: Arrays, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each of three folds, the ascending indices of the rows to train on, and of those to evaluate on.

    Folds have the same length, so that they share programs; up to two rows are in none. Folds are stratified
    by class.
    """
    rows, y = np.arange(len(arrays)), arrays.y
    order = np.random.default_rng(seed).permutation(rows)
    if y is not None and y.ndim == 1 and y.dtype.kind in "iu":
        order = order[np.argsort(y[order], kind="stable")]
    dealt = order[: len(rows) // FOLDS * FOLDS].reshape(-1, FOLDS).T
    return [(np.setdiff1d(rows, fold), np.sort(fold)) for fold in dealt]


def loss_of_predictions(loss: Loss, predictions: np.ndarray, arrays: Arrays) -> float | None:
    """The loss of the mean prediction of an ensemble; None if a loss can't be computed from predictions.

    It falls for longer than the mean of the members' losses, since members overfit differently.
    predictions: as `MeanOfMembers.predict` gives them. arrays: the rows and their targets.
    """
    assert arrays.y is not None  # there are targets where there is something to learn
    each, p = arrays.y, predictions.astype(np.float64)
    match loss:
        case MeanOfMembers(SoftmaxCrossEntropy()):
            rows = _surprise(np.take_along_axis(p, each[:, None], axis=1))
        case MeanOfMembers(BinaryCrossEntropy()):
            p = p.reshape(each.shape)
            rows = _surprise(np.where(each == 1, p, 1 - p))
        case MeanOfMembers(MeanSquaredError()):
            rows = (p - each) ** 2
        case _:
            return None
    return float(np.average(rows.reshape(len(rows), -1).mean(axis=1), weights=arrays.weight))


def _surprise(probabilities: np.ndarray) -> np.ndarray:
    return -np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))


def _attended(
    recipe: Recipe, rest: Arrays, fold: Arrays, programs: Programs, patience: float, doctor: Attendant
) -> tuple[Run, RunState]:
    """A training on `rest`, which `fold` validates, as the doctor leaves it; and the state at its end."""
    stopping = replace(recipe, patience=None if patience == math.inf else int(patience))
    last, state = LastState(), RunState(starting_tree(recipe, rest, programs))
    run = train_recipe(
        stopping,
        rest,
        fold,
        watch=False,
        listeners=[last],
        progress=False,
        doctor=doctor,
        state=state,
        programs=programs,
    )
    return run, last.state or state


def _measuring(
    recipe: Recipe, programs: Programs, rest: Arrays, fold: Arrays, records: list[Record]
) -> Listener:
    """A listener that evaluates a network on its fold after every epoch."""
    program = programs.step(rest, min(recipe.batch_size, len(rest))).program

    def measure_fold(event: Event) -> None:
        if isinstance(event, EpochDone):
            weights = evaluated(recipe, program, event.state.tree)
            predictions, of_members = programs.predict(weights, fold)
            loss = loss_of_predictions(recipe.loss, predictions, fold)
            metrics = {
                name: measure(name, predictions, fold.y, fold.weight) for name in metrics_of(recipe.loss)
            }
            measured = {"loss": of_members if loss is None else loss} | metrics
            records.append({f"validation_{name}": value for name, value in measured.items()})

    return measure_fold


def _trained(
    recipe: Recipe,
    arrays: Arrays,
    programs: Programs,
    state: RunState,
    listeners: list[Listener],
    *,
    progress: bool = False,
) -> Run:
    return train_recipe(
        recipe,
        arrays,
        None,
        watch=False,
        listeners=listeners,
        progress=progress,
        state=state,
        programs=programs,
    )


def _means(measured: list[list[Record]]) -> list[Record]:
    """The means over the folds, for each epoch."""
    return [
        {name: float(np.mean([record[name] for record in records])) for name in records[0]}
        for records in zip(*measured, strict=True)
    ]


def _telling(means: list[Record]) -> Listener:
    """A listener that adds the means over the folds to each epoch's record; it runs before the others."""

    def add(event: Event) -> None:
        if isinstance(event, EpochDone):
            event.record.update(means[event.record["epoch"] - 1])

    return add
