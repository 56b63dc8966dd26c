"""Columns of a table as features: what is learned of each from the training rows, and how it is applied."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.data.values import (
    column_of,
    days_of,
    is_iso_dates,
    keys_of,
    kind_of,
    not_numbers,
    numbers_of,
    refuse_infinite,
)
from chainrule.data.wording import counted, listed, place, shortened
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MAXIMUM_CATEGORIES = 32
"""Most features made of one column of text; the last of them stands for all rarer values together."""
MISSING = "missing"
"""The category of rows that have no value."""
OTHER = "\0other"  # stands for the rarer values while the encoder is built; no text of a table is like it
IDENTIFIER = re.compile(
    r"(?:.*[ _-])?id|.*[a-z]I[dD]|index|row(?:[ _-]?(?:id|index|number))?|unnamed[:_] ?\d+"
)


@dataclass(frozen=True)
class NumberColumn:
    """A column that becomes one standardized feature: (value - mean) / scale, the median where missing.

    holds: 'number'; 'boolean', as 0 and 1; or 'date', in days since 1970-01-01.
    median, mean, scale: of the training rows; mean and scale after the median was filled in.
    """

    name: str
    holds: Literal["number", "boolean", "date"]
    median: float
    mean: float
    scale: float
    kind: Literal["number"] = "number"

    def features(self) -> tuple[str, ...]:
        return (self.name,)

    def values(self, series: "pd.Series", source: str) -> np.ndarray:
        """(rows,) float64, NaN where missing; raises DataError for what is no finite number (or date)."""
        if self.holds == "date":
            return days_of(series, source)
        numbers = numbers_of(series, source, truth=self.holds == "boolean")
        refuse_infinite(series, numbers, source)
        return numbers


@dataclass(frozen=True)
class CategoryColumn:
    """A column that becomes one feature per category: 1 for the row's own, 0 for the others (one-hot).

    categories: in ascending order; 'missing' where training rows had no value.
    others: whether one more feature stands for all rarer values, and for values never seen in training;
        without it, such values are 0 in every feature.
    """

    name: str
    categories: tuple[str, ...]
    others: bool
    kind: Literal["category"] = "category"

    def features(self) -> tuple[str, ...]:
        names = (*self.categories, "(other)") if self.others else self.categories
        return tuple(f"{self.name}={category[:60]}" for category in names)

    def encoded(self, series: "pd.Series") -> np.ndarray:
        """(rows, features) zeros and ones, by scikit-learn's OneHotEncoder."""
        from sklearn.preprocessing import OneHotEncoder

        # The encoder learns again from two rows per category, and one of the rarer values: by min_frequency,
        # that one alone is infrequent. So it is rebuilt from names, without touching its private state.
        sample = [*self.categories, *self.categories, *([OTHER] if self.others else [])]
        encoder: Any = OneHotEncoder(
            min_frequency=2, handle_unknown="infrequent_if_exist", sparse_output=False
        )
        encoder.fit(_as_column(np.array(sample, dtype=object)))
        return np.asarray(encoder.transform(_as_column(filled_keys(series))))


Column = NumberColumn | CategoryColumn


def fit_columns(
    frame: "pd.DataFrame", names: list[str], source: str
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """What to learn of each of some columns from training rows.

    Returns the columns, in the frame's order, that carry information; and notes (sentences) on columns that
    were left out or turned into something else.
    Raises DataError for infinite values and where no column is left.
    """
    roles = {name: _role(column_of(frame, name), source) for name in names}
    reasons: dict[str, list[str]] = {}
    for name, (_, reason) in roles.items():
        if reason:
            reasons.setdefault(reason, []).append(name)
    notes = [_note(reason, columns) for reason, columns in reasons.items()]
    numbers = [
        NumberColumn(name, holds, 0.0, 0.0, 1.0)
        for name, (holds, _) in roles.items()
        if holds in ("number", "boolean", "date")
    ]
    categories = [name for name, (holds, _) in roles.items() if holds == "category"]
    if not numbers and not categories:
        raise DataError(
            f"{source}: no column is left to learn from ({' '.join(notes)})", remedy="add columns that vary"
        )
    fitted: dict[str, Column] = {column.name: column for column in _fit_numbers(frame, numbers, source)}
    for name in categories:
        column, rare = _fit_category(column_of(frame, name))
        fitted[name] = column
        if rare:
            notes.append(f"Column {name!r} has {rare:,} rarer values that share one feature.")
    return tuple(fitted[name] for name in names if name in fitted), tuple(notes)


def numbers_matrix(frame: "pd.DataFrame", columns: list[NumberColumn], source: str) -> np.ndarray:
    """(rows, columns) float64, NaN where missing."""
    return np.column_stack([column.values(column_of(frame, column.name), source) for column in columns])


def standardized(matrix: np.ndarray, columns: list[NumberColumn]) -> np.ndarray:
    """(rows, columns) float64: medians filled in and scaled, by scikit-learn's imputer and scaler.

    Both are rebuilt from the learned numbers: the imputer learns again from one row, the medians themselves;
    the scaler is given its documented attributes.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    imputer: Any = SimpleImputer(strategy="median").fit(np.array([[column.median for column in columns]]))
    scaler: Any = StandardScaler()
    scaler.mean_ = np.array([column.mean for column in columns])
    scaler.scale_ = np.array([column.scale for column in columns])
    scaler.var_ = scaler.scale_**2
    scaler.n_features_in_ = len(columns)
    return np.asarray(scaler.transform(imputer.transform(matrix)))


def filled_keys(series: "pd.Series") -> np.ndarray:
    """Each value as text, 'missing' where there is none."""
    return np.where(series.isna().to_numpy(), MISSING, keys_of(series))


def _as_column(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, 1)


def _role(series: "pd.Series", source: str) -> tuple[str, str]:
    """What a column of training rows becomes ('' for nothing), and a reason to tell (or '')."""
    present = series.dropna()
    kind = kind_of(series)
    if len(present) == 0:
        return "", "has no value in the training rows and is left out"
    if kind == "other":
        return "", "holds neither numbers, text nor dates and is left out"
    distinct = len(set(keys_of(present)))
    if distinct == 1 and (kind != "text" or len(present) == len(series)):
        return "", "has one value only and is left out"
    if kind == "date":
        return "date", "holds dates and is used as days since 1970-01-01"
    if kind == "text":
        return _role_of_text(present, distinct)
    if kind == "number" and distinct == len(present) > 10 and _is_identifier(present, source):
        return "", "numbers the rows and is left out"
    return kind, ""


def _role_of_text(present: "pd.Series", distinct: int) -> tuple[str, str]:
    if is_iso_dates(present):
        return "date", "holds dates and is used as days since 1970-01-01"
    if distinct <= 10 or distinct <= len(present) / 2:
        return "category", ""
    failed = not_numbers(present)
    if not failed.any():  # numbers, told as text by a row that is gone
        return "number", ""
    if failed.mean() < 0.2:
        position = int(np.argmax(failed))
        where = f"{shortened(present.iloc[position])} in {place(present, position)}"
        texts = counted(int(failed.sum()), "text")
        return "", f"would hold numbers but for {texts} (first {where}) and is left out"
    return "", "holds a different text in most rows, like a name or an identifier, and is left out"


def _is_identifier(present: "pd.Series", source: str) -> bool:
    name, numbers = str(present.name), numbers_of(present, source)
    named_so = IDENTIFIER.fullmatch(name) or IDENTIFIER.fullmatch(name.lower())
    return bool(named_so) and bool(np.equal(numbers, np.trunc(numbers)).all())


def _note(reason: str, names: list[str]) -> str:
    if len(names) == 1:
        return f"Column {names[0]!r} {reason}."
    plural = {"has": "have", "holds": "hold", "numbers": "number", "would": "would"}
    first, _, rest = reason.partition(" ")
    rest = rest.replace(" is left out", " are left out").replace(" is used", " are used")
    return f"Columns {listed(names)} {plural[first]} {rest}."


def _fit_numbers(frame: "pd.DataFrame", columns: list[NumberColumn], source: str) -> list[NumberColumn]:
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    if not columns:
        return []
    matrix = numbers_matrix(frame, columns, source)
    imputer: Any = SimpleImputer(strategy="median")
    scaler: Any = StandardScaler()
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is named just below
        scaler.fit(imputer.fit_transform(matrix))
    learned = [
        NumberColumn(column.name, column.holds, float(median), float(mean), float(scale))
        for column, median, mean, scale in zip(
            columns, imputer.statistics_, scaler.mean_, scaler.scale_, strict=True
        )
    ]
    for column, variance in zip(learned, scaler.var_, strict=True):
        if not np.isfinite([column.median, column.mean, variance]).all():
            raise DataError(
                f"{source}, column {column.name!r}: its values are too large to standardize",
                remedy="rescale the column, for example by a power of ten or its logarithm",
            )
    return learned


def _fit_category(series: "pd.Series") -> tuple[CategoryColumn, int]:
    """The column, and how many rarer values share one feature."""
    from sklearn.preprocessing import OneHotEncoder

    encoder: Any = OneHotEncoder(max_categories=MAXIMUM_CATEGORIES, handle_unknown="infrequent_if_exist")
    encoder.fit(_as_column(filled_keys(series)))
    rare = encoder.infrequent_categories_[0]
    rarer = set() if rare is None else {str(category) for category in rare}
    kept = tuple(str(category) for category in encoder.categories_[0] if str(category) not in rarer)
    return CategoryColumn(str(series.name), kept, bool(rarer)), len(rarer)
