"""What the network estimators share: checking X and y, fitting, learning curves, saving."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from chainrule.data.given import as_pandas, is_frame
from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.estimators import storing
from chainrule.estimators.alike import together
from chainrule.estimators.door import words_of_estimators
from chainrule.estimators.fitting import Fitted, Rows, Targets, fit_rows
from chainrule.estimators.inputs import (
    Columns,
    as_frame,
    checked_weight,
    naming_text,
    needs_preparation,
    refuse_not_finite,
)
from chainrule.estimators.settings import Settings
from chainrule.report.figures import learning_curve
from chainrule.training import Record, Run
from chainrule.training.findings import Finding

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
_FILL = "fill it in, or give a DataFrame, whose missing values are filled in"
_NO_METRICS = {"epoch", "step", "seconds", "learning_rate"}


class NetEstimator(BaseEstimator):
    """A network that is fitted to X and y.

    Subclasses define the kind of y (`_checked_y`, `_fit_targets`) and the meaning of the outputs (`predict`).
    """

    _fitted: Fitted[Any]
    n_iter_: int
    n_outputs_: int
    n_features_in_: int
    feature_names_in_: np.ndarray

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows and their targets.

        X: (rows, columns) array, sparse matrix or DataFrame. y: (rows,) or (rows, targets). sample_weight:
        (rows,) the weight of each row, at least 0; None if all are equal. A row of weight 2 counts as two
        equal rows. If all different rows fit into one batch and none are held out, the result has the same
        bits as with the row twice, and does not depend on the order of rows; else this holds in the mean.
        Thus doubling all weights halves the effect of the penalty alpha. Only weights whose mean is below
        10⁻⁶ or above 10⁶ are divided by it.
        Raises ValueError (ConfigError, DataError, ShapeError) before training, TrainingError if the loss
        becomes NaN; the estimator is then unchanged.
        """
        return self._train(X, y, sample_weight, incremental=False)

    def save(self, folder: Path | str) -> Path:
        """Write the fitted estimator into a new folder, completely or not at all, without pickle.

        It is a run folder, which `chainrule.load_run` can also read, with the additional files estimator.json
        and training.safetensors. Listeners, and a random_state other than a number, are not saved.
        Raises ConfigError if the folder exists, NotFittedError before fit.
        """
        check_is_fitted(self)
        return storing.save(self, self._fitted, Path(folder))

    @classmethod
    def load(cls, folder: Path | str, classes: tuple[type, ...] = ()) -> Self:
        """The estimator that `save` wrote.

        classes: your own classes that it contains, such as layers and schedules. Raises DataError if the
        folder is missing, contains an estimator of another class, or is damaged; ConfigError for a class of
        your own that is not in `classes`.
        """
        return storing.load(cls, Path(folder), classes)

    @property
    def run_(self) -> Run:
        """The run: the recipe, the trained parameters and the history."""
        return self._fitted.run

    @property
    def history_(self) -> list[Record]:
        """A record for each epoch: see `chainrule.Run.history`."""
        return self.run_.history

    @property
    def loss_curve_(self) -> list[float]:
        """The training loss of each epoch, without penalties."""
        return [record["loss"] for record in self.history_]

    @property
    def loss_(self) -> float:
        """The training loss of the last epoch."""
        return self.loss_curve_[-1]

    @property
    def diagnosis_(self) -> list[Finding]:
        """The findings of the doctor, in all calls of fit that continue each other; none without `doctor`."""
        return self.run_.diagnosis

    @property
    def notes_(self) -> tuple[str, ...]:
        """Sentences on columns of a DataFrame that were left out or converted."""
        inputs = self._fitted.inputs
        return inputs.preparation.notes if isinstance(inputs, Columns) else ()

    def plot_learning_curves(self, metric: str = "loss") -> "Figure":
        """A plotly figure of a metric over the epochs, in training and on the held-out rows.

        metric: 'loss'; with early stopping also the metrics of the held-out rows, such as 'accuracy' or 'r2'.
        Raises ConfigError for another, NotFittedError before fit.
        """
        check_is_fitted(self)
        names = {name.removeprefix("validation_") for record in self.history_ for name in record}
        recorded = sorted(names - _NO_METRICS)
        if metric not in recorded:
            raise ConfigError(
                f"{type(self).__name__} has no record of metric {metric!r}{did_you_mean(metric, recorded)}",
                remedy=f"choose {' or '.join(recorded)}",
            )
        return learning_curve(self.history_, metric, self.run_.best_epoch or None)

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _checked_y(self, y: Any) -> np.ndarray:
        """y as an array, of classes or of numbers."""
        raise NotImplementedError  # NetClassifier and NetRegressor each say how

    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, settings: Settings) -> Targets:
        """What is learned of the targets."""
        raise NotImplementedError  # NetClassifier and NetRegressor each say how

    def _row_weights(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """The weights of rows, given sample_weight."""
        return weight

    def _train(
        self, X: Any, y: Any, sample_weight: Any, *, incremental: bool, targets: Targets | None = None
    ) -> Self:
        """fit, or one epoch of it. targets: known already, such as all the classes."""
        settings = Settings.of(self)
        fitted = self.__sklearn_is_fitted__() and (incremental or settings.warm_start)
        before = self._fitted if fitted else None
        attributes = dict(vars(self))
        try:
            with words_of_estimators():
                rows = self._rows(X, y, sample_weight, settings, before, targets, incremental=incremental)
                self._fitted = fit_rows(settings, rows, before, incremental=incremental)
        except BaseException:
            vars(self).clear()
            vars(self).update(attributes)
            raise
        self.n_iter_ = self._fitted.state.epoch - (before.state.epoch if before else 0)
        self.n_outputs_ = self._fitted.targets.outputs
        if self.run_.stopped == "interrupted":
            warnings.warn("training was interrupted; what was learned so far is kept", stacklevel=3)
        return self

    def _rows(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        settings: Settings,
        before: Fitted[Any] | None,
        targets: Targets | None,
        *,
        incremental: bool,
    ) -> Rows:
        x, _ = self._checked_x(X, before, reset=before is None)
        y = self._checked_y(y)
        check_consistent_length(x, y)
        weight = self._row_weights(y, checked_weight(sample_weight, len(y)))
        if weight is not None and not weight.all():
            kept = np.flatnonzero(weight)
            x, y, weight = x.iloc[kept] if is_frame(x) else x[kept], y[kept], weight[kept]
        given = x, y
        if not incremental:  # or every call would train on another number of rows, with a program of its own
            x, y, weight = together(x, y, weight, few=settings.sees_all_at_once)
        if before is not None:
            targets = before.targets
        return Rows(x, y, weight, targets or self._fit_targets(y, weight, settings), given)

    def _checked_x(self, X: Any, fitted: Fitted[Any] | None, *, reset: bool) -> tuple[Any, str]:
        """X as a DataFrame of mixed columns or a dense array, and the dtype that predictions have."""
        X = as_pandas(X)
        mixed = isinstance(fitted.inputs, Columns) if fitted else needs_preparation(X)
        if mixed and is_frame(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if len(X) == 0:
                raise DataError("X has no rows", remedy="give at least one")
            return X, "float64"
        if mixed:
            array = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)
            return as_frame(array, self.feature_names_in_.tolist()), "float64"
        with naming_text("X", X, "give the table as a DataFrame, whose text is encoded"):
            x: Any = validate_data(
                self,
                X,
                reset=reset,
                dtype=(np.float64, np.float32, np.uint8),  # bytes, as of images, stay what they are
                accept_sparse="csr",
                ensure_all_finite=False,
            )
        if issparse(x):
            x = x.toarray()
        remedy = _FILL
        if fitted and is_frame(X):
            remedy = "fill it in, or fit on a DataFrame that has missing values, too"
        refuse_not_finite(x, "X", remedy)
        return x, "float64" if x.dtype == np.uint8 else x.dtype.name

    def _outputs(self, X: Any, then: Callable[[np.ndarray, str], np.ndarray], *, raw: bool) -> np.ndarray:
        """`then` of the network's outputs for rows.

        then: see `Fitted.outputs`; it is also given the dtype that predictions have.
        """
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # raises scikit-learn's error
        if self._is_usual(X):
            refuse_not_finite(X, "X", _FILL)
            x, dtype = X, X.dtype.name
        else:
            x, dtype = self._checked_x(X, self._fitted, reset=False)
        return self._fitted.outputs(x, raw=raw, then=lambda outputs: then(outputs, dtype))

    def _is_usual(self, X: Any) -> bool:
        """Whether scikit-learn's check of X, slower than a prediction, would only look at its values."""
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype in _FLOATS
            and X.shape[1] == self.n_features_in_
            and len(X) > 0
            and "feature_names_in_" not in vars(self)
        )
