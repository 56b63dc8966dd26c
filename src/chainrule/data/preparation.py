"""Preparation: how rows of a table become features and targets, learned from the training rows alone."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.checks import check_task
from chainrule.data.columns import (
    CategoryColumn,
    Column,
    NumberColumn,
    fit_columns,
    numbers_matrix,
    standardized,
)
from chainrule.data.table import tidy_columns
from chainrule.data.values import column_of, keys_of, kind_of, numbers_of, refuse_infinite, text_key
from chainrule.data.wording import listed, place, shortened
from chainrule.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1

ClassValue = str | int | float | bool


@dataclass(frozen=True)
class Preparation:
    """What was learned of a table's columns, as plain numbers and names.

    scikit-learn's objects are rebuilt from it.

    target, task: the column to predict; 'classification' or 'regression'.
    source: what messages call the table it was learned from.
    columns: those that become features, in order, each a NumberColumn or a CategoryColumn (`kind` tells).
    classes: in ascending order, in their original type; empty for regression.
    target_mean, target_scale: of a regression target; 0 and 1 for classification.
    notes: sentences on columns that were left out or turned into something else.
    scikit_learn: the version it was learned with.
    """

    target: str
    task: str
    source: str
    columns: tuple[Column, ...]
    classes: tuple[ClassValue, ...]
    target_mean: float
    target_scale: float
    notes: tuple[str, ...]
    scikit_learn: str

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name per feature: a number's column name, or 'column=category'."""
        return tuple(name for column in self.columns for name in column.features())

    def transform(self, frame: "pd.DataFrame", source: str = "the table") -> np.ndarray:
        """Turns rows into features.

        frame: has at least the columns that were learned from, in any order; others are ignored. Missing
            values are filled in; a category never seen is 0 in every feature, or counts as '(other)'.
        source: what messages call this table.
        Returns (rows, features) float32.
        Raises DataError for missing columns, text where a number was expected, and infinite values.
        """
        frame = tidy_columns(frame, source)
        self._check_columns(frame, source)
        if len(frame) == 0:
            raise DataError(f"{source} has no rows", remedy="give at least one row")
        numbers = [column for column in self.columns if isinstance(column, NumberColumn)]
        blocks: dict[str, np.ndarray] = {}
        if numbers:
            scaled = standardized(numbers_matrix(frame, numbers, source), numbers)
            blocks.update((column.name, scaled[:, [number]]) for number, column in enumerate(numbers))
        for column in self.columns:
            if isinstance(column, CategoryColumn):
                blocks[column.name] = column.encoded(column_of(frame, column.name))
            else:
                _check_range(column_of(frame, column.name), blocks[column.name][:, 0], source)
        return np.concatenate([blocks[column.name] for column in self.columns], axis=1).astype(np.float32)

    def transform_target(self, series: "pd.Series", source: str = "the table") -> np.ndarray:
        """Turns target values into what a network is trained on.

        Returns (rows,): int32 class numbers, or float32 (value - mean) / scale for regression.
        Raises DataError for missing values, classes that were never seen, and what is no finite number.
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
        scaled = (numbers - self.target_mean) / self.target_scale
        _check_range(series, scaled, source)
        return scaled.astype(np.float32)

    def inverse_target(self, values: np.ndarray) -> np.ndarray:
        """Turns what a network predicts back into the target's own values.

        values: class numbers of any shape, or standardized values of any shape for regression.
        Returns the same shape: classes in their original type, or float64.
        """
        if self.task == "classification":
            return np.array(self.classes)[np.asarray(values)]
        return np.asarray(values, dtype=np.float64) * self.target_scale + self.target_mean

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and text; `from_json` restores an equal Preparation, to the bit."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Preparation":
        """Restores what `to_json` gave, also after a round trip through JSON text.

        Raises DataError where data is no such dict, or of a later format.
        """
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            found = data.get("format") if isinstance(data, dict) else type(data).__name__
            raise DataError(
                f"the preparation has format {found!r}; {FORMAT} was expected",
                remedy="train again to write it anew",
            )
        fields = {name: value for name, value in data.items() if name != "format"}
        try:
            fields["columns"] = tuple(_column(column) for column in fields["columns"])
            return cls(**{**fields, "classes": tuple(fields["classes"]), "notes": tuple(fields["notes"])})
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
) -> Preparation:
    """Learns from training rows how rows become features and targets.

    Numbers: the median for missing values (SimpleImputer), then mean 0 and standard deviation 1
    (StandardScaler); booleans count as 0 and 1, dates as days. Text: one feature per category
    (OneHotEncoder), 'missing' being a category where training rows have none, and at most 32 features per
    column. Columns that can't help are left out with a note: constant ones, and text or row numbers that
    differ from row to row.

    frame: the training rows alone, so that nothing of the rows held out is learned; the target included.
    task: 'classification' or 'regression'.
    source: what messages call the table.
    classes: all classes of the target (`classes_of` the whole table) where a rare one might be missing from
        the training rows; otherwise those of the training rows.
    Raises DataError for a target that is missing, infinite values, and where no column is left to learn from;
    ConfigError for another task.
    """
    import sklearn

    check_task(task)
    frame = tidy_columns(frame, source)
    if target not in frame.columns:
        raise DataError(
            f"{source} has no column {target!r}", remedy=f"name one of {listed(list(frame.columns), 30)}"
        )
    columns, notes = fit_columns(frame, [name for name in frame.columns if name != target], source)
    mean, scale = 0.0, 1.0
    known: tuple[ClassValue, ...] = ()
    if task == "classification":
        known = classes_of(column_of(frame, target)) if classes is None else classes
    else:
        mean, scale = _mean_and_scale(column_of(frame, target), source)
    return Preparation(target, task, source, columns, known, mean, scale, notes, str(sklearn.__version__))


def classes_of(series: "pd.Series") -> tuple[ClassValue, ...]:
    """The distinct values of a target in ascending order, as bool, int, float or text; none for missing."""
    present = series.dropna()
    kind = kind_of(present)
    if kind == "boolean":
        return tuple(sorted({bool(value) for value in present.unique()}))
    if kind == "number":
        values = np.unique(numbers_of(present, ""))
        whole = np.equal(values, np.trunc(values)).all()
        return tuple(int(value) if whole else float(value) for value in values)
    return tuple(sorted(set(keys_of(present))))


def _mean_and_scale(series: "pd.Series", source: str) -> tuple[float, float]:
    from sklearn.preprocessing import StandardScaler

    numbers = numbers_of(series, source)
    refuse_infinite(series, numbers, source)
    if len(numbers) == 0 or np.isnan(numbers).any():
        raise DataError(
            f"{source}: the target column {series.name!r} has missing values in training rows",
            remedy="leave those rows out",
        )
    with np.errstate(over="ignore", invalid="ignore"):
        scaler: Any = StandardScaler().fit(numbers.reshape(-1, 1))
    mean, scale = float(scaler.mean_[0]), float(scaler.scale_[0])
    if not np.isfinite([mean, scaler.var_[0]]).all():
        raise DataError(
            f"{source}: the values of the target column {series.name!r} are too large to standardize",
            remedy="rescale the column, for example by a power of ten or its logarithm",
        )
    return mean, scale


def _column(data: dict[str, Any]) -> Column:
    if data["kind"] == "number":
        return NumberColumn(**data)
    return CategoryColumn(**{**data, "categories": tuple(data["categories"])})


def _check_range(series: "pd.Series", scaled: np.ndarray, source: str) -> None:
    """Raises DataError where a value is finite but, once standardized, too large for float32."""
    large = ~(np.abs(scaled) <= np.finfo(np.float32).max)
    if large.any():
        position = int(np.argmax(large))
        raise DataError(
            f"{source}, column {series.name!r}, {place(series, position)}: {shortened(series.iloc[position])}"
            " is far beyond what was seen in training",
            remedy="correct it or leave it empty",
        )
