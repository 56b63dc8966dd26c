"""NetRegressor: numbers, quantiles, or mean and standard deviation, with the interface of scikit-learn."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import d2_pinball_score
from sklearn.utils.validation import check_is_fitted

from chainrule.calls import naming_settings
from chainrule.errors import ConfigError
from chainrule.estimators.base import NetEstimator
from chainrule.estimators.fitting import Fitted
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
from chainrule.training import Listener

LOSSES: Mapping[str, Callable[[], Loss]] = {
    "squared_error": MeanSquaredError,
    "absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
    "gaussian": GaussianNegativeLogLikelihood,
}


class NetRegressor(RegressorMixin, MultiOutputMixin, NetEstimator):
    """A neural network that predicts numbers, with the interface of scikit-learn.

    X is an array or a sparse matrix of numbers, or a DataFrame. If a DataFrame has text, dates, booleans or
    missing values, its columns are prepared by `chainrule.data.fit_preparation`. y has one or several numbers
    for each row. Sparse matrices are made dense.

    Parameters
    ----------
    layers : int, sequence or chainrule.nn.Layer, default=None
        The hidden layers: sizes, such as (64, 64), which is MLPRegressor's network; or layers, such as
        [nn.Dense(64, 'relu'), nn.Dropout(0.2)], also mixed with sizes. The output layer is added.
        () is linear regression. None is the default network, an ensemble of 16 residual
        networks that share most of their weights (TabM, Gorishniy et al. 2024), with embeddings of numbers
        and categories.
    loss : str or chainrule.nn.Loss, default='squared_error'
        'squared_error', 'absolute_error', 'huber', 'poisson' (counts, at least 0), 'quantile' (see
        `quantiles`), 'gaussian' (mean and standard deviation of each row: `predict(X, return_std=True)`),
        or a loss of your own. The named losses except 'poisson' are computed from the standardized y, your
        own in the unit of y.
    quantiles : sequence of float, default=(0.1, 0.5, 0.9)
        For loss='quantile': the quantiles to predict, each above 0 and below 1.
    activation : str, default='relu'
        The activation of layers given as sizes: a name in `chainrule.nn.ACTIVATIONS`, or scikit-learn's
        'identity' and 'logistic'.
    dropout : float, default=0.0
        The share of the outputs of layers given as sizes that training sets to 0, from 0 to below 1.
    batch_norm : bool, default=False
        Batch normalization of layers given as sizes, before the activation.
    solver : str or chainrule.nn.Transform, default='auto'
        'adam', 'sgd', 'momentum', 'nesterov', 'rmsprop', 'adamw' and the other names in
        `chainrule.nn.PRESETS` ('sgd' and 'rmsprop' are without momentum). For small tables, with all rows in
        each step: 'lm', Levenberg-Marquardt, for the squared error and up to some thousand weights; 'br', the
        same with Bayesian regularization, which chooses its own penalty (`effective_parameters_`), so that no
        rows need to be held out; 'lbfgs', 'scg' (scaled conjugate gradients), 'cg' and 'rprop'. 'lm' and 'br'
        compute in float64. Or your own optimizer, such as
        `nn.chain(nn.ClipByGlobalNorm(1.0), nn.adam(0.01))`. 'auto' is 'adamw' for the default network, else
        'adam'.
    alpha : float, default=0.0001
        The strength of the L2 penalty, at least 0, as in scikit-learn: ½ alpha Σw², divided by the rows of
        the batch. 'br' has its own.
    weight_decay : float, default='auto'
        Decoupled weight decay, at least 0: each step subtracts learning rate · weight_decay · w. For 'adamw',
        'lion', 'muon', 'lars', 'lamb' and 'schedule_free_adamw'; 'adam' with weight decay is 'adamw'. 'auto'
        is 0.01 for the default network, else 0.
    batch_size : int, default='auto'
        Rows of a step, at least 1. 'auto' is for the default network 32 to 512, by the number of rows, else
        200. If there are fewer rows, and with 'lbfgs' and the like, each step takes all of them.
    learning_rate : str or chainrule.nn.Schedule, default='auto'
        The schedule of the learning rate: 'constant'; 'cosine', to 0 over `max_iter`; 'one_cycle', up and
        down; 'step', a tenth after each third of the epochs; 'exponential', to a tenth over all epochs;
        'plateau', halved when the loss stalls; 'adaptive', divided by 5 after two epochs without
        improvement; or your own schedule, which includes the rate. 'auto' is 'plateau' for the default
        network, but 'constant' with cross-validation (see `early_stopping`) and for your own layers.
    learning_rate_init : float, default='auto'
        The initial learning rate, above 0; for 'one_cycle' the highest. 'auto' is 0.003 for the default
        network, 0.008 for it with cross-validation, else 0.001.
    max_iter : int, default='auto'
        The most epochs, also of each fold of cross-validation; at least 1. 'auto' is 300 for the default
        network, else 200.
    tol : float, default=0.0001
        Without early stopping, an epoch is an improvement if it lowers the best training loss by at least
        this much; at least 0.
    n_iter_no_change : int or inf, default='auto'
        Training ends after so many epochs without improvement, at least 1; never if inf. 'auto' is for the
        default network 16 to 100, the more the fewer rows, or 6 with cross-validation, else 10.
    early_stopping : bool, default='auto'
        True holds out a part of the rows, ends training when the loss on them no longer falls, and keeps the
        weights with the lowest. 'auto' is False for your own layers, and for the default network True from
        100 rows on, else False. However, for 30 to 999 rows 'auto' chooses the number of epochs by
        cross-validation, since a part would be too small: three networks are each trained on two thirds of
        the rows and evaluated on the rest, and all rows are then trained for the number of epochs with the
        lowest mean loss. This needs `solver` and `learning_rate` 'auto', and is not done when `warm_start`
        continues. `partial_fit` never holds out rows.
    validation_fraction : float, default=0.1
        The share of the rows to hold out as one part, above 0 and below 1.
    standardize : bool, default=True
        Scale columns of numbers, and y, to mean 0 and standard deviation 1 of the training rows. Integers
        that an Embedding looks up are not changed.
    dtype : str, default='float32'
        'float32' trains on the compiled core; 'float64' in NumPy, several times slower, for comparisons.
    listeners : list of callables, default=None
        Callbacks, called with each event of training (`chainrule.training.events`).
    doctor : str or None, default=None
        Whether the doctor attends `fit`: 'watch' says what is wrong with the training, 'advise' also tries on
        copies of it what would help, 'repair' does what helps; None or 'none' for no doctor. `diagnosis_` has
        the findings. The estimator predicts by the repaired network and stores it; `run_.recipe` is the
        repaired recipe. `fit` with `warm_start` and `partial_fit` keep what was repaired as long as the
        parameters that it stands for are not changed. `partial_fit` has no doctor: one epoch tells too
        little. With cross-validation (see `early_stopping`) the doctor attends one further training on two
        thirds of the rows; what it repairs there holds for all that follow.
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the previous call, with a new optimizer.
    random_state : int, RandomState or None, default=None
        Seed of the held-out rows, the initial weights, the order of the rows and dropout. The same number
        gives the same bits.
    verbose : bool, default=False
        Show a progress bar.

    Attributes
    ----------
    run_ : chainrule.Run
        The recipe and the trained parameters.
    n_iter_ : int
        The number of epochs of the last call.
    history_ : list of dict
        A record for each epoch of all calls: losses, metrics, learning rate, seconds. With cross-validation,
        those of the training on all rows, with means over the folds as validation metrics; their loss is that
        of the mean prediction of the ensemble, not the mean of the losses of its members.
    loss_curve_ : list of float
        The training loss of each epoch, without penalties, of the standardized y.
    loss_ : float
        The training loss of the last epoch.
    validation_scores_ : list of float or None
        R² on the held-out rows for each epoch; with cross-validation the mean of the folds.
    effective_parameters_ : float
        With solver='br': how many weights the data determine.
    diagnosis_ : list of chainrule.doctor.Finding
        What the doctor found; empty without `doctor`.
    notes_ : tuple of str
        Sentences on columns of a DataFrame that were left out or converted.
    n_outputs_ : int
        The number of units of the output layer.
    n_features_in_ : int
        The number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns, if X has names.

    See Also
    --------
    NetClassifier : For classes.
    chainrule.train : The same training without the interface of scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from chainrule.estimators import NetRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = NetRegressor((32,), loss="quantile", max_iter=30, random_state=0).fit(X, y)
    >>> net.predict(X).shape
    (442, 3)
    """

    _fitted: Fitted[NumberTargets]

    @naming_settings()
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
        learning_rate: str | Schedule = AUTO,
        learning_rate_init: float | str = AUTO,
        max_iter: int | str = AUTO,
        tol: float = 0.0001,
        n_iter_no_change: float | str = AUTO,
        early_stopping: bool | str = AUTO,
        validation_fraction: float = 0.1,
        standardize: bool = True,
        dtype: str = "float32",
        listeners: Sequence[Listener] | None = None,
        doctor: str | None = None,
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
        self.doctor = doctor
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train one epoch on these rows, continuing from the previous calls.

        X, y, sample_weight: as in `fit`. The scaling of columns and targets is computed in the first call.
        """
        return self._train(X, y, sample_weight, incremental=True)

    @property
    def validation_scores_(self) -> list[float] | None:
        """R² on the held-out rows for each epoch; None without held-out rows, and for quantiles."""
        scores = [r["validation_r2"] for r in self.history_ if "validation_r2" in r]
        return scores or None

    @property
    def effective_parameters_(self) -> float:
        """How many weights the data determine; only with solver='br', else it raises AttributeError."""
        check_is_fitted(self)
        known = self._fitted.state.tree.get("optimizer.effective")
        if known is None:
            raise AttributeError("NetRegressor has effective_parameters_ with solver='br'")
        return float(known)

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The predictions, in the unit of y.

        Returns (rows,), or (rows, targets); for several quantiles (rows, quantiles), sorted so that a higher
        quantile is never below a lower one (Chernozhukov, Fernández-Val and Galichon 2010). The dtype is
        float32 if that of X is, else float64.
        return_std: for loss='gaussian', returns a pair, the means and the standard deviations. Raises
        ConfigError for another loss.
        """
        if not return_std:
            return self._outputs(X, self._decoded, raw=False)
        check_is_fitted(self)
        loss = self._fitted.targets.loss
        if not isinstance(loss, GaussianNegativeLogLikelihood):
            raise ConfigError(
                f"NetRegressor: return_std needs loss='gaussian'; loss is {self.loss!r}",
                remedy="fit with loss='gaussian', or with loss='quantile' for intervals",
            )

        def of_each(outputs: np.ndarray, dtype: str) -> np.ndarray:
            means, deviations = mean_and_deviation(outputs.astype(np.float64), loss.least_variance)
            deviations = deviations * self._fitted.targets.scale
            if means.shape[1] == 1 and self._fitted.targets.single:
                deviations = deviations[:, 0]
            return np.stack([self._fitted.targets.decode(means), deviations], axis=1).astype(dtype)

        both = self._outputs(X, of_each, raw=True)
        return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])

    def _decoded(self, predictions: np.ndarray, dtype: str) -> np.ndarray:
        values = self._fitted.targets.decode(predictions)
        if isinstance(self._fitted.targets.loss, Quantile) and values.ndim == 2:
            values = _in_order(values, self._fitted.targets.loss.quantiles)
        return values.astype(dtype)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of the predictions; for quantiles, the mean of D² of their pinball losses.

        Both are 1 for perfect predictions and 0 for the best constant.
        """
        predictions = self.predict(X)
        loss = self._fitted.targets.loss
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
        # A loss of the user may speak of y's unit, as Huber's threshold does; counts must stay counts.
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
    """Mean and standard deviation of each target, from the raw outputs of a Gaussian regression.

    outputs: (rows, 2 targets) or (rows, members, 2 targets) float64: means, then logarithms of variances.
    The members of an ensemble form a mixture: the variance is the mean of their variances plus the variance
    of their means. Returns two arrays (rows, targets).
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
