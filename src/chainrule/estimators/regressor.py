"""NetRegressor: numbers, their quantiles, or a mean with a deviation, in scikit-learn's manner."""

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
    """A neural network that predicts numbers, trained by chainrule in the manner of scikit-learn.

    X may be an array or a sparse matrix of numbers, or a DataFrame: with text, dates, booleans or missing
    values in it, its columns are prepared by `chainrule.data.fit_preparation`. y holds one number per row
    or several. Sparse matrices are made dense.

    Parameters
    ----------
    layers : int, sequence or chainrule.nn.Layer, default=None
        The hidden layers: sizes, such as (64, 64), which is MLPRegressor's network; or layers, such as
        [nn.Dense(64, 'relu'), nn.Dropout(0.2)], also mixed with sizes. An output layer follows by itself.
        () is linear regression. None is an ensemble of 16 residual networks that
        share their weights (TabM, Gorishniy et al. 2024), with embeddings of numbers and categories.
    loss : str or chainrule.nn.Loss, default='squared_error'
        'squared_error', 'absolute_error', 'huber', 'poisson' (counts, at least 0), 'quantile' (see
        `quantiles`), 'gaussian' (a mean and a deviation for each row: `predict(X, return_std=True)`), or
        a loss of your own. A loss by name, but for 'poisson', is that of the standardized y; one of your
        own is in y's unit.
    quantiles : sequence of float, default=(0.1, 0.5, 0.9)
        For loss='quantile': those predicted, each above 0 and below 1.
    activation : str, default='relu'
        Of layers given as sizes: a name in `chainrule.nn.ACTIVATIONS`, or scikit-learn's 'identity' and
        'logistic'.
    dropout : float, default=0.0
        Share of the outputs of each layer given as a size that training sets to 0, from 0 to below 1.
    batch_norm : bool, default=False
        Normalize the outputs of each layer given as a size over the batch, before the activation.
    solver : str or chainrule.nn.Transform, default='auto'
        'adam', 'sgd', 'momentum', 'nesterov', 'rmsprop', 'adamw' and the other names in
        `chainrule.nn.PRESETS`, each without momentum unless its name says so; 'lbfgs', for small tables;
        or an optimizer of your own, such as `nn.chain(nn.ClipByGlobalNorm(1.0), nn.adam(0.01))`. 'auto'
        is 'adamw' for the default network, else 'adam'.
    alpha : float, default=0.0001
        Strength of the L2 penalty, at least 0, as in scikit-learn: ½ alpha Σw² over the rows of the
        batch.
    weight_decay : float, default='auto'
        Decoupled decay of the weights in each step, as a share of the learning rate, at least 0; for
        'adamw', 'lion' and 'muon' ('adam' with it is 'adamw'). 'auto' is 0.01 for the default network,
        else 0.
    batch_size : int, default='auto'
        Rows of a step, at least 1. 'auto' is 32 to 512, by the number of rows, for the default network,
        else 200; all rows if there are fewer, and for 'lbfgs'.
    learning_rate : str or chainrule.nn.Schedule, default='auto'
        How the rate moves: 'auto', for the default network halved when the validation loss stalls, but
        constant in folds (see `early_stopping`) and for layers of your own; 'constant'; 'cosine' to 0
        over `max_iter`; 'one_cycle', up and down; 'step', a tenth after each third; 'exponential', a
        tenth in all; 'adaptive', a fifth when two epochs in a row bring nothing; or a schedule of your
        own, with its own rate.
    learning_rate_init : float, default='auto'
        The (first, or highest) learning rate, above 0. 'auto' is 0.003 for the default network,
        0.008 in folds, else 0.001.
    max_iter : int, default='auto'
        Passes over the rows at most, for each fold, too; at least 1. 'auto' is 300 for the default
        network, else 200.
    tol : float, default=0.0001
        Without early stopping, an epoch that does not lower the best training loss by this much is one
        without improvement; at least 0.
    n_iter_no_change : int or inf, default='auto'
        Epochs without improvement before training ends, at least 1; inf never ends it. 'auto' is 16 to
        100 for the default network, more where there are fewer rows, 6 in folds, else 10.
    early_stopping : bool, default='auto'
        Hold out rows, end when their loss no longer falls, and keep the weights where it was lowest.
        'auto' is True for the default network from 1,000 rows on. On 30 to 999, where one part says too
        little, three folds say for how many epochs all rows are trained on: those after which networks
        trained on two thirds of the rows had the lowest mean loss on the others. That is where `solver`
        and `learning_rate` are 'auto', too, and no call before is gone on from; else one part is held out
        from 100 rows on. On fewer rows and for layers of your own 'auto' is False. `partial_fit` holds
        nothing out.
    validation_fraction : float, default=0.1
        Share of the rows held out where they are one part, above 0 and below 1, with each class's share.
    standardize : bool, default=True
        Bring columns of numbers and y to mean 0 and deviation 1 as in the training rows. Whole numbers
        that an Embedding looks up stay as they are.
    dtype : str, default='float32'
        'float32' trains on the compiled core; 'float64' in NumPy, several times slower, for comparisons.
    listeners : list of callables, default=None
        Called with each event of training (`chainrule.training.events`): callbacks.
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the call before, with a fresh optimizer.
    random_state : int, RandomState or None, default=None
        Decides the rows held out, first weights, order of the rows and dropout. The same number gives the
        same bits.
    verbose : bool, default=False
        Show a progress bar.

    Attributes
    ----------
    run_ : chainrule.Run
        The recipe and the trained parameters.
    n_iter_ : int
        Epochs of the last call.
    history_ : list of dict
        A record for each epoch of all calls: losses, metrics, learning rate, seconds. After folds, those
        of the training on all rows, with the mean of what was measured on the folds after as many epochs;
        the loss is there that of what the ensemble predicts, not the mean of its members' losses.
    loss_curve_ : list of float
        The training loss of each epoch, without penalties; of the standardized y.
    loss_ : float
        The last of them.
    validation_scores_ : list of float or None
        R² on the rows held out, of each epoch; of folds, the mean.
    notes_ : tuple of str
        Sentences on columns of a DataFrame that were left out or turned into something else.
    n_outputs_ : int
        Units of the output layer.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X had names.

    See Also
    --------
    NetClassifier : For classes.
    chainrule.train : The same training without scikit-learn's manner.

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

        Returns (rows,), or (rows, targets); for several quantiles (rows, quantiles), sorted so that a higher
        quantile is never below a lower one (Chernozhukov, Fernández-Val and Galichon 2010). Of X's dtype if
        that is float32, else float64.
        return_std: for loss='gaussian', a pair of these: the means and the deviations. Raises ConfigError for
        another loss.
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
        """R² of the predictions; for quantiles D² of the pinball loss, the mean over them.

        Both are 1 for a perfect answer and 0 for the best constant one.
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
    """Mean and deviation of each target, from the raw outputs of a Gaussian regression.

    outputs: (rows, 2 targets) or (rows, members, 2 targets) float64: means, then logarithms of variances.
    What members say is mixed: the variance is the mean of theirs and that of their means.
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
