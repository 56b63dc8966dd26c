"""A column by its reading: the same cell becomes the same value, whatever stands beside it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.reading.arrow import arrow_texts, compute
from chainrule.data.reading.column import (
    AMONG_NUMBERS,
    ColumnReading,
    Distinct,
    distinct_of,
    holds_texts,
    trimmed,
    zone_of,
)
from chainrule.data.reading.dates import ISO, read_dates, told_format
from chainrule.data.reading.numbers import read_numbers, read_plain
from chainrule.data.values import kind_of, refuse_first, text_key

if TYPE_CHECKING:
    import pandas as pd

_NO_TRUTH = "is neither true nor false", "true or false"
TRUTH = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


def apply_reading(
    column: "pd.Series", reading: ColumnReading, quoted: np.ndarray | None, source: str
) -> "pd.Series":
    """The values of a column: numbers as int64 or float64, truth as bool or boolean, dates as datetime64 by
    the clock on the wall, text as str; NaN, NA or NaT where missing.

    quoted: (rows,) cells whose text stands in quotes; None where no text can mean a missing value.
    Raises DataError for the first cell that does not fit, naming source, column and place.
    """
    texts = holds_texts(column)
    if reading.kind == "number":
        return _numbers(column, reading, source) if texts else _typed(column, "number", source)
    if reading.kind == "boolean":
        return _truth(column, reading, source)
    if reading.kind == "date":
        return _dates(column, reading, source) if texts else _typed_dates(column, reading, source)
    if reading.kind == "text":
        return _texts(column, reading, quoted)
    return column


def _numbers(column: "pd.Series", reading: ColumnReading, source: str) -> "pd.Series":
    cells = trimmed(column)
    if reading.number.is_plain:
        numbers = read_plain(cells)
        if numbers is not None:
            return _named(_whole(numbers, cells), column)
    distinct = distinct_of(column, cells, None)
    each = read_numbers(arrow_texts(distinct.texts), reading.number)
    failed = np.isnan(each) & ~_gaps(distinct, reading)
    written = f" (numbers here have {reading.number.described()})" if not reading.number.is_plain else ""
    refuse_first(
        column, _rows(distinct, failed, missing=False), source, f"is not a number{written}", "a number"
    )
    return _named(_rows(distinct, each, missing=np.nan), column)


def _truth(column: "pd.Series", reading: ColumnReading, source: str) -> "pd.Series":
    if not holds_texts(column):
        values = _typed(column, "boolean", source).to_numpy(dtype=np.float64, na_value=np.nan)
        refuse_first(
            column, ~np.isin(values, (0.0, 1.0)), source, "is neither true nor false", "true or false"
        )
        return _named(_as_boolean(values), column)
    distinct = distinct_of(column, trimmed(column), None)
    each = distinct.texts.str.lower().map(TRUTH).to_numpy(dtype=np.float64)
    failed = np.isnan(each) & ~_gaps(distinct, reading)
    refuse_first(column, _rows(distinct, failed, missing=False), source, *_NO_TRUTH)
    return _named(_as_boolean(_rows(distinct, each, missing=np.nan)), column)


def _as_boolean(values: np.ndarray) -> Any:
    """1 and 0 as booleans, which pandas keeps beside missing ones in a type of its own."""
    import pandas as pd

    missing = np.isnan(values)
    truth = values == 1.0
    return pd.arrays.BooleanArray(truth, missing) if missing.any() else truth


def _dates(column: "pd.Series", reading: ColumnReading, source: str) -> "pd.Series":
    distinct = distinct_of(column, trimmed(column), None)
    dates, minutes = read_dates(distinct.texts, reading.date)
    dates = on_clock(dates, minutes, reading.zone)
    failed = dates.isna().to_numpy() & ~_gaps(distinct, reading)
    example = "2024-01-31" if reading.date == ISO else f"one written {told_format(reading.date)}"
    refuse_first(
        column, _rows(distinct, failed, missing=False), source, "is not a date", f"a date such as {example}"
    )
    values = dates.to_numpy().astype("datetime64[us]")
    return _named(_rows(distinct, values, missing=np.datetime64("NaT", "us")), column)


def on_clock(dates: "pd.Series", minutes: np.ndarray, zone: str) -> "pd.Series":
    """Dates as the clock of a zone shows them.

    dates: as another clock showed them. minutes: by which that was ahead of UTC, NaN where nobody says; those
    dates stay as they are. zone: '' leaves all as they are.
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
    """A column whose type says what it holds, where that is what was expected."""
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


def _texts(column: "pd.Series", reading: ColumnReading, quoted: np.ndarray | None) -> "pd.Series":
    if not holds_texts(column) and kind_of(column) == "text":  # categories
        return column
    if kind_of(column) != "text":
        return column.map(text_key, na_action="ignore").astype("str")
    distinct = distinct_of(column, trimmed(column), None)
    marks = distinct.texts.isin(reading.gaps).to_numpy()
    values: Any = _rows(distinct, distinct.texts.to_numpy(dtype=object), missing=None)
    if quoted is not None and marks.any():
        values = np.where(_rows(distinct, marks, missing=False) & ~quoted, None, values)
    return _named(values, column, dtype="str")


def _gaps(distinct: Distinct, reading: ColumnReading) -> np.ndarray:
    """(texts,) which of them mean a missing value among numbers or dates."""
    known = distinct.texts.str.lower().isin(AMONG_NUMBERS) | distinct.texts.isin(reading.gaps)
    return known.to_numpy()


def _rows(distinct: Distinct, each: np.ndarray, *, missing: Any) -> np.ndarray:
    """What each text became, for every row."""
    return np.append(each, np.array([missing], dtype=each.dtype))[distinct.codes]


def _whole(numbers: np.ndarray, cells: Any) -> np.ndarray:
    """Numbers as int64 where all are whole, exactly as they stand, which float64 can't say beyond 2^53."""
    import pyarrow as pa

    pc = compute()
    if cells.null_count or not np.equal(numbers, np.trunc(numbers)).all():
        return numbers
    try:
        return pc.cast(cells, pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:  # 1.0, 1e5, or beyond int64
        return numbers


def _named(values: Any, column: "pd.Series", dtype: Any = None) -> "pd.Series":
    import pandas as pd

    return pd.Series(values, index=column.index, name=column.name, dtype=dtype)
