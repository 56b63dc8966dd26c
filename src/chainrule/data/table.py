"""Tables: from CSV and Parquet files or DataFrames, with the column that is to be predicted."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.arrays import can_stratify, split_indices
from chainrule.data.checks import check_frame, infer_task, label_numbers
from chainrule.data.csv_file import read_csv
from chainrule.data.named.catalogue import NAMED_TABLES
from chainrule.data.values import column_of
from chainrule.data.wording import listed
from chainrule.errors import DataError, did_you_mean, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "check_table", "infer_task", "load_table", "read_table", "split_table", "tidy_columns"]

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
PARQUET_SUFFIXES = (".parquet", ".pq")


@dataclass(frozen=True, eq=False)
class Table:
    """A table and what is to be predicted from it.

    frame: one example per row, with distinct text column names; its index tells where a row stands (named
        'line', it holds line numbers of a text file).
    target: the column to predict.
    source: what messages call the table: its path, or 'DataFrame'.
    ordered: the rows stand in the order of time.
    """

    frame: "pd.DataFrame"
    target: str
    source: str
    ordered: bool = False

    def __len__(self) -> int:
        return len(self.frame)

    def target_values(self) -> "pd.Series":
        """The column to predict."""
        return column_of(self.frame, self.target)

    def take(self, positions: Iterable[int]) -> "Table":
        """The rows at some positions (from 0), in that order."""
        return replace(self, frame=self.frame.iloc[list(positions)])


def load_table(source: "str | os.PathLike[str] | pd.DataFrame", target: object) -> Table:
    """The table at a path, or in a DataFrame, with the column to predict.

    target: the column's name.
    Raises DataError as `read_table`, and where there is no such column.
    """
    if isinstance(source, str | os.PathLike):
        return table_of(read_table(source), target, os.fspath(source))
    return table_of(tidy_columns(source, "DataFrame"), target, "DataFrame")


def table_of(frame: "pd.DataFrame", target: object, source: str) -> Table:
    """The table in a DataFrame with tidy columns (`tidy_columns`); DataError where it has no such target."""
    wanted = str(target)
    columns = list(frame.columns)
    if wanted not in columns:
        raise DataError(
            f"{source} has no column {wanted!r}{did_you_mean(wanted, columns)}: it has {listed(columns, 30)}",
            remedy=f"name one of them as the target{_header_hint(columns)}",
        )
    return Table(frame, wanted, source)


def read_table(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Reads a .csv, .tsv, .txt (comma, semicolon or tab, told from the content) or .parquet file.

    Returns a DataFrame with distinct text column names and at least one row. Of a text file, the index holds
    line numbers.
    Raises DataError, naming the file and what to do, for a file that is missing, a directory, empty, damaged,
    not UTF-8, of another kind, or that repeats a column name.
    """
    file = Path(path)
    _check_file(file)
    try:
        if file.suffix.lower() in TEXT_SUFFIXES:
            return tidy_columns(read_csv(file), str(path))
        return tidy_columns(_read_parquet(file), str(path))
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise DataError(
            f"{path} can't be read: {reason}", remedy="check the file and its permissions"
        ) from error


def check_table(table: Table, task: str) -> tuple[Table, tuple[str, ...]]:
    """Checks that something can be learned from a table.

    task: 'classification' or 'regression'.
    Returns the table without the rows that have no target, and notes (sentences) on what was left out.
    Raises DataError for too few rows, no column besides the target, all-missing columns, infinite values,
    a target with one value only, a class with a single row, and text or dates in a regression target;
    ConfigError for another task.
    """
    frame, notes = check_frame(table.frame, table.target, table.source, task)
    return replace(table, frame=frame), notes


def split_table(table: Table, fraction: float, seed: int, task: str) -> tuple[Table, Table]:
    """Splits rows at random into (rest, part); for classification, with each class's share kept in both.

    Of rows in the order of time the part is the last: what comes is to be foretold from what was.
    fraction, seed: as for `split_indices`, and the errors raised.
    Where a class is too rare to keep its share (`can_stratify`), the split is a plain random one.
    """
    labels = label_numbers(table.target_values()) if task == "classification" else None
    rest, part = split_indices(len(table), fraction, seed, labels)
    if table.ordered:
        rest, part = np.split(np.arange(len(table)), [len(rest)])
    return table.take(rest), table.take(part)


def can_stratify_table(table: Table, fraction: float) -> bool:
    """Whether `split_table` can keep each class's share of a classification target."""
    return can_stratify(label_numbers(table.target_values()), fraction)


def tidy_columns(frame: "pd.DataFrame", source: str) -> "pd.DataFrame":
    """The frame with its column names as text without outer spaces; raises DataError where two are alike."""
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
            f"{source}: the column name {repeated[0]!r} stands there {names.count(repeated[0])} times",
            remedy="give every column a name of its own",
        )
    return frame if names == list(frame.columns) else frame.set_axis(names, axis="columns")


def _check_file(path: Path) -> None:
    readable = ", ".join((*TEXT_SUFFIXES, ".parquet"))
    if path.is_dir():
        raise DataError(f"{path} is a directory", remedy=f"give the path of a file ({readable})")
    if not path.exists():
        raise DataError(f"{path}: no such file{_near_file(path)}", remedy="check the path")
    if path.suffix.lower() not in TEXT_SUFFIXES + PARQUET_SUFFIXES:
        kind = f"{path.suffix!r} files" if path.suffix else "files without an extension"
        raise DataError(f"{path}: {kind} can't be read", remedy=f"give one of {readable}")
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes)", remedy="give a file with column names and rows")


def _near_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f" (nor is there a folder {path.parent})"
    matches = get_close_matches(path.name, names, n=1)
    if matches:
        return f" (did you mean {path.parent / matches[0]}?)"
    named = nearest(str(path), NAMED_TABLES)
    return f" (did you mean the data set {named}?)" if named else ""


def _read_parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow

    try:
        frame = pd.read_parquet(path)
    except (pyarrow.ArrowException, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(
            f"{path} can't be read as Parquet, it may be damaged: {reason}",
            remedy="write or download it again",
        ) from error
    if len(frame) == 0:
        raise DataError(f"{path} has no rows", remedy="give a file with at least one row")
    # pandas stores a named index beside the columns: to the reader of the file it is a column like any other.
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index(named).reset_index(drop=True) if named else frame.reset_index(drop=True)


def _header_hint(columns: list[str]) -> str:
    numbers = sum(name.replace(".", "", 1).lstrip("+-").isdecimal() for name in columns)
    return " (the first line must hold the column names)" if numbers > len(columns) / 2 else ""
