"""Checks of a table before training, and the task for its target: classification or regression."""

from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.values import column_of, keys_of, kind_of, numbers_of, refuse_infinite
from chainrule.data.wording import counted, listed, places, shortened
from chainrule.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

TASKS = ("classification", "regression")
MINIMUM_ROWS = 10
"""Fewer can't be cut into rows to train on, to validate on and to hold out."""
FEW_VALUES = 20
ROWS_PER_CLASS = 20


def check_task(task: str) -> None:
    """Raises ConfigError for a task that is neither classification nor regression."""
    if task not in TASKS:
        raise ConfigError(f"task is {task!r}", remedy=f"choose {' or '.join(TASKS)}")


def check_frame(
    frame: "pd.DataFrame", target: str, source: str, task: str
) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """The work of `check_table`, on a frame."""
    check_task(task)
    features = [name for name in frame.columns if name != target]
    if not features:
        raise DataError(
            f"{source} has only the target column {target!r}", remedy="add columns to predict it from"
        )
    frame, notes = _with_target(frame, target, source)
    if len(frame) < MINIMUM_ROWS:
        raise DataError(
            f"{source} has {counted(len(frame), 'row')} with a target",
            remedy=f"give at least {MINIMUM_ROWS}: some to train on, some to validate, some to hold out",
        )
    empty = [name for name in features if column_of(frame, name).isna().all()]
    if empty:
        columns = f"column {empty[0]!r} has" if len(empty) == 1 else f"columns {listed(empty)} have"
        raise DataError(f"{source}: {columns} no values at all", remedy="remove it or fill it in")
    for name in features:
        column = column_of(frame, name)
        if kind_of(column) == "number":
            refuse_infinite(column, numbers_of(column, source), source)
    check_target = _check_classes if task == "classification" else _check_numbers
    check_target(column_of(frame, target), source)
    return frame, notes


def infer_task(series: "pd.Series") -> tuple[str, str]:
    """Whether a target needs classification or regression, and why, as a clause to show to the user.

    Text and booleans are classes; numbers with fractional parts are values. Whole numbers are classes if
    there are only two different ones; or at most 20 (and at most one for 20 rows), none of them rare; or if
    they are 0 or 1 up to at most 10, each at least three times. Ages and counts have rare values, or many.

    series: the target; missing values are ignored.
    Returns ('classification' | 'regression', why).
    """
    name, kind = repr(series.name), kind_of(series)
    present = series.dropna()
    if kind in ("text", "boolean"):
        distinct = len(set(keys_of(present)))
        what = "text" if kind == "text" else "true or false"
        return "classification", f"{name} holds {what}, with {counted(distinct, 'distinct value')}"
    if kind != "number":
        return "regression", f"{name} holds {'dates' if kind == 'date' else 'no text'}"
    values, counts = np.unique(numbers_of(present, ""), return_counts=True)
    if not np.equal(values, np.trunc(values)).all():
        return "regression", f"{name} holds numbers with fractional parts"
    distinct, rarest = len(values), int(counts.min(initial=len(present)))
    if distinct <= 2 or _are_classes(values, rarest, len(present)):
        only = f"only {counted(distinct, 'distinct value')}"
        return "classification", f"{name} holds whole numbers with {only}, each in at least {rarest:,} rows"
    return "regression", f"{name} holds whole numbers with {counted(distinct, 'distinct value')}"


def _are_classes(values: np.ndarray, rarest: int, rows: int) -> bool:
    common = rarest >= 0.01 * rows  # counts and ages thin out towards their ends; classes seldom do so
    if common and rarest >= 2 and len(values) <= min(FEW_VALUES, rows / ROWS_PER_CLASS):
        return True
    numbered = values[0] in (0, 1) and bool((np.diff(values) == 1).all())
    return common and rarest >= 3 and numbered and len(values) <= FEW_VALUES / 2


def label_numbers(series: "pd.Series") -> np.ndarray:
    """Class numbers for splitting, (rows,) int64; -1 for missing values."""
    import pandas as pd

    return pd.factorize(pd.Series(keys_of(series), dtype=object))[0]


def _with_target(frame: "pd.DataFrame", target: str, source: str) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """The rows with a target, and a note on those without."""
    missing = column_of(frame, target).isna().to_numpy()
    if missing.all():
        raise DataError(
            f"{source}: the target column {target!r} has no values at all",
            remedy="fill it in or name another target",
        )
    if not missing.any():
        return frame, ()
    where = places(frame, np.flatnonzero(missing).tolist())
    rows, are = counted(int(missing.sum()), "row"), "is" if missing.sum() == 1 else "are"
    note = f"{rows} without a value of {target!r} {are} left out ({where})"
    return frame.loc[~missing], (note,)


def _check_classes(series: "pd.Series", source: str) -> None:
    kind = kind_of(series)
    if kind in ("date", "other"):
        raise DataError(
            f"{source}, target column {series.name!r}: {shortened(series.iloc[0])} can't be a class",
            remedy="name a target of text, whole numbers or booleans",
        )
    if kind == "number":
        refuse_infinite(series, numbers_of(series, source), source)
    keys, first, counts = np.unique(keys_of(series).astype(str), return_index=True, return_counts=True)
    if len(keys) == 1:
        raise DataError(
            f"{source}: the target column {series.name!r} has one class only, {shortened(series.iloc[0])}",
            remedy="add rows of another class or name another target",
        )
    single = np.flatnonzero(counts == 1)
    if not len(single):
        return
    values = [series.iloc[position] for position in first[single]]
    if len(single) > len(keys) / 2:
        what = f"{len(single):,} of its {len(keys):,} classes have a single row each"
        remedy = "name another target, or choose regression if it holds numbers"
    else:
        where = places(series, first[single].tolist())
        what = f"class {listed([str(value) for value in values], 5)} has a single row ({where})"
        remedy = "give every class at least 2 rows (one to learn from, one to check), or leave that row out"
    raise DataError(f"{source}: the target column {series.name!r}: {what}", remedy=remedy)


def _check_numbers(series: "pd.Series", source: str) -> None:
    kind = kind_of(series)
    if kind in ("date", "other"):
        raise DataError(
            f"{source}, target column {series.name!r}: {shortened(series.iloc[0])} is not a number",
            remedy="name a target that holds numbers",
        )
    try:
        numbers = numbers_of(series, source)
    except DataError as error:
        raise DataError(
            f"{error.what}; regression needs numbers", remedy="correct it, or choose classification"
        ) from error
    refuse_infinite(series, numbers, source)
    if numbers.min() == numbers.max():
        raise DataError(
            f"{source}: the target column {series.name!r} is {numbers[0]:g} in every row, one value only",
            remedy="add rows with other values or name another target",
        )
