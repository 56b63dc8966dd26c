"""Preparing a table: its problem, its three parts, its columns, and the recipe of the settings."""

from dataclasses import dataclass

import numpy as np

from chainrule.data import (
    LEFT_OUT,
    Arrays,
    Preparation,
    Table,
    check_table,
    classes_of,
    findings,
    fit_preparation,
    infer_task,
    is_imbalanced,
    split_table,
)
from chainrule.tasks.settings import AUTO
from chainrule.tasks.table.network import table_network
from chainrule.tasks.table.settings import TableSettings, recipe_for
from chainrule.tasks.task import Planned
from chainrule.training import Recipe


@dataclass(frozen=True, eq=False)
class PreparedTable:
    """A table split in three parts, with prepared columns.

    table: without the rows that have no target. parts: training, validation and held-out rows. why: a
    sentence on the inferred problem. notes: sentences on what was found in the table.
    """

    table: Table
    preparation: Preparation
    parts: tuple[Arrays, Arrays, Arrays]
    why: str
    notes: tuple[str, ...]

    def plan(self, settings: TableSettings) -> Planned:
        """What training begins with."""
        training, validation, _ = self.parts
        return Planned(self.recipe(settings), training, validation, (self.why, *self.notes))

    def recipe(self, settings: TableSettings) -> Recipe:
        """The recipe of the settings. Raises ConfigError for settings that do not fit the problem."""
        return _recipe(self.preparation, self.parts[0], settings)


def prepare_table(table: Table, settings: TableSettings) -> PreparedTable:
    """Split a table, and prepare its columns as learned from the training rows.

    settings: problem, test, validation, class_weight, target_transform and seed are used. Raises DataError
    and ConfigError.
    """
    task, why = infer_task(table.target_values())
    if settings.problem != "auto":
        task, why = settings.problem, "as the settings say"
    table, notes = check_table(table, task)
    notes = (*table.notes, *notes)
    if table.ordered:
        notes = (*notes, "rows stand in the order of time: those held out are the last")
    found = findings(table, task)
    known = [str(each) for each in found if each.remedy != LEFT_OUT]  # the notes have those
    rest, test = split_table(table, settings.test, settings.seed, task)
    training, validation = split_table(rest, settings.validation / (1 - settings.test), settings.seed, task)
    preparation = preparation_of(table, training, task, settings)
    first, second, held_out = (prepared_rows(preparation, part) for part in (training, validation, test))
    if task == "classification":
        first, second = _weighted(first, second, settings.class_weight)
    said = f"{task} of '{table.target}': {why}"
    return PreparedTable(
        table, preparation, (first, second, held_out), said, (*notes, *known, *preparation.notes)
    )


def preparation_of(table: Table, training: Table, task: str, settings: TableSettings) -> Preparation:
    """The preparation of the columns, learned from the training rows."""
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
    """Both parts, with sample weights that balance the classes of the training rows, if they are set."""
    from sklearn.utils.class_weight import compute_class_weight

    labels = targets_of(training)
    if class_weight == "none" or (class_weight == AUTO and not is_imbalanced(labels)):
        return training, validation
    present = np.unique(labels)
    weights = np.ones(max(labels.max(), targets_of(validation).max()) + 1, np.float32)
    weights[present] = compute_class_weight("balanced", classes=present, y=labels)
    first, second = (part.weighted(weights[targets_of(part)]) for part in (training, validation))
    return first, second


def prepared_rows(preparation: Preparation, table: Table) -> Arrays:
    """Inputs and targets of rows of a table."""
    x = preparation.transform(table.frame, table.source)
    y = preparation.transform_target(table.target_values(), table.source)
    return Arrays.of(x, y if preparation.task == "classification" else y[:, None])


def targets_of(arrays: Arrays) -> np.ndarray:
    """The targets of prepared rows."""
    assert arrays.y is not None  # every prepared table has its target
    return arrays.y
