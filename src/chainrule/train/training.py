"""chainrule.train: from a model and data to a Run."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import Arrays, epoch_order, split
from chainrule.errors import ConfigError, DataError
from chainrule.executors import Executor
from chainrule.executors.native import compile_native
from chainrule.nn.layer import Layer
from chainrule.nn.losses import Loss
from chainrule.nn.mixing import Mixing
from chainrule.nn.optimizers import Transform, adam
from chainrule.nn.regularizers import Penalty
from chainrule.streams import is_terminal
from chainrule.train.checkpoint import Checkpoint, load_state
from chainrule.train.events import Listener, RunState
from chainrule.train.inputs import arrays_for, check_inputs
from chainrule.train.interrupt import deferred_interrupt
from chainrule.train.loop import Loop
from chainrule.train.programs import Programs
from chainrule.train.progress import ProgressBar
from chainrule.train.recipe import Recipe
from chainrule.train.run import Run
from chainrule.train.scaling import scale_to_unit_variance
from chainrule.train.step import (
    Batch,
    evaluated,
    initial_tree,
    named_arrays,
)


def train(
    model: Layer,
    data: Any,
    *,
    loss: Loss,
    optimizer: Transform | None = None,
    penalties: Sequence[Penalty] = (),
    epochs: int = 100,
    batch_size: int = 32,
    validation: Any = None,
    patience: int | None = None,
    seed: int = 0,
    dtype: str = "float32",
    mixing: Mixing | None = None,
    watch: bool = True,
    listeners: Sequence[Listener] = (),
    checkpoint: Path | str | None = None,
    progress: bool | None = None,
    executor: Executor = compile_native,
) -> Run:
    """Train a model by backpropagation.

    model: a layer, usually Sequential([...]). data: (x, y) or (x, y, sample_weight); arrays or numeric
    DataFrames, first axis = examples. Whole-number y are class numbers. Whole-number x become floats, but
    stay whole for a model that looks them up, such as by an Embedding.
    loss: what to make small, on the raw outputs of the model. optimizer: adam(0.001) if None.
    penalties: such as (L2(1e-4),). epochs, batch_size: at least 1.
    validation: a share of the data (0 … 1), split off at random and stratified by class; or data of its own.
    With validation the parameters (and the layers' state) of the epoch with the lowest validation loss are
    returned.
    patience: stop after this many epochs without a lower validation loss.
    seed: decides the split, the initial weights, the order of the examples and dropout; the same seed gives
    the same bits.
    mixing: of the examples of a batch, such as nn.MixUp(0.2).
    watch: measure activations, deltas, gradients and updates once an epoch (see Run.history).
    listeners: functions of an event (`chainrule.train.events`). checkpoint: a file that keeps the
    whole state; if it exists, the run goes on from there, to the bits of an unbroken run.
    progress: a bar on standard error; None shows it on a terminal. executor: `native_executor(threads)` for a
    number of threads, `compile_numpy` for the reference.

    Ctrl-C ends training in order: the Run so far is returned, with `stopped` = 'interrupted'; a second Ctrl-C
    interrupts at once.
    Raises ConfigError, ShapeError and DataError before the first step; TrainingError if the loss becomes
    NaN or infinite, naming the step and the layer.
    """
    recipe = Recipe(
        model=model,
        loss=loss,
        optimizer=adam() if optimizer is None else optimizer,
        penalties=penalties,  # type: ignore[arg-type] (Recipe makes the tuple)
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        patience=patience,
        dtype=dtype,
        mixing=mixing,
    )
    training, held_out = split_validation(recipe, data, validation)
    return train_recipe(
        recipe,
        training,
        held_out,
        watch=watch,
        listeners=listeners,
        checkpoint=checkpoint,
        progress=progress,
        executor=executor,
    )


def train_recipe(
    recipe: Recipe,
    data: Arrays,
    validation: Arrays | None,
    *,
    watch: bool = True,
    listeners: Sequence[Listener] = (),
    checkpoint: Path | str | None = None,
    progress: bool | None = None,
    executor: Executor = compile_native,
    state: RunState | None = None,
    programs: Programs | None = None,
) -> Run:
    """`train` for a recipe and checked arrays.

    state: trained on from where it is, in place, until recipe.epochs are done in all, such as a `RunState`
    of a `starting_tree`; not with a checkpoint. programs: compiled before, for a recipe that differs in
    epochs, batch size, patience and seed at most; they have their executor.
    """
    batch = Batch.of(data, min(recipe.batch_size, len(data)))
    programs = Programs(recipe, executor) if programs is None else programs
    check_data(recipe, programs, data, validation)
    if recipe.optimizer.needs_all_examples() and recipe.batch_size < len(data):
        raise ConfigError(
            f"the optimizer needs all {len(data)} examples in every step, "
            f"and batch_size is {recipe.batch_size}",
            remedy=f"set batch_size={len(data)}, or choose another optimizer, such as adam()",
        )
    if state is None:
        state = _starting_state(recipe, data, checkpoint, programs)
    heard = list(listeners)
    bar = ProgressBar() if (is_terminal(sys.stderr) if progress is None else progress) else None
    if checkpoint is not None:
        heard.append(Checkpoint(checkpoint, recipe))
    if bar is not None:
        heard.insert(0, bar)
    rest = len(data) % batch.rows
    if rest:  # a last batch that a layer refuses is better refused now than at the end of the epoch
        programs.step(data, rest, watch=False)
    try:
        with deferred_interrupt() as interrupted:
            loop = Loop(recipe, programs, data, validation, state, heard, watch, interrupted)
            stopped = loop.run()
    finally:
        if bar is not None:
            bar.close()
    step = programs.step(data, batch.rows, watch=False)
    parameters = state.best or evaluated(recipe, step.program, state.tree)
    return Run(recipe, parameters, state.history, stopped, state.best_epoch, batch, programs.executor)


def split_validation(recipe: Recipe, data: Any, validation: Any) -> tuple[Arrays, Arrays | None]:
    """Training and validation arrays, from data and a share of it or data of its own."""
    arrays = arrays_for(recipe, data)
    if arrays.y is None:
        raise DataError("the data has no targets", remedy="pass a pair (x, y)")
    if validation is None:
        if recipe.patience is not None:
            raise ConfigError("patience needs validation data", remedy="set validation, such as 0.2")
        return arrays, None
    if isinstance(validation, int | float) and not isinstance(validation, bool):
        return split(arrays, float(validation), recipe.seed, stratify=True)
    held_out = arrays_for(recipe, validation)
    if held_out.y is None or held_out.x.shape[1:] != arrays.x.shape[1:]:
        raise DataError(
            f"validation has examples of shape {held_out.x.shape[1:]}"
            f"{'' if held_out.y is not None else ' without targets'}; training has {arrays.x.shape[1:]}",
            remedy="pass a pair (x, y) of the same kind as the training data",
        )
    return arrays, held_out


def check_data(recipe: Recipe, programs: Programs, data: Arrays, validation: Arrays | None) -> None:
    """Refuse examples that the model can't look up and targets that the loss can't take, before training."""
    for arrays in (data, validation):
        if arrays is None or arrays.y is None:
            continue
        check_inputs(recipe, arrays.x)
        outputs = programs.forward(Arrays(arrays.x), 1, raw=True).outputs["prediction"]
        shape = (len(arrays), *outputs.shape[1:])
        recipe.loss.check(shape, arrays.y)


def starting_tree(recipe: Recipe, data: Arrays, programs: Programs) -> dict[str, np.ndarray]:
    """Parameters and state before the first step on these data, by name; see `initial_tree`."""
    rows = min(recipe.batch_size, len(data))
    step = programs.step(data, rows, watch=False)
    tree = initial_tree(recipe, step)
    first = epoch_order(len(data), rows, recipe.seed, 1)[:rows]
    scale_to_unit_variance(step, tree, named_arrays(data.take(first)), programs.executor)
    return tree


def _starting_state(
    recipe: Recipe, data: Arrays, checkpoint: Path | str | None, programs: Programs
) -> RunState:
    if checkpoint is None or not Path(checkpoint).exists():
        return RunState(starting_tree(recipe, data, programs))
    state = load_state(checkpoint, recipe)
    step = programs.step(data, min(recipe.batch_size, len(data)), watch=False)
    if _kinds(state.tree) != _kinds(initial_tree(recipe, step)):
        raise DataError(
            f"{checkpoint} belongs to a run on data of another shape",
            remedy="resume with the data it was started with, or remove it to start afresh",
        )
    return state


def _kinds(tree: dict[str, np.ndarray]) -> dict[str, tuple[tuple[int, ...], str]]:
    return {name: (array.shape, array.dtype.name) for name, array in tree.items()}
