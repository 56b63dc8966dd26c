"""What the values of a column are, and how they become numbers or text that compares sanely.

The same column may come as integers from one file and, because a value is missing, as floats from another;
as True in a DataFrame and 'true' in a text file. Everything that compares values goes through here.
"""

from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from chainrule.data.wording import place, shortened
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["number", "boolean", "date", "text", "other"]
MICROSECONDS_PER_DAY = 24 * 60 * 60 * 1_000_000


def column_of(frame: "pd.DataFrame", name: str) -> "pd.Series":
    """A column by its name, which no other column has (`tidy_columns`)."""
    return cast("pd.Series", frame[name])


def kind_of(series: "pd.Series") -> Kind:
    """What a column holds; 'other' is anything that is neither a number, a boolean, a date nor text."""
    import pandas as pd

    types = pd.api.types
    if types.is_bool_dtype(series.dtype):
        return "boolean"
    if types.is_numeric_dtype(series.dtype):
        return "other" if types.is_complex_dtype(series.dtype) else "number"
    if types.is_datetime64_any_dtype(series.dtype):
        return "date"
    if isinstance(series.dtype, pd.CategoricalDtype):
        return "text"
    if series.dtype != object:
        return "text" if types.is_string_dtype(series.dtype) else "other"
    inferred = types.infer_dtype(series, skipna=True)
    if inferred == "boolean":
        return "boolean"
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal", "empty"):
        return "number"
    if inferred in ("date", "datetime", "datetime64"):
        return "date"
    if all(isinstance(value, str | int | float | np.number | np.bool_) for value in series.dropna()):
        return "text"
    return "other"


def keys_of(series: "pd.Series") -> np.ndarray:
    """Each value as text that compares sanely: 3 and 3.0 alike, without outer spaces; None where missing.

    Returns (rows,) objects.
    """
    import pandas as pd

    codes, distinct = pd.factorize(series)
    keys = np.array([*(text_key(value) for value in distinct), None], dtype=object)
    return keys[codes]  # a missing value has the code -1, which is the None at the end


def text_key(value: object) -> str:
    """A value as text: a whole number without decimals, text without outer spaces."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def numbers_of(series: "pd.Series", source: str) -> np.ndarray:
    """A column as (rows,) float64, NaN where missing, True as 1 and False as 0.

    Text counts as a number where it reads as one.
    Raises DataError for a value that is no number, naming the source, the column and the row.
    """
    import pandas as pd

    kind = kind_of(series)
    if kind in ("number", "boolean") and series.dtype != object:
        return _floats(series)
    present = series.notna().to_numpy()
    numbers = np.full(len(series), np.nan)
    if kind in ("number", "boolean"):
        numbers[present] = series.to_numpy(dtype=object)[present].astype(np.float64)
        return numbers
    if kind == "text":
        text = series.loc[present].astype(str).str.strip()
        numbers[present] = _floats(pd.to_numeric(text, errors="coerce"))
    refuse_first(series, np.isnan(numbers), source, "is not a number", "a number")
    return numbers


def mean_and_deviation(numbers: np.ndarray) -> tuple[float, float]:
    """Of (rows,) finite numbers: their mean, and the square root of their mean squared distance from it.

    Neither overflows nor vanishes where the squares would, as of 1e200 or 1e-200.
    """
    exponent = int(np.frexp(np.abs(numbers).max(initial=0.0))[1])
    close = np.ldexp(numbers, -exponent)  # a power of two, so that no digit changes
    away = close - close.mean()
    inner = int(np.frexp(np.abs(away).max(initial=0.0))[1])
    deviation = np.ldexp(np.sqrt((np.ldexp(away, -inner) ** 2).mean()), inner)
    return float(np.ldexp(close.mean(), exponent)), float(np.ldexp(deviation, exponent))


def days_of(series: "pd.Series", source: str) -> np.ndarray:
    """A column of dates as (rows,) float64 days since 1970-01-01 (UTC), NaN where missing.

    Raises DataError for a value that is no date, naming the source, the column and the row.
    """
    moments = moments_of(series, source)
    days = moments.astype(np.int64) / MICROSECONDS_PER_DAY
    return np.where(np.isnat(moments), np.nan, days)


def moments_of(series: "pd.Series", source: str) -> np.ndarray:
    """A column of dates as (rows,) datetime64 in microseconds (UTC), NaT where missing; raises as
    `days_of`.
    """
    import pandas as pd

    kind = kind_of(series)
    dates: Any = pd.Series(pd.NaT, index=series.index, dtype="datetime64[ns, UTC]")
    if kind == "text":
        text = series.astype(object).where(series.notna(), None)
        dates = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    elif kind == "date":
        dates = pd.to_datetime(series, utc=True, errors="coerce")
    refuse_first(series, dates.isna().to_numpy(), source, "is not a date", "a date such as 2024-01-31")
    # In microseconds, the years 1 to 9999 fit; in nanoseconds, the common 9999-12-31 would not.
    return dates.dt.tz_localize(None).to_numpy().astype("datetime64[us]")


def first_infinite(numbers: np.ndarray) -> tuple[int, int] | None:
    """(how many values are infinite, the position of the first), or None where none is."""
    infinite = np.isinf(numbers)
    return (int(infinite.sum()), int(np.argmax(infinite))) if infinite.any() else None


def refuse_infinite(series: "pd.Series", numbers: np.ndarray, source: str) -> None:
    """Raises DataError, naming the column and the first row, where a column has infinite values."""
    found = first_infinite(numbers)
    if found is None:
        return
    count, position = found
    values = "1 value is infinite" if count == 1 else f"{count:,} values are infinite"
    raise DataError(
        f"{source}, column {series.name!r}: {values} (first in {place(series, position)})",
        remedy="replace them or leave them empty",
    )


def _floats(series: Any) -> np.ndarray:
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def refuse_first(series: "pd.Series", failed: np.ndarray, source: str, problem: str, expected: str) -> None:
    """Raises DataError for the first value that is there but could not be converted."""
    bad = failed & series.notna().to_numpy()
    if not bad.any():
        return
    position = int(np.argmax(bad))
    value = series.iloc[position]
    also = f" (and {int(bad.sum()) - 1:,} more)" if bad.sum() > 1 else ""
    raise DataError(
        f"{source}, column {series.name!r}, {place(series, position)}: {shortened(value)} {problem}{also}",
        remedy=f"write {expected} there or leave it empty",
    )
