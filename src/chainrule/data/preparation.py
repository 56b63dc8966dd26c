"""Preparation: converts rows of a table to features and targets, by statistics of the training rows."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.checks import check_task
from chainrule.data.columns import (
    ENCODINGS,
    BooleanColumn,
    CategoryColumn,
    Column,
    DateColumn,
    Encoding,
    Feature,
    NumberColumn,
    Standard,
    TextColumn,
    check_range,
)
from chainrule.data.reading import MARKERS, ColumnReading, Raw, Reading, learn_reading
from chainrule.data.roles import fit_columns
from chainrule.data.table import tidy_columns
from chainrule.data.target import TargetScale, fit_target
from chainrule.data.values import column_of, keys_of, kind_of, numbers_of, refuse_infinite, text_key
from chainrule.data.wording import listed, place, shortened
from chainrule.errors import ConfigError, DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

FORMAT, WITHOUT_READING = 3, 2
"""Of the stored form. One without a reading had ISO dates and decimal points only, as a new reading has."""

ClassValue = str | int | float | bool


@dataclass(frozen=True)
class Preparation:
    """The preparation of the columns of a table, as plain numbers and names.

    target: the column to predict. task: 'classification' or 'regression'.
    source: the name of the training table in messages.
    encoding: of categories, 'one_hot' or 'codes'.
    columns: those that become features, in order, each of the class for its kind.
    classes: in ascending order, in their original type; empty for regression.
    target_scale: how a regression target is transformed and scaled; None for classification.
    notes: sentences on columns that were left out or converted.
    scikit_learn: the version that was used.
    reading: how the cells of these columns, and of the target, are read.
    """

    target: str
    task: str
    source: str
    encoding: Encoding
    columns: tuple[Column, ...]
    classes: tuple[ClassValue, ...]
    target_scale: TargetScale | None
    notes: tuple[str, ...]
    scikit_learn: str
    reading: Reading

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns of the matrix, in order."""
        return tuple(feature for column in self.columns for feature in column.features(self.encoding))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each feature: that of its column, or such as 'column=category'."""
        return tuple(feature.name for feature in self.features)

    def transform(self, frame: "pd.DataFrame", source: str = "the table") -> np.ndarray:
        """Converts rows to features.

        frame: has at least the columns of the training table, in any order; others are ignored. Missing
            values are imputed; an unknown category has the code 1 or, one-hot, is encoded as '(other)'.
        source: the name of this table in messages.
        Returns (rows, features) float32; codes are whole numbers.
        Raises DataError for missing columns, values that do not fit the reading, and infinite values.
        """
        frame = self._read(frame, source)
        blocks = [
            column.encoded(column_of(frame, column.name), source, self.encoding).astype(np.float32)
            for column in self.columns
        ]
        return np.concatenate(blocks, axis=1)

    def unseen(self, frame: "pd.DataFrame", source: str = "the table") -> dict[str, int]:
        """Column of categories -> the number of its values that are none of the learned categories.

        If rarer values shared a code in training, these are counted, too. frame, source: as for `transform`.
        """
        frame = self._read(frame, source)
        counts = {
            column.name: column.count_unseen(column_of(frame, column.name))
            for column in self.columns
            if isinstance(column, CategoryColumn)
        }
        return {name: count for name, count in counts.items() if count}

    def _read(self, frame: "pd.DataFrame", source: str) -> "pd.DataFrame":
        frame = tidy_columns(frame, source)
        self._check_columns(frame, source)
        if len(frame) == 0:
            raise DataError(f"{source} has no rows", remedy="give at least one row")
        return self.reading.applied(Raw(frame[[column.name for column in self.columns]], source))

    def transform_target(self, series: "pd.Series", source: str = "the table") -> np.ndarray:
        """Converts target values to those that a network is trained on.

        Returns (rows,): int32 class numbers, or for regression float32 with mean 0 and standard deviation 1.
        Raises DataError for missing values, unknown classes, and values that are not finite numbers.
        """
        missing = series.isna().to_numpy()
        if missing.any():
            where = place(series, int(np.argmax(missing)))
            raise DataError(
                f"{source}, column {self.target!r}, {where}: the value is missing",
                remedy="fill it in or leave the row out",
            )
        if self.task == "classification":
            return self._class_numbers(series, source)
        numbers = numbers_of(series, source)
        refuse_infinite(series, numbers, source)
        scaled = self._scale.applied(numbers)
        check_range(series, scaled, source)
        return scaled.astype(np.float32)

    def inverse_target(self, values: np.ndarray) -> np.ndarray:
        """Converts predictions of a network back to values of the target.

        values: class numbers of any shape, or standardized values of any shape for regression.
        Returns the same shape: classes in their original type, or float64.
        """
        if self.task == "classification":
            return np.array(self.classes)[np.asarray(values)]
        return self._scale.inverted(np.asarray(values, dtype=np.float64))

    @property
    def _scale(self) -> TargetScale:
        assert self.target_scale is not None  # every regression has one
        return self.target_scale

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and text; `from_json` restores an equal Preparation, to the bit."""
        fields = {name: value for name, value in vars(self).items() if name != "reading"}
        fields["columns"] = [asdict(column) for column in self.columns]
        fields["target_scale"] = None if self.target_scale is None else asdict(self.target_scale)
        return {"format": FORMAT, **fields, "reading": self.reading.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Preparation":
        """Restores the result of `to_json`, also after a round trip through JSON text.

        Raises DataError for other data, and for a later format.
        """
        if not isinstance(data, dict) or data.get("format") not in (FORMAT, WITHOUT_READING):
            found = data.get("format") if isinstance(data, dict) else type(data).__name__
            raise DataError(
                f"the preparation has format {found!r}; {FORMAT} was expected",
                remedy="train again to write it anew",
            )
        fields = {name: value for name, value in data.items() if name != "format"}
        try:
            fields |= {name: tuple(fields[name]) for name in ("classes", "notes")}
            fields["columns"] = tuple(_column(column) for column in fields["columns"])
            scale = fields["target_scale"]
            fields["target_scale"] = None if scale is None else TargetScale(**scale)
            stored = fields.get("reading") or _plain_reading(fields["columns"])
            fields["reading"] = Reading.from_json(stored)
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise DataError(
                f"the preparation is damaged: {error}", remedy="train again to write it anew"
            ) from error

    def _check_columns(self, frame: "pd.DataFrame", source: str) -> None:
        present = set(frame.columns)
        lacking = [column.name for column in self.columns if column.name not in present]
        if not lacking:
            return
        known = {column.name for column in self.columns}
        spare = [name for name in frame.columns if name not in known]
        noun = "column" if len(lacking) == 1 else "columns"
        names = ", ".join(f"{name!r}{did_you_mean(name, spare)}" for name in lacking[:10])
        more = f" and {len(lacking) - 10} more" if len(lacking) > 10 else ""
        raise DataError(
            f"{source} lacks the {noun} {names}{more}, which {self.source} had in training",
            remedy="add what is missing, or rename the columns in the file",
        )

    def _class_numbers(self, series: "pd.Series", source: str) -> np.ndarray:
        keys = keys_of(series)
        if self.classes and all(isinstance(value, bool) for value in self.classes):
            # A boolean may come back as text in any case, or as 0 and 1.
            keys = np.array([key.lower() for key in keys], dtype=object)
            numbers = {}
            for number, value in enumerate(self.classes):
                numbers.update({str(value).lower(): number, str(int(value)): number})
        else:
            numbers = {text_key(value): number for number, value in enumerate(self.classes)}
        found = np.array([numbers.get(key, -1) for key in keys], dtype=np.int32)
        if (found < 0).any():
            position = int(np.argmax(found < 0))
            where = f"{source}, column {self.target!r}, {place(series, position)}"
            raise DataError(
                f"{where}: {shortened(series.iloc[position])} is none of the classes seen in training:"
                f" {listed(self.classes)}",
                remedy="correct it or leave the row out",
            )
        return found


def fit_preparation(
    frame: "pd.DataFrame",
    target: str,
    task: str,
    source: str = "the table",
    classes: tuple[ClassValue, ...] | None = None,
    *,
    encoding: Encoding = "one_hot",
    transform_target: bool = False,
    reading: Reading | None = None,
) -> Preparation:
    """Computes from training rows how rows are converted to features and targets.

    Numbers: missing values become the median, then they are scaled to mean 0 and standard deviation 1.
    Booleans become 0 and 1. Dates become the parts that vary, such as year, month, weekday and hour, scaled
    like numbers. If training rows have missing values, one more feature marks them. Free text becomes 64
    features of hashed words. Columns that can't help are left out with a note: constant ones, and names or
    row numbers that differ in every row.

    frame: the training rows only, so that nothing is learned from held-out rows; with the target.
    task: 'classification' or 'regression'.
    source: the name of the table in messages.
    classes: all classes of the target (`classes_of` the whole table), if the training rows might lack a rare
        one; None: those of the training rows.
    encoding: of categories. 'one_hot': a feature for each, at most 32 for a column, the last of them for all
        rarer ones. 'codes': one feature of numbers for an embedding (0 missing, 1 rare or unknown, 2 … the
        learned categories: the 32 most frequent ones and all others with at least 4 rows).
    transform_target: take the logarithm or a power of a regression target that is skewed (`fit_target`).
    reading: how the cells of the frame were read (`Table.reading`); None: unknown, and texts of the frame may
        be numbers and dates.
    Raises DataError for a missing target, infinite values, and if no column is left; ConfigError for another
    task or encoding.
    """
    import sklearn

    check_task(task)
    if encoding not in ENCODINGS:
        raise ConfigError(f"encoding is {encoding!r}", remedy=f"choose {' or '.join(ENCODINGS)}")
    frame = tidy_columns(frame, source)
    if target not in frame.columns:
        raise DataError(
            f"{source} has no column {target!r}", remedy=f"name one of {listed(list(frame.columns), 30)}"
        )
    names = [name for name in frame.columns if name != target]
    said: tuple[str, ...] = ()
    if reading is None:
        raw = Raw(frame[names], source)
        reading = learn_reading(raw)
        said = reading.notes
        frame = reading.applied(raw).assign(**{target: column_of(frame, target)})
    columns, notes = fit_columns(frame, names, source, encoding)
    used = {target, *(column.name for column in columns)}
    kept = Reading({name: column for name, column in reading.columns.items() if name in used})
    scale: TargetScale | None = None
    known: tuple[ClassValue, ...] = ()
    if task == "classification":
        known = classes_of(column_of(frame, target)) if classes is None else classes
    else:
        scale = fit_target(column_of(frame, target), source, transform=transform_target)
    version = str(sklearn.__version__)
    return Preparation(target, task, source, encoding, columns, known, scale, (*said, *notes), version, kept)


def classes_of(series: "pd.Series") -> tuple[ClassValue, ...]:
    """The distinct values of a target, ascending, as bool, int, float or text, without missing ones."""
    present = series.dropna()
    kind = kind_of(present)
    if kind == "boolean":
        return tuple(sorted({bool(value) for value in present.unique()}))
    if kind == "number":
        values = [value.item() if isinstance(value, np.generic) else value for value in present.unique()]
        whole = all(float(value).is_integer() for value in values)
        return tuple(sorted({int(value) if whole else float(value) for value in values}))
    return tuple(sorted(set(keys_of(present))))


def _plain_reading(columns: tuple[Column, ...]) -> dict[str, Any]:
    """How files were read before a reading was stored."""
    return {
        each.name: asdict(
            ColumnReading(each.name, "text", gaps=MARKERS)
            if each.kind in ("category", "text")
            else ColumnReading(each.name, each.kind)
        )
        for each in columns
    }


def _column(data: dict[str, Any]) -> Column:
    """The column that `asdict` took apart."""
    kinds = (NumberColumn, BooleanColumn, DateColumn, TextColumn, CategoryColumn)
    kind = {each.kind: each for each in kinds}[data["kind"]]
    fields = dict(data)
    if "standard" in fields:
        fields["standard"] = Standard(**fields["standard"])
    if "standards" in fields:
        fields["standards"] = tuple(Standard(**each) for each in fields["standards"])
    for name in ("parts", "categories"):
        if name in fields:
            fields[name] = tuple(fields[name])
    return kind(**fields)
