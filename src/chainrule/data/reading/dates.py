"""The date format of a text column: finding the format that fits most rows, and parsing with it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.reading.arrow import arrow_texts, compute

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ISO = "ISO 8601"
_ISO_TEXT = r"^\d{4}-\d{2}-\d{2}(?:[T ].*)?$"
_LAST = r"\s*(Z|[+-]\d{2}(?::?\d{2})?)$"
_OFFSET = rf":\d\d(?:\.\d+)?{_LAST}"
_WORD = re.compile(r"[A-Za-z]+|\d+")
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
"""strptime patterns by readable name. If several fit equally well, the first is taken."""
_TIMES = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I %p")
_SAMPLE = 100


@dataclass(frozen=True, eq=False)
class LearnedDates:
    """The date format that most rows of a column fit.

    pattern: `ISO`, or a pattern of strptime. fits: (texts,) whether each text matches it. minutes: (texts,)
    offset of each text in minutes ahead of UTC, NaN if it has none. other: another format that fits as many
    rows but gives other dates; '' for none.
    """

    pattern: str
    fits: np.ndarray
    minutes: np.ndarray
    other: str = ""


Read = Callable[[str], tuple["pd.Series", np.ndarray]]


def learn_dates(texts: "pa.Array", counts: np.ndarray, most: int, read: Read) -> LearnedDates | None:
    """The format that fits most rows of a column; None if no format fits enough texts.

    texts: its distinct texts, stripped. counts: (texts,) rows with each. most: how many distinct texts may be
    no dates. read: pattern -> `read_dates` of the texts.
    """
    patterns = possible_dates(texts, most)
    if not patterns:
        return None
    if ISO in patterns:
        dates, minutes = read(ISO)
        fits = dates.notna().to_numpy()
        if (~fits).sum() <= most:
            return LearnedDates(ISO, fits, minutes)
    found = [(pattern, read(pattern)[0]) for pattern in patterns if pattern != ISO]
    rows = [int(counts[dates.notna().to_numpy()].sum()) for _, dates in found]
    best = [each for each, count in zip(found, rows, strict=True) if count == max(rows)]
    if not best:
        return None
    pattern, dates = best[0]
    other = next((name for name, also in best[1:] if not also.equals(dates)), "")
    return LearnedDates(pattern, dates.notna().to_numpy(), np.full(len(texts), np.nan), other)


def read_dates(texts: "pd.Series", pattern: str) -> tuple["pd.Series", np.ndarray]:
    """Parse texts with a format.

    Returns ((texts,) datetime64 in local time, NaT for a text that does not match; (texts,) float64 minutes
    ahead of UTC, NaN where the text has no offset).
    """
    import pandas as pd

    minutes = np.full(len(texts), np.nan)
    if pattern != ISO:
        return pd.to_datetime(texts, format=pattern, errors="coerce"), minutes
    cells = arrow_texts(texts)
    pc = compute()
    cells = pc.if_else(pc.match_substring_regex(cells, _ISO_TEXT), cells, None)
    offset = pc.fill_null(pc.match_substring_regex(cells, _OFFSET), fill_value=False)
    if pc.any(offset).as_py():
        ends = pd.Series(pc.replace_substring_regex(cells.filter(offset), f"^.*?{_LAST}", r"\1").to_pylist())
        minutes[offset.to_numpy(zero_copy_only=False)] = _minutes(ends)
        cells = pc.if_else(offset, pc.replace_substring_regex(cells, _LAST, ""), cells)
    fitting = pd.Series(cells.to_pandas(), dtype="str", index=texts.index)
    return pd.to_datetime(fitting, format="ISO8601", errors="coerce"), minutes


def possible_dates(texts: "pa.Array", most: int) -> list[str]:
    """The formats that fit all but at most `most` of the first texts."""
    import pandas as pd

    sample = pd.Series(texts[:_SAMPLE].to_pylist(), dtype="str")
    shapes = {_shape(text) for text in sample}
    tried = [each for each in _patterns() if each == ISO or _shape(each.replace("%", "")) in shapes]
    return [each for each in tried if read_dates(sample, each)[0].isna().sum() <= min(most, len(sample) - 1)]


def _shape(text: str) -> str:
    """A text with every word and number replaced by x: '31.12.2024 10:00' gives 'x.x.x x:x'."""
    return _WORD.sub("x", text)


def told_format(pattern: str) -> str:
    """The readable name of a format: 'day.month.year', 'ISO 8601'."""
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
