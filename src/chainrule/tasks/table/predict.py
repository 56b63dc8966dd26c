"""Predictions of a run on a table for other rows."""

from typing import TYPE_CHECKING

from chainrule.data import is_named, load_named, read_table
from chainrule.errors import ConfigError
from chainrule.tasks.table.run import TableRun
from chainrule.tasks.task import Predictions, Say, say_nothing
from chainrule.training.programs import ESTIMATED_ROWS

if TYPE_CHECKING:
    import pandas as pd


def predict(table_run: TableRun, source: str | None, say: Say) -> Predictions:
    """Predictions for the rows of a file or a named data set. Raises ConfigError without a source."""
    if source is None:
        raise ConfigError("there are no rows to predict", remedy="name a file with the columns of the table")
    rows = open_rows(table_run, source, say=say)
    return Predictions(predict_table(table_run, rows, source), table_run.preparation.unseen(rows, source))


def open_rows(table_run: TableRun, source: str, *, say: Say = say_nothing) -> "pd.DataFrame":
    """New rows for a run, from a file or a named data set, read in the same way as the run's own table.

    say: called with a sentence when a named data set is downloaded.
    """
    reading = table_run.preparation.reading
    return load_named(source, say=say).frame if is_named(source) else read_table(source, reading)


def predict_table(table_run: TableRun, frame: "pd.DataFrame", source: str) -> "pd.DataFrame":
    """Predictions for new rows; that of a row does not depend on the other rows, to the bit.

    Returns a column 'prediction' and, for classification, 'probability_<class>' for each class, in the order
    of the rows. source: the name of the rows in errors. Raises DataError for missing columns, text in a
    column of numbers, and infinite values.
    """
    import pandas as pd

    preparation = table_run.preparation
    run = table_run.run
    rows = preparation.transform(frame, source)
    outputs = run.programs.outputs(
        run.parameters, len(rows), lambda part: {"x": rows[part]}, least=ESTIMATED_ROWS
    )
    if preparation.task == "regression":
        return pd.DataFrame({"prediction": preparation.inverse_target(outputs[:, 0])})
    columns = {"prediction": preparation.inverse_target(outputs.argmax(1))}
    columns |= {f"probability_{name}": outputs[:, i] for i, name in enumerate(preparation.classes)}
    return pd.DataFrame(columns)
