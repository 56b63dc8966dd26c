"""What each column of a table becomes, told from its training rows."""

import re
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.columns import (
    BooleanColumn,
    CategoryColumn,
    Column,
    DateColumn,
    Encoding,
    NumberColumn,
    Standard,
    TextColumn,
    date_parts,
    finite_numbers,
)
from chainrule.data.values import column_of, days_of, keys_of, kind_of, mean_and_deviation, numbers_of
from chainrule.data.wording import counted, listed
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MAXIMUM_ONE_HOT = 32
"""Most features made of one column of categories, one-hot; the last stands for all rarer values together."""
ALWAYS_KEPT, ROWS_PER_CODE = 32, 4
"""As codes, the most frequent categories are kept, and beyond these all that have some rows to learn from."""
WORDS_OF_TEXT = 3
"""Columns whose values usually have this many words, most of them different, hold free text."""
IDENTIFIER = re.compile(
    r"(?:.*[ _-])?id|.*[a-z]I[dD]|index|row(?:[ _-]?(?:id|index|names?|number))?|unnamed[:_] ?\d+"
)


def fit_columns(
    frame: "pd.DataFrame", names: list[str], source: str, encoding: Encoding
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """What to learn of each of some columns from training rows.

    frame: its columns as they were read (`Reading.applied`), so that their types say what they hold.
    Returns the columns, in the frame's order, that carry information; and notes (sentences) on columns that
    were left out or turned into something else.
    Raises DataError for infinite values and where no column is left.
    """
    roles = {name: role_of(column_of(frame, name), source) for name in names}
    reasons: dict[str, list[str]] = {}
    for name, (_, reason) in roles.items():
        if reason:
            reasons.setdefault(reason, []).append(name)
    notes = [_note(reason, columns) for reason, columns in reasons.items()]
    fitted: list[Column] = []
    for name, (role, _) in roles.items():
        series = column_of(frame, name)
        if role == "number":
            fitted.append(_fit_number(series, source))
        elif role == "boolean":
            fitted.append(_fit_boolean(series, source))
        elif role == "date":
            fitted.append(_fit_date(series, source))
        elif role == "text":
            fitted.append(TextColumn(name))
        elif role == "category":
            column, rare = _fit_category(series, encoding)
            fitted.append(column)
            if rare:
                what = "code" if encoding == "codes" else "feature"
                notes.append(f"Column {name!r} has {counted(rare, 'rarer value')} that share one {what}.")
    if not fitted:
        raise DataError(
            f"{source}: no column is left to learn from ({' '.join(notes)})", remedy="add columns that vary"
        )
    return tuple(fitted), tuple(notes)


def role_of(series: "pd.Series", source: str) -> tuple[str, str]:
    """What a column of training rows becomes ('' for nothing), and a reason to tell (or '')."""
    present = series.dropna()
    kind = kind_of(series)
    if len(present) == 0:
        return "", "has no value in the training rows and is left out"
    if kind == "other":
        return "", "holds neither numbers, text nor dates and is left out"
    distinct = len(set(keys_of(present)))
    if distinct == 1 and len(present) == len(series):
        return "", "has one value only and is left out"
    if kind == "date":
        return "date", "holds dates and is used by their parts"
    if kind == "text":
        return _role_of_text(present, distinct)
    if kind == "number" and is_identifier(present, source):
        return "", "numbers the rows and is left out"
    return kind, ""


def is_identifier(present: "pd.Series", source: str) -> bool:
    """Whether numbers without gaps are all different and whole, under a name such as 'customer_id'."""
    numbers, name = numbers_of(present, source), str(present.name)
    if len(numbers) <= 10 or len(np.unique(numbers)) < len(numbers):
        return False
    named_so = IDENTIFIER.fullmatch(name) or IDENTIFIER.fullmatch(name.lower())
    return bool(named_so) and bool(np.equal(numbers, np.trunc(numbers)).all())


def _role_of_text(present: "pd.Series", distinct: int) -> tuple[str, str]:
    if distinct <= 10:
        return "category", ""
    words = np.array([len(str(value).split()) for value in present])
    if distinct > len(present) / 2 and np.median(words) >= WORDS_OF_TEXT:
        return "text", "holds free text and is used by its hashed words"
    if distinct <= len(present) / 2:
        return "category", ""
    return "", "holds a different text in most rows, like a name or an identifier, and is left out"


def _note(reason: str, names: list[str]) -> str:
    if len(names) == 1:
        return f"Column {names[0]!r} {reason}."
    plural = {"has": "have", "holds": "hold", "numbers": "number"}
    first, _, rest = reason.partition(" ")
    rest = rest.replace(" is left out", " are left out").replace(" is used", " are used")
    return f"Columns {listed(names)} {plural[first]} {rest}."


def _fit_number(series: "pd.Series", source: str) -> NumberColumn:
    numbers = finite_numbers(series, source)
    return NumberColumn(str(series.name), _standard(numbers), bool(np.isnan(numbers).any()))


def _fit_boolean(series: "pd.Series", source: str) -> BooleanColumn:
    numbers = finite_numbers(series, source)
    return BooleanColumn(str(series.name), float(np.nanmean(numbers)), bool(np.isnan(numbers).any()))


def _fit_date(series: "pd.Series", source: str) -> DateColumn:
    days = days_of(series, source)
    varying = {
        name: part for name, part in date_parts(days).items() if np.nanmin(part) < np.nanmax(part)
    } or {"days since 1970": days}  # one date, and gaps
    standards = [_standard(part) for part in varying.values()]
    return DateColumn(str(series.name), tuple(varying), tuple(standards), bool(np.isnan(days).any()))


def _standard(numbers: np.ndarray) -> Standard:
    median = float(np.nanmedian(numbers))
    filled = np.where(np.isnan(numbers), median, numbers)
    mean, scale = mean_and_deviation(filled)
    return Standard(median, mean, scale if scale > 0 else 1.0)


def _fit_category(series: "pd.Series", encoding: Encoding) -> tuple[CategoryColumn, int]:
    """The column, and how many rarer values share one feature or code."""
    gaps = bool(series.isna().any())
    values, counts = np.unique(keys_of(series.dropna()).astype(str), return_counts=True)
    commonest = np.argsort(-counts, kind="stable")
    if encoding == "codes":
        kept = [
            place
            for rank, place in enumerate(commonest)
            if rank < ALWAYS_KEPT or counts[place] >= ROWS_PER_CODE
        ]
    else:
        room = MAXIMUM_ONE_HOT - gaps
        kept = list(commonest if len(values) <= room else commonest[: room - 1])
    rare = len(values) - len(kept)
    categories = tuple(sorted(str(values[place]) for place in kept))
    return CategoryColumn(str(series.name), categories, gaps, rare > 0), rare
