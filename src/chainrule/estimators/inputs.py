"""Every kind of X as one matrix of floats: arrays, sparse matrices, and DataFrames of mixed columns."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import Feature, Preparation, fit_preparation
from chainrule.data.given import is_frame, numeric
from chainrule.errors import ChainruleError, DataError

if TYPE_CHECKING:
    import pandas as pd

_TARGET = "target"


@dataclass(frozen=True, eq=False)
class Numbers:
    """Columns of numbers, scaled to mean 0 and standard deviation 1 of the training rows.

    mean, scale: (columns,) float64.
    """

    mean: np.ndarray
    scale: np.ndarray

    def transform(self, x: np.ndarray, dtype: str) -> np.ndarray:
        """(rows, columns) of this dtype. Raises DataError where a value is too large for it."""
        with np.errstate(over="ignore"):
            matrix = ((x - self.mean) / self.scale).astype(dtype)
        refuse_not_finite(matrix, "X", remedy="it is far outside of the range seen in training: correct it")
        return matrix


@dataclass(frozen=True)
class AsGiven:
    """Columns that the network gets unchanged: floats, or integers that it looks up."""

    whole: bool

    def transform(self, x: np.ndarray, dtype: str) -> np.ndarray:
        """(rows, columns): uint8 as they are, int32 for other whole numbers, else this dtype."""
        if x.dtype == np.uint8:
            return x
        if self.whole and np.equal(x, np.trunc(x)).all():
            return x.astype(np.int32)
        return x.astype(dtype)


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of a DataFrame with text, dates, booleans or missing values."""

    preparation: Preparation

    def transform(self, frame: "pd.DataFrame", dtype: str) -> np.ndarray:
        """(rows, features) of this dtype. Raises DataError for what the preparation refuses."""
        return self.preparation.transform(frame, "X").astype(dtype, copy=False)


Inputs = Numbers | AsGiven | Columns


def features_of(inputs: Inputs, columns: int) -> tuple[Feature, ...]:
    """What each of the matrix's columns holds."""
    if isinstance(inputs, Columns):
        return inputs.preparation.features
    return tuple(Feature(f"column {i}", "number") for i in range(columns))


def fit_inputs(
    x: Any, y: np.ndarray, weight: np.ndarray | None, *, standardize: bool, whole: bool, codes: bool
) -> Inputs:
    """Learn from training rows how X becomes a matrix.

    x: (rows, columns), a DataFrame of mixed columns or an array. y: (rows, …) the targets as numbers.
    weight: (rows,) or None. standardize: numbers to mean 0 and deviation 1. whole: the network looks up whole
    numbers, which must stay as they are. codes: the network looks up categories by their code; else each is a
    column of its own.
    """
    if is_frame(x):
        return Columns(_preparation(x, y, codes=codes))
    if whole or not standardize:
        return AsGiven(whole)
    from sklearn.preprocessing import StandardScaler

    with np.errstate(over="ignore", invalid="ignore"):
        scaler: Any = StandardScaler().fit(x, sample_weight=weight)
    refuse_not_finite(
        scaler.var_[None], "X: the variance", remedy="rescale the column, its values are too large"
    )
    return Numbers(np.asarray(scaler.mean_, np.float64), np.asarray(scaler.scale_, np.float64))


def _preparation(frame: "pd.DataFrame", y: np.ndarray, *, codes: bool) -> Preparation:
    name = _TARGET
    while name in frame.columns:
        name += "_"
    first = y if y.ndim == 1 else y[:, 0]
    task = "regression" if first.dtype.kind == "f" else "classification"
    encoding = "codes" if codes else "one_hot"
    return fit_preparation(frame.assign(**{name: first}), name, task, "X", encoding=encoding)


def needs_preparation(x: Any) -> bool:
    """Whether this is a DataFrame with other than plain numbers in it, or with missing ones."""
    if not is_frame(x):
        return False
    kinds = sys.modules["pandas"].api.types
    numeric = all(kinds.is_numeric_dtype(d) and not kinds.is_bool_dtype(d) for d in x.dtypes)
    return not numeric or bool(x.isna().to_numpy().any())


def as_frame(x: Any, names: Sequence[str]) -> "pd.DataFrame":
    """Rows without names as the DataFrame that was fitted on."""
    import pandas as pd

    return x if is_frame(x) else pd.DataFrame(np.asarray(x), columns=list(names)).infer_objects()


@contextmanager
def naming_text(name: str, given: Any, remedy: str) -> Iterator[None]:
    """Where an array holds text, say which and where, and not that it can't be converted."""
    try:
        yield
    except ValueError as error:
        if isinstance(error, ChainruleError) or "could not convert string" not in str(error):
            raise
        try:
            numeric(name, given)
        except DataError as found:
            raise DataError(found.what, remedy=remedy) from None
        raise


def refuse_not_finite(array: np.ndarray, name: str, remedy: str) -> None:
    """Raises DataError that names the first row and column where the array is NaN or infinite."""
    if np.isfinite(array).all():
        return
    where = np.argwhere(~np.isfinite(array))[0]
    count = int((~np.isfinite(array)).sum())
    value = "NaN" if np.isnan(array[tuple(where)]) else "inf"
    place = f"row {where[0]}" if array.ndim == 1 else f"row {where[0]}, column {where[1]}"
    several = f" (and {count - 1:,} more)" if count > 1 else ""
    raise DataError(f"{name} is {value} in {place}{several}", remedy=remedy)


def checked_weight(given: Any, rows: int, name: str = "sample_weight") -> np.ndarray | None:
    """(rows,) float64, or None where all rows count 1.

    Raises DataError for a wrong length, what is no number, below 0, or all zero.
    """
    if given is None:
        return None
    try:
        weight = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"{name} holds values that are not numbers", remedy="give one number per row"
        ) from None
    if weight.ndim == 0:
        weight = np.full(rows, float(weight))
    if weight.shape != (rows,):
        raise DataError(
            f"{name} has shape {weight.shape}, and X has {rows:,} rows", remedy=f"give it the shape ({rows},)"
        )
    refuse_not_finite(weight, name, remedy="give one finite number a row")
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise DataError(f"{name} is {weight[row]:g} in row {row}", remedy="give weights of at least 0")
    if not weight.any():
        raise DataError(f"{name}: every weight is zero", remedy="give at least one row a weight above 0")
    weight = _of_usual_size(weight)
    return None if (weight == 1).all() else weight


def _of_usual_size(weight: np.ndarray) -> np.ndarray:
    """Weights as they are where their mean is from 10⁻⁶ to 10⁶; else divided by their mean.

    Weights count rows: twice the weights halve the penalty, as twice the rows do. Far beyond that they can
    only mean how much rows count beside one another.
    """
    below_one = weight / weight.max()  # their sum can't overflow
    mean = float(below_one[below_one > 0].mean())
    return weight if 1e-6 <= mean * float(weight.max()) <= 1e6 else below_one / mean
