"""y as a network is trained on it, and back: class numbers and labels, standardized numbers."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.given import as_pandas, refuse_missing
from chainrule.data.wording import listed
from chainrule.errors import DataError
from chainrule.estimators.inputs import naming_text, refuse_not_finite
from chainrule.nn import (
    BinaryCrossEntropy,
    GaussianNegativeLogLikelihood,
    Loss,
    Quantile,
    SoftmaxCrossEntropy,
)


@dataclass(frozen=True, eq=False)
class ClassTargets:
    """Classes, in ascending order; or labels, each present or not.

    classes: (classes,) in their own type; for labels the numbers 0, 1, … of the columns of y.
    multilabel: several labels a row.
    """

    classes: np.ndarray
    multilabel: bool

    @property
    def outputs(self) -> int:
        """Units of the output layer: one decides between two classes."""
        return 1 if len(self.classes) == 2 and not self.multilabel else len(self.classes)

    @property
    def loss(self) -> Loss:
        """Cross-entropy."""
        return SoftmaxCrossEntropy() if self.outputs > 1 and not self.multilabel else BinaryCrossEntropy()

    def encode(self, y: np.ndarray) -> np.ndarray:
        """(rows,) class numbers or (rows, labels) of 0 and 1, int32.

        Raises DataError for a class that is none of them.
        """
        if self.multilabel:
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise DataError(
                    f"y has shape {y.shape}, and had {len(self.classes)} labels before",
                    remedy="give the same labels in every call",
                )
            return np.ascontiguousarray(y, np.int32)
        if y.ndim != 1:
            raise DataError(f"y has shape {y.shape}, and was (rows,) before", remedy="give one class per row")
        strange = np.setdiff1d(y, self.classes)
        if len(strange):
            raise DataError(
                f"y has classes not in classes_: {listed(strange.tolist())}",
                remedy=f"classes_ is {listed(self.classes.tolist())}: name all in the first call",
            )
        return np.searchsorted(self.classes, y).astype(np.int32)


def checked_classes(y: Any) -> np.ndarray:
    """y of a classifier: (rows,) classes or (rows, labels) of 0 and 1.

    Raises ValueError as scikit-learn's classifiers do for continuous numbers and unknown kinds, DataError for
    several classes a row.
    """
    from scipy.sparse import issparse
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import column_or_1d

    if y is None:
        raise DataError("a classifier requires y to be passed, but the target y is None.")
    refuse_missing("y", y)
    array = y.toarray() if issparse(y) else np.asarray(as_pandas(y))
    if array.dtype.kind == "f":
        refuse_not_finite(array, "y", remedy="leave those rows out")
    kind = type_of_target(array, input_name="y")
    if kind not in ("binary", "multiclass", "multilabel-indicator", "multiclass-multioutput"):
        check_classification_targets(array)  # says what is wrong
    if kind == "multilabel-indicator":
        return array
    if kind == "multiclass-multioutput":
        raise DataError(
            f"y has shape {array.shape}, with several classes per row",
            remedy="give labels as columns of 0 and 1, or use sklearn.multioutput.MultiOutputClassifier",
        )
    return array if array.ndim == 1 else column_or_1d(array, warn=True)


@dataclass(frozen=True, eq=False)
class NumberTargets:
    """Numbers, brought to mean 0 and deviation 1 as in the training rows.

    mean, scale: (targets,) float64. loss: on the standardized numbers. single: y was (rows,).
    """

    mean: np.ndarray
    scale: np.ndarray
    loss: Loss
    single: bool

    @property
    def outputs(self) -> int:
        """Units of the output layer."""
        if isinstance(self.loss, Quantile):
            return len(self.loss.quantiles)
        return 2 * len(self.mean) if isinstance(self.loss, GaussianNegativeLogLikelihood) else len(self.mean)

    def encode(self, y: np.ndarray) -> np.ndarray:
        """(rows, targets) float64. Raises DataError for another number of targets."""
        columns = y.reshape(len(y), -1)
        if columns.shape[1] != len(self.mean):
            raise DataError(
                f"y has {columns.shape[1]} targets, and had {len(self.mean)} before",
                remedy="give the same targets in every call",
            )
        return (columns - self.mean) / self.scale

    def decode(self, values: np.ndarray) -> np.ndarray:
        """What the network says, in the targets' own unit: (rows,), (rows, targets) or (rows, quantiles)."""
        decoded = values.astype(np.float64) * self.scale + self.mean
        return decoded[:, 0] if decoded.shape[1] == 1 and self.single else decoded


def fit_number_targets(
    y: np.ndarray, weight: np.ndarray | None, loss: Loss, *, standardize: bool
) -> NumberTargets:
    """Learn mean and deviation of each target from training rows; 0 and 1 where not to standardize."""
    columns = y.reshape(len(y), -1)
    if isinstance(loss, Quantile) and columns.shape[1] > 1:
        raise DataError(
            f"y has {columns.shape[1]} targets, and quantiles are of one",
            remedy="fit one estimator per target, such as with sklearn.multioutput.MultiOutputRegressor",
        )
    mean, scale = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
    if standardize:
        mean = np.average(columns, axis=0, weights=weight)
        deviation = np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=weight))
        refuse_not_finite(deviation[None], "y: the deviation", remedy="rescale y, its values are too large")
        # Rounding makes a deviation of constant targets, too.
        constant = deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean)
        scale = np.where(constant, 1.0, deviation)
    return NumberTargets(mean, scale, loss, y.ndim == 1)


def checked_numbers(y: Any) -> np.ndarray:
    """y of a regressor: (rows,) or (rows, targets) float64, finite."""
    from sklearn.exceptions import DataConversionWarning
    from sklearn.utils import check_array

    if y is None:
        raise DataError("a regressor requires y to be passed, but the target y is None.")
    refuse_missing("y", y)
    with naming_text("y", y, "give numbers; NetClassifier takes classes"):
        array: np.ndarray = check_array(
            as_pandas(y),
            dtype="float64",
            ensure_2d=False,
            ensure_all_finite=False,
            ensure_min_samples=0,
            input_name="y",
        )
    refuse_not_finite(array, "y", remedy="fill it in or leave the row out")
    if array.ndim == 2 and array.shape[1] == 1:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected; give y.ravel()",
            DataConversionWarning,
            stacklevel=4,
        )
        return array[:, 0]
    return array
