"""Columns of a table as features: the statistics of the training rows, and how they are applied."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.data.values import days_of, keys_of, numbers_of, refuse_infinite
from chainrule.data.wording import place, shortened
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Encoding = Literal["one_hot", "codes"]
ENCODINGS: tuple[Encoding, ...] = ("one_hot", "codes")
TEXT_FEATURES = 64
MISSING_CODE, OTHER_CODE, FIRST_CODE = 0, 1, 2


@dataclass(frozen=True)
class Feature:
    """A column of the prepared matrix.

    name: such as 'age', 'age is missing', 'city' or 'city=Bern', 'day (weekday)'.
    kind: 'number', with mean 0 and standard deviation 1 in the training rows; 'flag', 0 or 1; 'code', a
        category: 0 missing, 1 rare or unknown, from 2 on those of the training rows; 'text', a part of
        hashed text.
    size: for a 'code', the number of codes; else 1.
    """

    name: str
    kind: Literal["number", "flag", "code", "text"]
    size: int = 1


@dataclass(frozen=True)
class Standard:
    """How numbers are imputed and scaled: (value - mean) / scale, with the median for missing values.

    The statistics are those of the training rows; mean and scale after imputation.
    """

    median: float
    mean: float
    scale: float

    def applied(self, numbers: np.ndarray) -> np.ndarray:
        """The same shape, without NaN."""
        return (np.where(np.isnan(numbers), self.median, numbers) - self.mean) / self.scale


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers: a standardized feature, and a flag for missing values, if there were any."""

    name: str
    standard: Standard
    gaps: bool
    kind: Literal["number"] = "number"

    def features(self, encoding: Encoding) -> tuple[Feature, ...]:
        return (Feature(self.name, "number"), *_flag_of_gaps(self))

    def encoded(self, series: "pd.Series", source: str, encoding: Encoding) -> np.ndarray:
        """(rows, features) float64; raises DataError for what is no finite number."""
        numbers = finite_numbers(series, source)
        scaled = self.standard.applied(numbers)
        check_range(series, scaled, source)
        return _with_gaps(self, scaled[:, None], numbers)


@dataclass(frozen=True)
class BooleanColumn:
    """A column of true and false: 1 and 0, the share of true for missing values, and a flag for these."""

    name: str
    share: float
    gaps: bool
    kind: Literal["boolean"] = "boolean"

    def features(self, encoding: Encoding) -> tuple[Feature, ...]:
        return (Feature(self.name, "flag"), *_flag_of_gaps(self))

    def encoded(self, series: "pd.Series", source: str, encoding: Encoding) -> np.ndarray:
        """(rows, features) float64; raises DataError for what is neither true nor false."""
        numbers = finite_numbers(series, source)
        return _with_gaps(self, np.where(np.isnan(numbers), self.share, numbers)[:, None], numbers)


@dataclass(frozen=True)
class DateColumn:
    """A column of dates: the parts that vary, each as a standardized feature, and a flag for missing values.

    parts, standards: names in DATE_PARTS, and the scaling of each.
    """

    name: str
    parts: tuple[str, ...]
    standards: tuple[Standard, ...]
    gaps: bool
    kind: Literal["date"] = "date"

    def features(self, encoding: Encoding) -> tuple[Feature, ...]:
        named = (Feature(f"{self.name} ({part})", "number") for part in self.parts)
        return (*named, *_flag_of_gaps(self))

    def encoded(self, series: "pd.Series", source: str, encoding: Encoding) -> np.ndarray:
        """(rows, features) float64; raises DataError for what is no date."""
        days = days_of(series, source)
        parts = date_parts(days)
        scaled = [s.applied(parts[name]) for name, s in zip(self.parts, self.standards, strict=True)]
        return _with_gaps(self, np.column_stack(scaled), days)


@dataclass(frozen=True)
class TextColumn:
    """A column of free text: its words and pairs of words, hashed into 64 features (a vector of length 1).

    Made by scikit-learn's HashingVectorizer, which learns nothing. A missing text is 0 in all features.
    """

    name: str
    kind: Literal["text"] = "text"

    def features(self, encoding: Encoding) -> tuple[Feature, ...]:
        return tuple(Feature(f"{self.name}~{number}", "text") for number in range(TEXT_FEATURES))

    def encoded(self, series: "pd.Series", source: str, encoding: Encoding) -> np.ndarray:
        """(rows, 64) float64."""
        from sklearn.feature_extraction.text import HashingVectorizer

        texts = np.where(series.isna().to_numpy(), "", keys_of(series))
        hashing: Any = HashingVectorizer(n_features=TEXT_FEATURES, ngram_range=(1, 2))
        return np.asarray(hashing.transform(texts).toarray())


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories, as one code or as one feature per category (one-hot).

    categories: of the training rows, in ascending order. gaps: whether training rows had missing values.
    others: whether there were rarer values, which share one feature or code.
    With one-hot encoding, an unknown category is encoded as a rarer value if there were any, else as 0 in
    every feature.
    """

    name: str
    categories: tuple[str, ...]
    gaps: bool
    others: bool
    kind: Literal["category"] = "category"

    def features(self, encoding: Encoding) -> tuple[Feature, ...]:
        if encoding == "codes":
            return (Feature(self.name, "code", FIRST_CODE + len(self.categories)),)
        names = [*self.categories, *["(missing)"] * self.gaps, *["(other)"] * self.others]
        return tuple(Feature(f"{self.name}={name[:60]}", "flag") for name in names)

    def encoded(self, series: "pd.Series", source: str, encoding: Encoding) -> np.ndarray:
        """(rows, features) float64."""
        codes = self._codes(series)
        if encoding == "codes":
            return codes[:, None].astype(np.float64)
        count = len(self.categories)
        shown = [
            *range(FIRST_CODE, FIRST_CODE + count),
            *[MISSING_CODE] * self.gaps,
            *[OTHER_CODE] * self.others,
        ]
        return (codes[:, None] == np.array(shown, dtype=np.int64)).astype(np.float64)

    def count_unseen(self, series: "pd.Series") -> int:
        """The number of values that are not missing and none of the categories."""
        return int((self._codes(series) == OTHER_CODE).sum())

    def _codes(self, series: "pd.Series") -> np.ndarray:
        import pandas as pd

        found = pd.Index(self.categories, dtype=object).get_indexer(pd.Index(keys_of(series), dtype=object))
        codes = np.where(found < 0, OTHER_CODE, found + FIRST_CODE)
        return np.where(series.isna().to_numpy(), MISSING_CODE, codes)


Column = NumberColumn | BooleanColumn | DateColumn | TextColumn | CategoryColumn
"""A column of a table that becomes features."""


def date_parts(days: np.ndarray) -> dict[str, np.ndarray]:
    """The parts of dates by name: (rows,) float64 each, NaN for missing dates.

    days: (rows,) since 1970-01-01. The month is a point on a circle (sine and cosine), so that December is
    next to January; minutes are a fraction of the hour; Monday is weekday 0.
    """
    present = ~np.isnan(days)
    known = np.where(present, days, 0.0)
    whole = np.floor(known)
    dates = whole.astype("datetime64[D]")
    months, years = dates.astype("datetime64[M]"), dates.astype("datetime64[Y]")
    angle = 2 * np.pi * (months - years.astype("datetime64[M]")).astype(np.float64) / 12
    parts = {
        "days since 1970": known,
        "year": years.astype(np.int64) + 1970.0,
        "sine of month": np.sin(angle),
        "cosine of month": np.cos(angle),
        "day of month": (dates - months.astype("datetime64[D]")).astype(np.float64) + 1.0,
        "weekday": (whole + 3.0) % 7.0,
        "hour": np.round((known - whole) * 24.0, 6),
    }
    return {name: np.where(present, part, np.nan) for name, part in parts.items()}


def finite_numbers(series: "pd.Series", source: str) -> np.ndarray:
    """(rows,) float64, NaN where missing; raises DataError for text and infinite values."""
    numbers = numbers_of(series, source)
    refuse_infinite(series, numbers, source)
    return numbers


def check_range(series: "pd.Series", scaled: np.ndarray, source: str) -> None:
    """Raises DataError for a finite value that is too large for float32 after standardization."""
    large = ~(np.abs(scaled) <= np.finfo(np.float32).max)
    if large.any():
        position = int(np.argmax(large))
        raise DataError(
            f"{source}, column {series.name!r}, {place(series, position)}: {shortened(series.iloc[position])}"
            " is far outside of the range seen in training",
            remedy="correct it or leave it empty",
        )


def _flag_of_gaps(column: NumberColumn | BooleanColumn | DateColumn) -> tuple[Feature, ...]:
    return (Feature(f"{column.name} is missing", "flag"),) if column.gaps else ()


def _with_gaps(
    column: NumberColumn | BooleanColumn | DateColumn, features: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """The features, and whether a value is missing, if the column has that feature."""
    return np.column_stack([features, np.isnan(values)]) if column.gaps else features
