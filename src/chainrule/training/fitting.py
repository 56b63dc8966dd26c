"""chainrule.train: from a model and data to a Run."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule.calls import naming_settings
from chainrule.data import Arrays, Source, belonging, nested, split, split_indices
from chainrule.errors import ChainruleWarning, ConfigError, DataError, warn
from chainrule.executors import DEFAULT
from chainrule.nn.layer import Layer
from chainrule.nn.metrics import MEASURED, MetricsGiven, OwnMetric
from chainrule.nn.mixing import Mixing
from chainrule.nn.optimizers import Transform
from chainrule.nn.regularizers import Penalty
from chainrule.program import Program
from chainrule.streams import is_notebook, is_terminal
from chainrule.training.attending import Attendant, Patient, attendant_of
from chainrule.training.events import Listener
from chainrule.training.fingerprint import fingerprint
from chainrule.training.going_on import GoingOn, LastState
from chainrule.training.heads import check_measurable
from chainrule.training.inputs import arrays_for, check_examples, check_lengths
from chainrule.training.interrupt import deferred_interrupt
from chainrule.training.listeners import (
    BestWeights,
    Checkpoint,
    EarlyStopping,
    NotebookLine,
    ObservedByOptimizer,
    ProgressBar,
    Validation,
)
from chainrule.training.loop import Loop
from chainrule.training.objective import Objective
from chainrule.training.outputs import warn_of_outputs
from chainrule.training.probes import Probe, Watch, probes_of
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe, amended_recipe
from chainrule.training.run import Run
from chainrule.training.scaling import scale_to_unit_variance, scales
from chainrule.training.state import RunState
from chainrule.training.state_file import check_same_data, load_state, owned
from chainrule.training.step import initial_tree
from chainrule.training.supply import Supply, supply_of
from chainrule.training.words import ELSEWHERE, ONE_PAIR, LossGiven, objective_of, optimizer_of


@naming_settings(ELSEWHERE, ONE_PAIR)
def train(
    model: Layer | Objective,
    data: Any,
    *,
    loss: LossGiven | None = None,
    optimizer: Transform | str = "adam",
    penalties: Sequence[Penalty] = (),
    epochs: int = 100,
    batch_size: int = 32,
    validation: Any = None,
    patience: int | None = None,
    seed: int = 0,
    dtype: str = "float32",
    mixing: Mixing | None = None,
    metrics: MetricsGiven | None = None,
    keep: str = "best",
    shuffle: bool = True,
    watch: Watch = True,
    listeners: Sequence[Listener] = (),
    checkpoint: Path | str | None = None,
    progress: bool | None = None,
    doctor: str | Attendant | None = None,
    executor: str = DEFAULT,
) -> Run:
    """Train a model by backpropagation.

    model: a layer, usually Sequential([...]); or your own `Objective`, which contains its loss and may work
    without targets.
    data: (x, y) or (x, y, sample_weight), arrays or numeric DataFrames with examples along the first axis; or
    a source (`chainrule.data.Source`), such as npy_shards("folder"), which may be larger than memory. x may
    be sequences of different lengths (`chainrule.data.ragged`). x and y may be tuples or mappings of arrays:
    the model is called with Tensors in the structure of x, and `Run.predict` returns the structure of its
    outputs. Integer y are class numbers. Integer x become floats, unless the model looks them up, as an
    Embedding does; uint8 x, such as images, become floats batch by batch, so they take a quarter of the
    memory. Columns of DataFrames are identified by name: validation data and the argument of `Run.predict`
    may have them in any order. Only the ratios of sample weights matter.
    loss: of the raw outputs of the model: a loss, or a name in nn.LOSSES, such as 'cross_entropy' or
    'mean_squared_error'. For a model with several outputs, a mapping or tuple with one for each head, whose
    sum is minimized (nn.MultiOutputLoss weights them).
    optimizer: an optimizer, such as nn.adam(0.01), or a name in nn.PRESETS, with its default learning rate;
    'adam' is adam(0.001).
    penalties: such as (L2(1e-4),). epochs, batch_size: at least 1. If a layer refuses the few examples left
    for the last batch, as BatchNorm refuses a single one, the last two batches share their examples evenly,
    and a warning says so.
    validation: a share of the data (0 … 1), split off at random and stratified by class if there are classes
    and none is too rare, for several targets by all of them (`chainrule.data.split`); or separate data.
    keep: with validation, 'best' returns the parameters (and the state of layers) of the epoch with the
    lowest validation loss, 'last' those of the last epoch. An epoch whose validation loss is infinite or NaN
    raises a warning and is never the best.
    metrics: computed on the validation data after every epoch, as 'validation_<name>' in the history: names
    in nn.metrics.MEASURED ('accuracy', 'r2' …), and functions of (targets, predictions) that return a number,
    under their own names; None chooses by loss and targets. Metrics of one of several heads begin with its
    name, such as 'kind_accuracy'. A function gets arrays as `predict` returns them, and no sample weights.
    The recipe stores names in MEASURED only; give your functions again when you resume a run.
    patience: stop after this many epochs without a lower validation loss.
    seed: of the split, the initial weights, the order of the examples and dropout; the same seed gives the
    same bits. Each array is initialized from the seed and its name, such as 'dense_1.weight', so another
    layer or width elsewhere does not change it, and two networks with the same seed have equal initial
    weights wherever name and shape agree. Give networks that should differ, as in ensembles, different seeds.
    shuffle: False visits the examples in their order in every epoch, and takes a validation share from their
    end.
    mixing: of the examples of a batch, such as nn.MixUp(0.2).
    watch: what is measured within the steps (see Run.history): True for activations, deltas, gradients,
    updates and weights, at the last full batch of every epoch; names in PROBES and a `Probe` choose others,
    or every step; False measures nothing.
    listeners: functions of an event (`chainrule.training.events`).
    checkpoint: a file for the whole state; if it exists, the run continues from there, with the bits of an
    uninterrupted run. It contains the settings and a hash of the data and validation data, and is refused for
    others. Only one run at a time may use it.
    progress: a bar on standard error, in a notebook one line; None shows it in notebooks and on terminals.
    doctor: 'watch' reports what looks wrong with the training, 'advise' also tries on copies of it what
    helps, and 'repair' also applies that: then the recipe of the run is the repaired one. The findings are in
    `Run.diagnosis`. Give it again when you resume a run.
    executor: a name in `chainrule.executors.EXECUTORS`: 'native', the compiled core, or 'numpy', the
    reference. If the core is not installed, NumPy replaces it; a warning says so once, and the first record
    of the history has it as 'executor'.

    Ctrl-C ends training after the current call and returns the Run so far, with `stopped` = 'interrupted'; a
    second Ctrl-C interrupts at once.
    Raises ConfigError, ShapeError and DataError before the first step; the ConfigError for an unknown setting
    suggests the right name. Raises OSError, naming the checkpoint, if that can't be written; TrainingError if
    the loss or a weight becomes NaN or infinite, with the step, the layer, the measured cause, and in its
    `run` the history and the weights so far. Listeners get `Ended` whatever ends training.
    """
    named, own = named_metrics(metrics)
    recipe = Recipe(
        objective=objective_of(model, loss, mixing),
        optimizer=optimizer_of(optimizer),
        penalties=penalties,  # type: ignore[arg-type] (Recipe makes the tuple)
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        patience=patience,
        dtype=dtype,
        metrics=named,
        keep=keep,
        shuffle=shuffle,
    )
    training, held_out = split_validation(recipe, data, validation)
    last = LastState()
    run = train_recipe(
        recipe,
        training,
        held_out,
        watch=watch,
        listeners=[*listeners, last],
        checkpoint=checkpoint,
        progress=progress,
        doctor=doctor,
        executor=executor,
        own_metrics=own,
    )
    return replace(run, going_on=GoingOn(last.state, training, held_out, watch, own)) if last.state else run


def train_recipe(
    recipe: Recipe,
    data: Arrays | Source,
    validation: Arrays | Source | None,
    *,
    watch: Watch = True,
    listeners: Sequence[Listener] = (),
    checkpoint: Path | str | None = None,
    progress: bool | None = None,
    doctor: str | Attendant | None = None,
    executor: str = DEFAULT,
    state: RunState | None = None,
    programs: Programs | None = None,
    own_metrics: Mapping[str, OwnMetric] = MappingProxyType({}),
    initial: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> Run:
    """`train` for a recipe and checked arrays, or sources.

    state: to continue from, such as a `RunState` of a `starting_tree`; it is changed in place, until it has
    recipe.epochs epochs in all. Not with a checkpoint. Patience counts from there.
    doctor: see `train`.
    programs: compiled before, for a recipe that differs at most in epochs, batch size, patience and seed;
    their executor is used. own_metrics: functions of the user by name, besides the metrics of the recipe.
    initial: initial arrays of the model by name, such as the `parameters` of another run; other arrays, and
    those of another shape, are initialized by their layers.
    """
    programs = Programs(recipe, executor) if programs is None else programs
    supply = supply_of(programs, data)
    held_out = None if validation is None else supply_of(programs, validation)
    warn_of_outputs(recipe.objective, check_supplies(recipe, programs, supply, held_out), supply.sample)
    _check_metrics(recipe, programs, held_out, measured=bool(recipe.metrics or own_metrics))
    if recipe.optimizer.needs_all_examples():
        _check_all_examples(recipe, supply)
    _, why = supply.last_parts(supply.rows(recipe.batch_size))
    if why and state is None:  # a caller that passes a state trains repeatedly
        warn(ChainruleWarning(why))
    attendant = attendant_of(doctor)
    bar = _bar(progress)
    try:
        with owned(checkpoint), deferred_interrupt() as interrupted:
            if state is None:
                whole = recipe.objective.takes_whole_numbers()
                bytes_as = "int32" if whole else recipe.dtype
                known = {} if checkpoint is None else fingerprint(data, validation, bytes_as)
                state = _starting_state(recipe, supply, known, checkpoint, programs, initial)
            else:
                state.patience_since = state.epoch
            patient = Patient(recipe, supply, held_out, probes_of(watch), interrupted)
            if state.recipe is not None:
                patient = patient.by(amended_recipe(recipe, state.recipe))
            heard = _measuring(patient, own_metrics)
            if bar is not None:
                heard.append(bar)
            heard += listeners
            if held_out is not None:
                heard.append(EarlyStopping(patient.recipe.patience))
            if attendant is not None:
                heard.append(attendant.attend(patient))
            if checkpoint is not None:
                heard.append(Checkpoint(checkpoint, recipe))
            asked = patient.watch

            def watched(epoch: int) -> tuple[Probe, ...]:
                return tuple(dict.fromkeys((*asked, *(attendant.watch(epoch) if attendant else ()))))

            return Loop(
                patient.recipe, patient.programs, patient.data, state, heard, watched, interrupted
            ).run()
    finally:
        if bar is not None:
            bar.close()


def _measuring(patient: Patient, own_metrics: Mapping[str, OwnMetric]) -> list[Listener]:
    """The listeners that add to records, or look at them for the optimizer."""
    heard: list[Listener] = []
    if patient.held_out is not None:
        heard += [Validation(patient.recipe, patient.held_out, own_metrics)]
        heard += [BestWeights(weights=patient.recipe.keep == "best")]
    return [*heard, ObservedByOptimizer(patient.recipe)]


def _bar(progress: bool | None) -> ProgressBar | NotebookLine | None:
    notebook = is_notebook(sys.stderr)
    if not (notebook or is_terminal(sys.stderr) if progress is None else progress):
        return None
    return NotebookLine() if notebook else ProgressBar()


def split_validation(
    recipe: Recipe, data: Any, validation: Any
) -> tuple[Arrays | Source, Arrays | Source | None]:
    """Training and validation data, from the data and either a share to split off or separate data."""
    needed = recipe.objective.needs_targets
    arrays = data if isinstance(data, Source) else arrays_for(recipe, data)
    if needed and not _has_targets(arrays):
        raise DataError("the data has no targets", remedy="pass a pair (x, y)")
    if validation is None:
        if recipe.patience is not None:
            raise ConfigError("patience needs validation data", remedy="set validation, such as 0.2")
        return arrays, None
    if isinstance(validation, int | float | np.number) and not isinstance(validation, bool):
        if not isinstance(arrays, Arrays):
            raise ConfigError(
                f"validation is {validation}, and a source is not split",
                remedy="give validation data of its own, such as a source of some of the files",
            )
        if recipe.shuffle:
            return split(arrays, float(validation), recipe.seed, stratify=True)
        first, last = split_indices(len(arrays), float(validation), 0)
        return arrays.take(slice(len(first))), arrays.take(slice(-len(last), None))
    columns = arrays.columns if isinstance(arrays, Arrays) else {}
    held_out = (
        validation if isinstance(validation, Source) else arrays_for(recipe, validation, columns=columns)
    )
    if needed and not _has_targets(held_out):
        raise DataError("validation has no targets", remedy="pass a pair (x, y), as for training")
    return arrays, held_out


def _has_targets(data: Arrays | Source) -> bool:
    return bool(belonging("y", data.named if isinstance(data, Arrays) else data.fields))


def _check_all_examples(recipe: Recipe, supply: Supply) -> None:
    count = supply.examples
    if not supply.at_once:
        raise ConfigError(
            "the optimizer needs all examples in every step, and these come in chunks or in several shapes",
            remedy="choose another optimizer, such as adam()",
        )
    if recipe.batch_size < (count or 0):
        raise ConfigError(
            f"the optimizer needs all {count} examples in every step, and batch_size is {recipe.batch_size}",
            remedy="take them all ({batch_size}), or choose another optimizer, such as adam()",
            settings={"batch_size": count},
        )


def named_metrics(
    given: MetricsGiven | None,
) -> tuple[tuple[str, ...] | None, dict[str, OwnMetric]]:
    """The names of metrics that a recipe stores, and the functions of the user by their names."""
    if given is None:
        return None, {}
    listed = [given] if isinstance(given, str) or callable(given) else list(given)
    own: dict[str, OwnMetric] = {}
    for function in listed:
        if isinstance(function, str):
            continue
        name = getattr(function, "__name__", "")
        if not callable(function) or not name.isidentifier() or name in own or name in listed:
            raise ConfigError(
                f"metrics: {function!r} is neither the name of a metric nor a named function",
                remedy=f"give names ({', '.join(MEASURED)}) or functions of targets and predictions",
            )
        own[name] = function
    return tuple(each for each in listed if isinstance(each, str)), own


def _check_metrics(recipe: Recipe, programs: Programs, held_out: Supply | None, *, measured: bool) -> None:
    """Raises ConfigError, before training, for given metrics that can't be computed."""
    if not measured:
        return
    validation = None if held_out is None else held_out.sample
    if validation is None or validation.y is None:
        raise ConfigError(
            "metrics are measured on validation data, and there are none",
            remedy="set a share of the examples aside ({validation})",
            settings={"validation": 0.2},
        )
    few = validation.take(slice(2))
    differing = {name: np.arange(a.size).reshape(a.shape) for name, a in few.named.items()}  # as some do
    outputs = programs.forward(few.inputs, len(few), raw=False).outputs
    zeros = {name: np.zeros(value.shape, recipe.dtype) for name, value in outputs.items()}
    names = recipe.metrics or ()
    check_measurable(recipe.objective, names, nested("prediction", zeros), Arrays(differing))


def check_data(recipe: Recipe, programs: Programs, data: Arrays, validation: Arrays | None) -> None:
    """Raises DataError, before training, for examples that the model can't look up, and for wrong targets.

    Warns if the last activation does not suit the loss.
    """
    supply = supply_of(programs, data)
    held_out = None if validation is None else supply_of(programs, validation)
    program = check_supplies(recipe, programs, supply, held_out)
    warn_of_outputs(recipe.objective, program, supply.sample)


def check_supplies(recipe: Recipe, programs: Programs, supply: Supply, held_out: Supply | None) -> Program:
    """Refuse what `check_data` refuses. Returns the forward pass of one row, with the raw outputs."""
    data = supply.sample
    program = check_examples(programs, data)
    supply.check_others()
    if held_out is not None:
        arrays = held_out.sample
        held = {value.name: value for value in (*program.parameters, *program.state)}
        known = {name: array.shape[1:] for name, array in data.inputs.named.items()}
        check_lengths(programs, arrays.inputs.named, known, held, "validation")
        check_examples(programs, arrays)
        held_out.check_others()
    return program


def starting_tree(recipe: Recipe, data: Arrays, programs: Programs) -> dict[str, np.ndarray]:
    """Parameters and state before the first step on these data, by name; see `initial_tree`."""
    return starting_tree_of(recipe, supply_of(programs, data), programs)


def starting_tree_of(
    recipe: Recipe,
    supply: Supply,
    programs: Programs,
    initial: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> dict[str, np.ndarray]:
    """`starting_tree` for examples that may come from a source. initial: as of `train_recipe`."""
    rows = supply.rows(recipe.batch_size)
    step = programs.step(supply.sample, rows)
    tree = initial_tree(recipe, step, initial)
    if scales(step):
        with closing(supply.feed(rows, recipe.seed if recipe.shuffle else None, 1)) as parts:
            part = next(parts)
        first = {name: array[part.order[0]] for name, array in part.arrays.items()}
        step = programs.step(Arrays(first), len(part.order[0]))
        scale_to_unit_variance(step, tree, first, programs.compile)
    return tree


def _starting_state(
    recipe: Recipe,
    supply: Supply,
    known: dict[str, str],
    checkpoint: Path | str | None,
    programs: Programs,
    initial: Mapping[str, np.ndarray],
) -> RunState:
    if checkpoint is None or not Path(checkpoint).exists():
        return RunState(starting_tree_of(recipe, supply, programs, initial), data=known)
    state = load_state(checkpoint, recipe)
    if state.recipe is not None:
        recipe = amended_recipe(recipe, state.recipe)
        programs = programs.by(recipe)
    step = programs.step(supply.sample, supply.rows(recipe.batch_size))
    if _kinds(state.tree) != _kinds(initial_tree(recipe, step)):
        raise DataError(
            f"{checkpoint} belongs to a run on data of another shape",
            remedy="resume with the data it was started with, or remove it to start afresh",
        )
    check_same_data(checkpoint, state, known)
    state.data = known  # which a state of an earlier format lacks
    return state


def _kinds(tree: dict[str, np.ndarray]) -> dict[str, tuple[tuple[int, ...], str]]:
    return {name: (array.shape, array.dtype.name) for name, array in tree.items()}
