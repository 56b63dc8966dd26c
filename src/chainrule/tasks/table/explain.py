"""One step of backpropagation on one row of a table, with every number."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from chainrule.backprop import ErrorTerms, Explanation
from chainrule.backprop import explain as explain_program
from chainrule.data import check_table
from chainrule.errors import DataError
from chainrule.executors.numpy_ import every_value
from chainrule.nn import sgd
from chainrule.tasks.opening import open_table
from chainrule.tasks.settings import AUTO
from chainrule.tasks.table.prepare import preparation_of, prepared_rows
from chainrule.tasks.table.run import TableRun
from chainrule.tasks.table.settings import recipe_for
from chainrule.training import Batch, initial_tree, training_step

READABLE = (8,)
"""The hidden layers of the network that is explained in place of an ensemble."""


def explain_run(table_run: TableRun, row: int = 0, source: str | None = None) -> Explanation:
    """One step of plain gradient descent on one row of the table, from the trained weights, without dropout.

    A run whose layers are 'auto' is an ensemble, with too many numbers to read. In its place a network of 8
    hidden units is explained, at its initial weights, and the title says so.
    row: from 0, in the order of the file. source: the file, if it was moved. Raises DataError for a row or
    file that does not exist.
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
        preparation = preparation_of(table, table, preparation.task, settings)
        told = f", by a network of {READABLE[0]} units at its start (the run's own is too large to read)"
    example = prepared_rows(preparation, table.take([row]))
    plain = replace(settings, dropout=0.0, l1=0.0, l2=0.0, label_smoothing=0.0)
    rate = plain.choices(preparation.task, len(table)).learning_rate
    recipe = recipe_for(plain, preparation.task, max(len(preparation.classes), 1), len(table))
    recipe = replace(recipe, optimizer=sgd(rate))
    step = training_step(recipe, Batch.of(example, 1))
    values = every_value(step.program, initial_tree(recipe, step) | tree, example.named)
    loss = recipe.loss.of_one()
    title = f"One step of backpropagation: row {row} of {Path(table.source).name}{told}"
    return explain_program(
        step.program, values, rate=rate, error=ErrorTerms(loss.equation, loss.slope), title=title
    )
