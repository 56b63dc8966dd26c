"""Applying a ColumnReading: a cell becomes the same value whatever the other rows are."""

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.reading.arrow import compute
from chainrule.data.reading.cells import Cells
from chainrule.data.reading.column import AMONG_NUMBERS, ColumnReading, zone_of
from chainrule.data.reading.dates import ISO, told_format
from chainrule.data.reading.numbers import read_numbers
from chainrule.data.values import kind_of, refuse_first, text_key

if TYPE_CHECKING:
    import pandas as pd

_NO_TRUTH = "is neither true nor false", "true or false"
TRUTH = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


def apply_reading(cells: Cells, reading: ColumnReading, source: str) -> "pd.Series":
    """The values of a column (rows,), with the index of the cells.

    Numbers become int64 or float64, true and false bool (pandas' boolean where some are missing), dates
    datetime64 in local time, text str; missing values are NaN, NA or NaT.
    source: the name of the file in messages. Raises DataError for the first cell that is not of the reading's
    type and format, naming source, column and place.
    """
    column = cells.column
    if reading.kind == "number":
        return _numbers(cells, reading, source) if cells.are_texts else _typed(column, "number", source)
    if reading.kind == "boolean":
        return _truth(cells, reading, source)
    if reading.kind == "date":
        return _dates(cells, reading, source) if cells.are_texts else _typed_dates(column, reading, source)
    return _texts(cells, reading) if reading.kind == "text" else column


def _numbers(cells: Cells, reading: ColumnReading, source: str) -> "pd.Series":
    if reading.number.decimal != "," and not reading.number.thousands and cells.numbers is not None:
        return _named(_whole(cells), cells.column)
    distinct = cells.distinct
    each = read_numbers(distinct.texts, reading.number)
    written = f" (numbers here have {reading.number.described()})" if reading.number.described() else ""
    _refuse(cells, reading, np.isnan(each), source, f"is not a number{written}", "a number")
    return _named(distinct.rows(each, missing=np.nan), cells.column)


def _truth(cells: Cells, reading: ColumnReading, source: str) -> "pd.Series":
    if not cells.are_texts:
        values = _typed(cells.column, "boolean", source).to_numpy(dtype=np.float64, na_value=np.nan)
        refuse_first(cells.column, ~np.isin(values, (0.0, 1.0)), source, *_NO_TRUTH)
        return _named(_as_boolean(values), cells.column)
    distinct = cells.distinct
    each = np.full(len(distinct.texts), np.nan)
    for word, value in TRUTH.items():
        each[distinct.among((word,), lower=True)] = value
    _refuse(cells, reading, np.isnan(each), source, *_NO_TRUTH)
    return _named(_as_boolean(distinct.rows(each, missing=np.nan)), cells.column)


def _refuse(
    cells: Cells, reading: ColumnReading, failed: np.ndarray, source: str, problem: str, expected: str
) -> None:
    """Raises DataError for the first cell that failed and does not mean a missing value."""
    distinct = cells.distinct
    if failed.any():
        failed = failed & ~distinct.among(AMONG_NUMBERS, lower=True) & ~distinct.among(reading.gaps)
        refuse_first(cells.shown, distinct.rows(failed, missing=False), source, problem, expected)


def _as_boolean(values: np.ndarray) -> Any:
    """Booleans from 1, 0 and NaN; with missing values, pandas' nullable type."""
    import pandas as pd

    missing = np.isnan(values)
    truth = values == 1.0
    return pd.arrays.BooleanArray(truth, missing) if missing.any() else truth


def _dates(cells: Cells, reading: ColumnReading, source: str) -> "pd.Series":

    distinct = cells.distinct
    dates = on_clock(*distinct.dates(reading.date), reading.zone)
    written = "such as 2024-01-31" if reading.date == ISO else f"written {told_format(reading.date)}"
    _refuse(cells, reading, dates.isna().to_numpy(), source, "is not a date", f"a date {written}")
    values = dates.to_numpy().astype("datetime64[us]")
    return _named(distinct.rows(values, missing=np.datetime64("NaT", "us")), cells.column)


def on_clock(dates: "pd.Series", minutes: np.ndarray, zone: str) -> "pd.Series":
    """Dates converted to the local time of a zone.

    dates: (texts,) each in local time at its own offset from UTC. minutes: (texts,) that offset in minutes
    ahead of UTC; dates without one (NaN) stay unchanged. zone: an IANA name; '' leaves all unchanged.
    """
    import pandas as pd

    known = np.isfinite(minutes)
    if not zone or not known.any():
        return dates
    moments = dates[known] - pd.to_timedelta(minutes[known], unit="m")
    shown = moments.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)
    return dates.astype("datetime64[us]").where(~known, shown.astype("datetime64[us]").reindex(dates.index))


def _typed_dates(column: "pd.Series", reading: ColumnReading, source: str) -> "pd.Series":
    import pandas as pd

    column = _typed(column, "date", source)
    if column.dtype == object:
        column = pd.Series(pd.to_datetime(column, errors="coerce"))
    if zone_of(column):
        column = column.dt.tz_convert(reading.zone) if reading.zone else column
        column = column.dt.tz_localize(None)
    return column


def _typed(column: "pd.Series", kind: str, source: str) -> "pd.Series":
    """A column whose type determines its values, checked to be of the expected kind."""
    found = kind_of(column)
    if (
        found == kind
        or (found == "boolean" and kind == "number")
        or (found == "number" and kind == "boolean")
    ):
        return column
    present = column.notna().to_numpy()
    wanted = {"number": "a number", "boolean": "true or false", "date": "a date"}[kind]
    refuse_first(column, present, source, f"is not {wanted}", wanted)
    return column.astype(object)


def _texts(cells: Cells, reading: ColumnReading) -> "pd.Series":
    column = cells.column
    if not cells.are_texts:
        return column if kind_of(column) == "text" else column.map(text_key, na_action="ignore").astype("str")
    texts: Any = cells.texts
    if cells.quoted is not None and reading.gaps:
        import pyarrow as pa

        marks = compute().is_in(texts, pa.array(reading.gaps, texts.type))
        marked = compute().and_(marks, pa.array(~cells.quoted))
        texts = compute().if_else(marked, pa.scalar(None, texts.type), texts)
    return _named(texts.to_pandas().array, column, dtype="str")


def _whole(cells: Cells) -> np.ndarray:
    """Plain numbers; as int64 where all are whole: float64 can't represent all of them beyond 2^53."""
    import pyarrow as pa

    assert cells.numbers is not None  # they are plain
    if not cells.whole or np.isnan(cells.numbers).any():
        return cells.numbers
    try:
        return compute().cast(cells.texts, pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:  # 1.0, 1e5, or beyond int64
        return cells.numbers


def _named(values: Any, column: "pd.Series", dtype: Any = None) -> "pd.Series":
    import pandas as pd

    return pd.Series(values, index=column.index, name=column.name, dtype=dtype)
