"""Tables from files or DataFrames, with the column to predict."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.arrays import can_stratify, split_indices
from chainrule.data.checks import check_frame, infer_task, label_numbers
from chainrule.data.reading import Raw, Reading, labels_of, learn_reading, open_raw
from chainrule.data.values import column_of
from chainrule.data.wording import listed
from chainrule.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "check_table", "infer_task", "load_table", "read_table", "split_table", "tidy_columns"]


@dataclass(frozen=True, eq=False)
class Table:
    """A table and the column to predict.

    frame: one example for each row, with distinct texts as column names, each column converted to its type.
        The index identifies rows in messages; if it is called 'line', it has line numbers of a text file.
    target: the column to predict.
    source: the name of the table in messages: its path, or 'DataFrame'.
    ordered: the rows are in the order of time.
    reading: how the columns were read, to read other files in the same way; None if unknown.
    written: the cells of the target as written in the file, if they are texts; else None.
    notes: sentences on how the file was opened and read, if that was not obvious.
    """

    frame: "pd.DataFrame"
    target: str
    source: str
    ordered: bool = False
    reading: Reading | None = None
    written: "pd.Series | None" = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def target_values(self) -> "pd.Series":
        """The column to predict."""
        return column_of(self.frame, self.target)

    def fingerprint(self) -> str:
        """The numbers of rows and columns, and a hash: equal for equal content, whatever the file name."""
        import pandas as pd

        try:
            rows = pd.util.hash_pandas_object(self.frame, index=False)
        except TypeError:  # lists and the like
            rows = pd.util.hash_pandas_object(self.frame.astype(str), index=False)
        content = hashlib.sha256("\n".join(self.frame.columns).encode())
        content.update(rows.to_numpy().tobytes())
        return f"{len(self):,} rows, {len(self.frame.columns)} columns, sha256 {content.hexdigest()[:16]}"

    def take(self, positions: Iterable[int]) -> "Table":
        """The rows at these positions (from 0), in this order."""
        rows = list(positions)
        written = None if self.written is None else self.written.iloc[rows]
        return replace(self, frame=self.frame.iloc[rows], written=written)


def load_table(
    source: "str | os.PathLike[str] | pd.DataFrame",
    target: object,
    *,
    missing: tuple[str, ...] | None = None,
    reading: Reading | None = None,
) -> Table:
    """The table at a path, or in a DataFrame, with the column to predict.

    target: the name of the column. missing: texts that mean a missing value in text columns of a file; None:
    NA, null, None, ? and the like, unless so many rows of the target have one that it must be a class.
    reading: how the columns are read, such as that of a run; None: inferred from these rows.
    Raises DataError as `read_table`, and if there is no such column.
    """
    if isinstance(source, str | os.PathLike):
        raw = _tidy(open_raw(os.fspath(source)))
        return table_of(raw, target, raw.source, missing, reading)
    raw = Raw(tidy_columns(source, "DataFrame"), "DataFrame")
    return table_of(raw, target, "DataFrame", missing, reading)


def table_of(
    raw: Raw,
    target: object,
    source: str,
    missing: tuple[str, ...] | None = None,
    reading: Reading | None = None,
) -> Table:
    """The table in a file or DataFrame with tidy columns, read; DataError if it has no such target."""
    wanted = str(target)
    columns = list(raw.frame.columns)
    if wanted not in columns:
        raise DataError(
            f"{source} has no column {wanted!r}{did_you_mean(wanted, columns)}: it has {listed(columns, 30)}",
            remedy=f"name one of them as the target{_header_hint(columns)}",
        )
    reading = learn_reading(raw, wanted, missing) if reading is None else reading
    cells = raw.cells(wanted)
    written = cells.shown if cells.are_texts else None
    notes = (*raw.notes, *reading.notes)
    return Table(reading.applied(raw), wanted, source, reading=reading, written=written, notes=notes)


def read_table(path: str | os.PathLike[str], reading: Reading | None = None) -> "pd.DataFrame":
    """Reads a table from a file of any kind that `open_raw` opens.

    reading: how the columns are read, such as that of a run (`Preparation.reading`), so that a row is read in
    the same way whatever other rows there are; None: inferred from this file.
    Returns a DataFrame with distinct texts as column names and at least one row. For a text file, the index
    has line numbers.
    Raises DataError, naming the file and what to do, for a file that can't be opened, and for the first value
    that does not fit the reading.
    """
    raw = _tidy(open_raw(os.fspath(path)))
    return (learn_reading(raw) if reading is None else reading).applied(raw)


def column_names(path: str | os.PathLike[str]) -> list[str]:
    """The names of a file's columns. Raises DataError as `read_table`."""
    return list(_tidy(open_raw(os.fspath(path))).frame.columns)


def _tidy(raw: Raw) -> Raw:
    return replace(raw, frame=tidy_columns(raw.frame, raw.source))


def check_table(table: Table, task: str) -> tuple[Table, tuple[str, ...]]:
    """Checks a table before training.

    task: 'classification' or 'regression'.
    Returns the table without the rows that have no target, with classes named as in the file, and notes
    (sentences) on what was left out.
    Raises DataError for too few rows, no column besides the target, columns without values, infinite values,
    a target with a single value, a class with a single row, and text or dates in a regression target;
    ConfigError for another task.
    """
    labels = None
    if task == "classification" and table.written is not None:
        values = table.target_values()
        present = values.notna().to_numpy()
        labels = labels_of(table.written[present], values[present])
        # As objects, whole numbers stay exact beside missing ones.
        known = labels.astype(object).reindex(values.index)
        table = replace(table, frame=table.frame.assign(**{table.target: known}))
    frame, notes = check_frame(table.frame, table.target, table.source, task)
    if labels is not None:
        frame = frame.assign(**{table.target: labels})
    return replace(table, frame=frame, written=None), notes


def split_table(table: Table, fraction: float, seed: int, task: str) -> tuple[Table, Table]:
    """Splits rows at random into (rest, part), for classification stratified by class.

    If the rows are in the order of time, the part is the last rows instead, since a forecast knows only the
    past. fraction, seed, and the errors: as for `split_indices`.
    If a class is too rare (`can_stratify`), the split is not stratified.
    """
    labels = label_numbers(table.target_values()) if task == "classification" else None
    rest, part = split_indices(len(table), fraction, seed, labels)
    if table.ordered:
        rest, part = np.split(np.arange(len(table)), [len(rest)])
    return table.take(rest), table.take(part)


def can_stratify_table(table: Table, fraction: float) -> bool:
    """Whether `split_table` can stratify by the classes of the target."""
    return can_stratify(label_numbers(table.target_values()), fraction)


def tidy_columns(frame: "pd.DataFrame", source: str) -> "pd.DataFrame":
    """The frame with column names as texts without outer spaces; raises DataError if two are equal."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise DataError(
            f"the table is a {type(frame).__name__}", remedy="give a file's path or a pandas DataFrame"
        )
    if frame.columns.nlevels > 1:
        raise DataError(f"{source} has column names of several levels", remedy="join each into one name")
    names = [str(name).strip() for name in frame.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{source}: the column name {repeated[0]!r} occurs {names.count(repeated[0])} times",
            remedy="give every column a name of its own",
        )
    return frame if names == list(frame.columns) else frame.set_axis(names, axis="columns")


def _header_hint(columns: list[str]) -> str:
    numbers = sum(name.replace(".", "", 1).lstrip("+-").isdecimal() for name in columns)
    return " (the first line must hold the column names)" if numbers > len(columns) / 2 else ""
