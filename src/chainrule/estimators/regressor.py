"""NetRegressor: numbers, their quantiles, or a mean with a deviation, in scikit-learn's manner."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import d2_pinball_score

from chainrule.errors import ConfigError
from chainrule.estimators.base import NetEstimator
from chainrule.estimators.settings import AUTO, Settings
from chainrule.estimators.targets import NumberTargets, checked_numbers, fit_number_targets
from chainrule.nn import (
    GaussianNegativeLogLikelihood,
    Huber,
    Layer,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
    Schedule,
    Transform,
)
from chainrule.nn.settings import check_choice
from chainrule.train import Listener

LOSSES: Mapping[str, Callable[[], Loss]] = {
    "squared_error": MeanSquaredError,
    "absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
    "gaussian": GaussianNegativeLogLikelihood,
}


class NetRegressor(RegressorMixin, MultiOutputMixin, NetEstimator):
    """DOC"""

    def __init__(
        self,
        layers: int | Sequence[int | Layer] | Layer | None = None,
        *,
        loss: str | Loss = "squared_error",
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        activation: str = "relu",
        dropout: float = 0.0,
        batch_norm: bool = False,
        solver: str | Transform = AUTO,
        alpha: float = 0.0001,
        weight_decay: float | str = AUTO,
        batch_size: int | str = AUTO,
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float | str = AUTO,
        max_iter: int = 200,
        tol: float = 0.0001,
        n_iter_no_change: float = 10,
        early_stopping: bool | str = AUTO,
        validation_fraction: float = 0.1,
        standardize: bool = True,
        dtype: str = "float32",
        listeners: Sequence[Listener] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.layers = layers
        self.loss = loss
        self.quantiles = quantiles
        self.activation = activation
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.solver = solver
        self.alpha = alpha
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.standardize = standardize
        self.dtype = dtype
        self.listeners = listeners
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch over these rows, from where the calls before have led.

        X, y, sample_weight: as in `fit`. How columns and targets are standardized is learned in the first
        call.
        """
        return self._train(X, y, sample_weight, incremental=True)

    @property
    def validation_scores_(self) -> list[float] | None:
        """R² on the rows held out, of each epoch; None without early stopping, and for quantiles."""
        scores = [r["validation_r2"] for r in self.history_ if "validation_r2" in r]
        return scores or None

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """What the network expects of each row, in y's own unit.

        Returns (rows,), or (rows, targets); for several quantiles (rows, quantiles), in ascending order along
        a row as far as `quantiles` is (Chernozhukov, Fernández-Val and Galichon 2010). Of X's dtype if that is
        float32, else float64.
        return_std: for loss='gaussian', a pair of these: the means and the deviations. Raises ConfigError for
        another loss.
        """
        if not return_std:
            predictions, dtype = self._outputs(X, raw=False)
            values = self._targets.decode(predictions)
            if isinstance(self._targets.loss, Quantile) and values.ndim == 2:
                values = _in_order(values, self._targets.loss.quantiles)
            return values.astype(dtype)
        outputs, dtype = self._outputs(X, raw=True)
        loss = self._targets.loss
        if not isinstance(loss, GaussianNegativeLogLikelihood):
            raise ConfigError(
                f"NetRegressor: return_std needs loss='gaussian'; loss is {self.loss!r}",
                remedy="fit with loss='gaussian', or with loss='quantile' for intervals",
            )
        means, deviations = mean_and_deviation(outputs.astype(np.float64), loss.least_variance)
        deviations = deviations * self._targets.scale
        if means.shape[1] == 1 and self._targets.single:
            deviations = deviations[:, 0]
        return self._targets.decode(means).astype(dtype), deviations.astype(dtype)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of the predictions; for quantiles D² of the pinball loss, the mean over them.

        Both are 1 for a perfect answer and 0 for the best constant one.
        """
        predictions = self.predict(X)
        loss = self._targets.loss
        if not isinstance(loss, Quantile):
            return super().score(X, y, sample_weight)
        columns = predictions.reshape(len(predictions), -1)
        return float(
            np.mean(
                [
                    d2_pinball_score(y, column, sample_weight=sample_weight, alpha=quantile)
                    for column, quantile in zip(columns.T, loss.quantiles, strict=True)
                ]
            )
        )

    def _checked_y(self, y: Any) -> np.ndarray:
        return checked_numbers(y)

    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, settings: Settings) -> NumberTargets:
        # A loss of one's own may speak of y's unit, as Huber's threshold does; counts must stay counts.
        standardize = settings.standardize and isinstance(self.loss, str) and self.loss != "poisson"
        return fit_number_targets(y, weight, self._loss(), standardize=standardize)

    def _loss(self) -> Loss:
        if isinstance(self.loss, Loss):
            return self.loss
        check_choice("NetRegressor", "loss", self.loss, (*LOSSES, "quantile"))
        if self.loss != "quantile":
            return LOSSES[self.loss]()
        several = isinstance(self.quantiles, Sequence | np.ndarray) and not isinstance(self.quantiles, str)
        if not several:
            raise ConfigError(
                f"NetRegressor: quantiles is {self.quantiles!r}", remedy="give some, such as (0.1, 0.5, 0.9)"
            )
        return Quantile(tuple(float(quantile) for quantile in self.quantiles))


def mean_and_deviation(outputs: np.ndarray, least_variance: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each target, from the raw outputs of a Gaussian regression.

    outputs: (rows, 2 targets) or (rows, members, 2 targets) float64: means, then logarithms of variances. What
    members say is mixed: the variance is the mean of theirs and that of their means.
    Returns two arrays (rows, targets).
    """
    means, logarithms = np.split(outputs, 2, axis=-1)
    variances = np.exp(logarithms) + least_variance
    if outputs.ndim == 2:
        return means, np.sqrt(variances)
    return means.mean(axis=1), np.sqrt(variances.mean(axis=1) + means.var(axis=1))


def _in_order(values: np.ndarray, quantiles: Sequence[float]) -> np.ndarray:
    """Each row sorted, so that a higher quantile is never below a lower one."""
    ordered = np.empty_like(values)
    ordered[:, np.argsort(quantiles)] = np.sort(values, axis=1)
    return ordered
