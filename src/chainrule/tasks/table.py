"""Tables: from a file and a target column to a trained, evaluated, stored run."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.backprop import ErrorTerms, Explanation, explain
from chainrule.data import (
    LEFT_OUT,
    Arrays,
    Preparation,
    Reading,
    Table,
    check_table,
    classes_of,
    findings,
    fit_preparation,
    infer_task,
    is_imbalanced,
    is_named,
    load_named,
    load_table,
    read_table,
    split_table,
)
from chainrule.data.plain_json import json_text
from chainrule.errors import DataError
from chainrule.executors.numpy_ import every_value
from chainrule.nn import Huber, MeanAbsoluteError, MeanOfMembers, sgd
from chainrule.paths import path_of_text, printable, text_of_path
from chainrule.program import Program
from chainrule.report.run_page import run_page
from chainrule.tasks import evaluation
from chainrule.tasks.settings import AUTO, TableSettings, recipe_for, settings_from
from chainrule.tasks.table_network import MEMBERS, table_network
from chainrule.training import (
    Batch,
    Listener,
    Recipe,
    Run,
    folder_aside,
    initial_tree,
    load_run,
    train_recipe,
    training_step,
)
from chainrule.training.programs import ESTIMATED_ROWS

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str], None]

PREPROCESSING = "preprocessing.json"
EVALUATION = "evaluation.json"
READABLE = (8,)
"""Layers of the network that `explain_run` shows in place of an ensemble."""


@dataclass(frozen=True, eq=False)
class TableRun:
    """A run on a table: the trained network, what prepares rows for it, and how good it is.

    source: the file, or the name of a named data set. evaluation: figures on held-out rows beside the
    baseline. notes: sentences on what was found in the table.
    """

    run: Run
    preparation: Preparation
    settings: TableSettings
    source: str
    evaluation: dict[str, Any]
    notes: tuple[str, ...]

    def config(self) -> dict[str, Any]:
        """What config.toml says: everything that repeats the run."""
        file = text_of_path(self.source)
        return {"file": file, "target": self.preparation.target} | self.settings.to_plain()

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all; ConfigError if it exists."""
        with folder_aside(folder) as aside:
            self.run.write(aside, self.config(), "table")
            _write_json(aside / PREPROCESSING, self.preparation.to_json())
            _write_json(aside / EVALUATION, self.evaluation)
            page = run_page(self.config(), self.run.history, self.evaluation, folder.name)
            (aside / "report.html").write_text(page, encoding="utf-8", errors="backslashreplace")
        return folder


def open_table(
    source: str,
    target: str | None,
    *,
    missing: tuple[str, ...] | str = AUTO,
    reading: Reading | None = None,
    say: Say = lambda sentence: None,
) -> Table:
    """The table of a file, or a named data set, which knows its target; DataError if there is no target.

    source: a path, '-' for standard input, or a name. missing: as of `load_table`, or 'auto'. reading: by
    which a file is read; None: learned from it.
    say: called with a sentence where a named data set has to be fetched.
    """
    if is_named(source):
        return load_named(source, target, say=say)
    if target is None:
        raise DataError(
            f"{source}: which column is to be predicted?",
            remedy="name it ({target})",
            settings={"target": ...},
        )
    known = None if isinstance(missing, str) else missing
    return load_table(source, target, missing=known, reading=reading)


def train_table(
    table: Table,
    settings: TableSettings,
    *,
    progress: bool | None = None,
    checkpoint: Path | None = None,
    listeners: Sequence[Listener] = (),
    say: Say = lambda sentence: None,
) -> TableRun:
    """Split a table, prepare it, train, and evaluate on the held-out rows.

    progress, checkpoint, listeners: as for chainrule.train. say: called with sentences on what is inferred.
    Raises DataError and ConfigError before training, TrainingError if the loss becomes NaN.
    """
    prepared = prepare_table(table, settings)
    recipe = prepared.recipe(settings)
    # Said only now: what is wrong with a table or its settings stands alone on standard error.
    for sentence in (prepared.why, *prepared.notes, _story(prepared.parts, recipe)):
        say(sentence)
    training, validation, _ = prepared.parts
    run = train_recipe(
        recipe, training, validation, progress=progress, checkpoint=checkpoint, listeners=listeners
    )
    return prepared.evaluated(run, settings)


@dataclass(frozen=True, eq=False)
class PreparedTable:
    """A table split in three, with the columns of each part prepared.

    table: without the rows that have no target. parts: to train on, to validate with, held out.
    why: a sentence on the task that was inferred. notes: sentences on what was found in the table.
    """

    table: Table
    preparation: Preparation
    parts: tuple[Arrays, Arrays, Arrays]
    why: str
    notes: tuple[str, ...]

    def recipe(self, settings: TableSettings) -> Recipe:
        """The recipe that the settings ask for; ConfigError where they do not fit the task."""
        return _recipe(self.preparation, self.parts[0], settings)

    def evaluated(self, run: Run, settings: TableSettings) -> TableRun:
        """The run with its figures on the held-out rows."""
        result = _evaluate(run, self.preparation, self.parts)
        return TableRun(run, self.preparation, settings, self.table.source, result, self.notes)


def prepare_table(table: Table, settings: TableSettings) -> PreparedTable:
    """Split a table and prepare its columns by what the training rows hold.

    settings: task, test, validation and seed are those that matter. Raises DataError and ConfigError.
    """
    task, why = infer_task(table.target_values())
    if settings.task != "auto":
        task, why = settings.task, "as the settings say"
    table, notes = check_table(table, task)
    notes = (*table.notes, *notes)
    if table.ordered:
        notes = (*notes, "rows stand in the order of time: those held out are the last")
    found = findings(table, task)
    known = [str(each) for each in found if each.remedy != LEFT_OUT]  # the notes have those
    rest, test = split_table(table, settings.test, settings.seed, task)
    training, validation = split_table(rest, settings.validation / (1 - settings.test), settings.seed, task)
    preparation = _preparation(table, training, task, settings)
    first, second, held_out = (_prepared(preparation, part) for part in (training, validation, test))
    if task == "classification":
        first, second = _weighted(first, second, settings.class_weight)
    said = f"{task} of '{table.target}': {why}"
    return PreparedTable(
        table, preparation, (first, second, held_out), said, (*notes, *known, *preparation.notes)
    )


def _preparation(table: Table, training: Table, task: str, settings: TableSettings) -> Preparation:
    classes = classes_of(table.target_values()) if task == "classification" else None
    return fit_preparation(
        training.frame,
        table.target,
        task,
        table.source,
        classes,
        encoding="codes" if settings.layers == AUTO else "one_hot",
        transform_target=settings.target_transform == AUTO,
        reading=table.reading,
    )


def _recipe(preparation: Preparation, training: Arrays, settings: TableSettings) -> Recipe:
    outputs, rows = max(len(preparation.classes), 1), len(training)
    if settings.layers != AUTO:
        return recipe_for(settings, preparation.task, outputs, rows)
    dropout = settings.choices(preparation.task, rows).dropout
    network = table_network(
        preparation.features,
        training.x,
        outputs,
        rows=rows,
        activation=settings.activation,
        dropout=dropout,
    )
    return recipe_for(settings, preparation.task, outputs, rows, network)


def _weighted(training: Arrays, validation: Arrays, class_weight: str) -> tuple[Arrays, Arrays]:
    """Both with weights by which classes count alike in the training rows, where they are asked for."""
    from sklearn.utils.class_weight import compute_class_weight

    labels = _targets(training)
    if class_weight == "none" or (class_weight == AUTO and not is_imbalanced(labels)):
        return training, validation
    present = np.unique(labels)
    weights = np.ones(max(labels.max(), _targets(validation).max()) + 1, np.float32)
    weights[present] = compute_class_weight("balanced", classes=present, y=labels)
    first, second = (replace(part, weight=weights[_targets(part)]) for part in (training, validation))
    return first, second


def load_table_run(folder: Path) -> TableRun:
    """The run that `TableRun.save` wrote; DataError if the folder is none or is damaged."""
    import tomllib

    run = load_run(folder)
    try:
        preparation = Preparation.from_json(json.loads((folder / PREPROCESSING).read_text(encoding="utf-8")))
        config = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
        result = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} is not the run of a table: it has no {Path(error.filename).name}",
            remedy="give the folder of a table's run",
        ) from None
    except ValueError as error:
        raise DataError(f"{folder} is damaged ({error})", remedy="train again") from None
    source = path_of_text(config.pop("file"))
    config.pop("target")
    return TableRun(run, preparation, settings_from(config), source, result, ())


def open_rows(table_run: TableRun, source: str, *, say: Say = lambda sentence: None) -> "pd.DataFrame":
    """New rows for a run, from a file or a named data set, read as the run's own table was.

    say: called with a sentence where something is fetched.
    """
    reading = table_run.preparation.reading
    return load_named(source, say=say).frame if is_named(source) else read_table(source, reading)


def predict_table(table_run: TableRun, frame: "pd.DataFrame", source: str) -> "pd.DataFrame":
    """Predictions for new rows. What is predicted of a row does not hang on the rows beside it, to the bit.

    Returns a column 'prediction' and, for classes, 'probability_<class>' each, in the rows' order.
    source: what errors call the rows. Raises DataError for missing columns, text where numbers were, and
    infinite values.
    """
    import pandas as pd

    preparation = table_run.preparation
    run = table_run.run
    rows = preparation.transform(frame, source)
    outputs = run.programs.outputs(run.parameters, len(rows), rows.__getitem__, least=ESTIMATED_ROWS)
    if preparation.task == "regression":
        return pd.DataFrame({"prediction": preparation.inverse_target(outputs[:, 0])})
    columns = {"prediction": preparation.inverse_target(outputs.argmax(1))}
    columns |= {f"probability_{name}": outputs[:, i] for i, name in enumerate(preparation.classes)}
    return pd.DataFrame(columns)


def training_program(table_run: TableRun) -> Program:
    """The training step that the run repeated."""
    return training_step(table_run.run.recipe, table_run.run.batch).program


def explain_run(table_run: TableRun, row: int = 0, source: str | None = None) -> Explanation:
    """One step of plain gradient descent on one row of the table, from the trained weights, without dropout.

    A run whose layers are 'auto' is an ensemble of too many numbers to read: a network of 8 units takes its
    place, at its initial weights, and the title says so.
    row: from 0, in the file's order. source: the file, if it is not where it was. Raises DataError.
    """
    preparation, settings = table_run.preparation, table_run.settings
    place = source or table_run.source
    table = open_table(place, preparation.target, reading=preparation.reading)
    table, _ = check_table(table, preparation.task)
    if not 0 <= row < len(table):
        raise DataError(f"{table.source} has no row {row}", remedy=f"choose one from 0 to {len(table) - 1}")
    tree: dict[str, np.ndarray] = dict(table_run.run.parameters)
    told = ""
    if settings.layers == AUTO:  # too many members and features to be read
        settings, tree = replace(settings, layers=READABLE), {}
        preparation = _preparation(table, table, preparation.task, settings)
        told = f", by a network of {READABLE[0]} units at its start (the run's own is too large to read)"
    example = _prepared(preparation, table.take([row]))
    plain = replace(settings, dropout=0.0, l1=0.0, l2=0.0, label_smoothing=0.0)
    rate = plain.choices(preparation.task, len(table)).learning_rate
    recipe = recipe_for(plain, preparation.task, max(len(preparation.classes), 1), len(table))
    recipe = replace(recipe, optimizer=sgd(rate))
    step = training_step(recipe, Batch.of(example, 1))
    values = every_value(step.program, initial_tree(recipe, step) | tree, example.named)
    title = f"One step of backpropagation: row {row} of {Path(table.source).name}{told}"
    return explain(step.program, values, rate=rate, error=_error_terms(recipe), title=title)


def _error_terms(recipe: Recipe) -> ErrorTerms:
    if isinstance(recipe.loss, MeanAbsoluteError):
        return ErrorTerms("E = |y − t|", "sign(y − t)")
    if isinstance(recipe.loss, Huber):
        return ErrorTerms("E = Huber(y − t)", "clip(y − t, ±threshold)")
    if "Softmax" in type(recipe.loss).__name__:
        return ErrorTerms("E = −ln softmax(y)[t]", "softmax(y) − onehot(t)")
    return ErrorTerms("E = (y − t)²", "2 (y − t)")


def _prepared(preparation: Preparation, table: Table) -> Arrays:
    x = preparation.transform(table.frame, table.source)
    y = preparation.transform_target(table.target_values(), table.source)
    return Arrays.of(x, y if preparation.task == "classification" else y[:, None])


def _evaluate(run: Run, preparation: Preparation, parts: Sequence[Arrays]) -> dict[str, Any]:
    training, validation, test = parts
    outputs = run.predict(test.x)
    if preparation.task == "classification":
        figures = evaluation.classification(outputs, _targets(test), _targets(training))
        figures["classes"] = [str(name) for name in preparation.classes]
    else:
        scaled = (outputs, _targets(test), _targets(training))
        predicted, truth, known = (preparation.inverse_target(values[:, 0]) for values in scaled)
        figures = evaluation.regression(predicted, truth, known)
    return figures | {
        "task": preparation.task,
        "target": preparation.target,
        "rows": {"train": len(training), "validation": len(validation), "test": len(test)},
        "seconds": run.history[-1]["seconds"] if run.history else 0.0,
        "stopped": run.stopped,
        "best_epoch": run.best_epoch,
    }


def _targets(arrays: Arrays) -> np.ndarray:
    assert arrays.y is not None  # every prepared table has its target
    return arrays.y


def _story(parts: Sequence[Arrays], recipe: Recipe) -> str:
    training, validation, test = (len(part) for part in parts)
    step = training_step(recipe, Batch.of(parts[0], min(recipe.batch_size, training)))
    parameters = sum(value.size for value in step.program.parameters)
    columns = parts[0].x.shape[1]
    if isinstance(recipe.loss, MeanOfMembers):
        network = f"an ensemble of {MEMBERS} networks on {columns} features"
    else:
        layers = " → ".join(str(value.shape[1]) for value in step.program.parameters if len(value.shape) == 2)
        network = f"network {columns} → {layers}"
    return (
        f"{training + validation + test:,} rows: {training:,} to train on, {validation:,} to validate, "
        f"{test:,} held out; {network}, {parameters:,} parameters"
    )


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(printable(json_text(content, indent=1)) + "\n", encoding="utf-8")
