"""How the dates of a text column are written: the one format that most rows fit, and reading by it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

ISO = "ISO 8601"
_ISO_TEXT = r"(?:\d{4}-\d{2}-\d{2}(?:[T ].*)?)"
_OFFSET = r"(?<=:\d\d)(?:\.\d+)?\s*(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)$"
_LOOKS = (
    r"(?:\d{1,4}[./-]\d{1,2}([./-]\d{2,4}.*)?"
    r"|\d{1,2}\.?[ /-]?[A-Za-z]{3,9}[ /-]?\d{2,4}.*"
    r"|[A-Za-z]{3,9} \d{1,2},? \d{4}.*"
    r"|[A-Za-z]{3,9}[ -]\d{4})"
)
_LAST = r"\s*(?:Z|[+-]\d{2}(?::?\d{2})?)$"
_DAYS = {
    "day.month.year": ("%d.%m.%Y", "%d.%m.%y"),
    "month/day/year": ("%m/%d/%Y", "%m/%d/%y"),
    "day/month/year": ("%d/%m/%Y", "%d/%m/%y"),
    "day-month-year": ("%d-%m-%Y", "%d-%m-%y"),
    "month-day-year": ("%m-%d-%Y", "%m-%d-%y"),
    "year/month/day": ("%Y/%m/%d",),
    "year.month.day": ("%Y.%m.%d",),
    "day month year": ("%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d-%b-%y", "%d %B %Y", "%d. %B %Y", "%d. %b %Y"),
    "month day, year": ("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y"),
    "year-month": ("%Y-%m",),
    "month/year": ("%m/%Y",),
    "month year": ("%b %Y", "%B %Y", "%b-%Y"),
}
"""Formats by how a person calls them. Of two that fit alike, such as month/day and day/month, the first."""
_TIMES = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I %p")
_SAMPLE = 200


def learn_dates(texts: "pd.Series", counts: np.ndarray) -> tuple[str, np.ndarray, str]:
    """The date format that most rows of a column fit.

    texts: its distinct texts, without outer spaces. counts: (texts,) rows of each.
    Returns the format ('' where none fits a row: `ISO`, or a pattern of strptime), which texts fit, and the
    other format that fits as well but reads other days, '' for none.
    """
    import pandas as pd

    nothing = "", np.zeros(len(texts), bool), ""
    likely = texts.str.fullmatch(_LOOKS).to_numpy(dtype=bool)
    if counts[likely].sum() < counts.sum() / 2:
        return nothing
    sample = texts[likely].iloc[:_SAMPLE]
    found: list[tuple[int, str, Any]] = []
    for pattern in _patterns():
        if pattern != ISO and read_dates(sample, pattern)[0].isna().all():
            continue
        dates = read_dates(texts, pattern)[0]
        rows = int(counts[dates.notna().to_numpy()].sum())
        if rows:
            found.append((rows, pattern, dates))
    if not found:
        return nothing
    best = max(rows for rows, _, _ in found)
    tied = [(pattern, dates) for rows, pattern, dates in found if rows == best]
    pattern, dates = tied[0]
    other = next((name for name, also in tied[1:] if not pd.Series.equals(also, dates)), "")
    return pattern, dates.notna().to_numpy(), other


def read_dates(texts: "pd.Series", pattern: str) -> tuple["pd.Series", np.ndarray]:
    """Dates by a format: (texts,) datetime64 as the clock on the wall showed them, NaT for what is none.

    Returns them, and (texts,) float64 the minutes by which that clock was ahead of UTC, NaN where the text
    does not say.
    """
    import pandas as pd

    nothing = np.full(len(texts), np.nan)
    if pattern != ISO:
        return pd.to_datetime(texts, format=pattern, errors="coerce"), nothing
    fitting = texts.where(texts.str.fullmatch(_ISO_TEXT).fillna(value=False))
    offsets = fitting.str.extract(_OFFSET, expand=True)["offset"]
    if offsets.notna().any():
        fitting = fitting.where(offsets.isna(), fitting.str.replace(_LAST, "", regex=True))
        nothing = _minutes(offsets)
    return pd.to_datetime(fitting, format="ISO8601", errors="coerce"), nothing


def told_format(pattern: str) -> str:
    """A format as a person calls it: 'day.month.year', 'ISO 8601'."""
    for name, patterns in _DAYS.items():
        if any(pattern == each or pattern.startswith((f"{each} ", f"{each}, ")) for each in patterns):
            return name
    return pattern


def _minutes(offsets: "pd.Series") -> np.ndarray:
    digits = offsets.str.replace(":", "").replace("Z", "+0000").str.ljust(5, "0")
    sign = np.where(digits.str.startswith("-").fillna(value=False), -1.0, 1.0)
    hours, minutes = digits.str[1:3].astype("float64"), digits.str[3:5].astype("float64")
    return sign * (hours * 60 + minutes).to_numpy(dtype=np.float64)


def _patterns() -> Iterator[str]:
    yield ISO
    for days in _DAYS.values():
        for day in days:
            for time in _TIMES:
                yield f"{day} {time}" if time else day
                if time:
                    yield f"{day}, {time}"
