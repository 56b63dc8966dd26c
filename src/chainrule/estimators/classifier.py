"""NetClassifier: classes and labels, with the interface of scikit-learn."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from scipy.special import log_expit, log_softmax, logsumexp
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight

from chainrule.calls import naming_settings
from chainrule.data.wording import listed
from chainrule.errors import ConfigError, DataError
from chainrule.estimators.base import NetEstimator
from chainrule.estimators.fitting import Fitted
from chainrule.estimators.inputs import checked_weight
from chainrule.estimators.settings import AUTO, Settings
from chainrule.estimators.targets import ClassTargets, checked_classes
from chainrule.nn import Layer, Schedule, Transform
from chainrule.training import Listener


class NetClassifier(ClassifierMixin, NetEstimator):
    """A neural network that predicts classes or labels, with the interface of scikit-learn.

    X is an array or a sparse matrix of numbers, or a DataFrame. If a DataFrame has text, dates, booleans or
    missing values, its columns are prepared by `chainrule.data.fit_preparation`. y has at least two classes,
    or several labels for each row as columns of 0 and 1. Sparse matrices are made dense.

    Parameters
    ----------
    layers : int, sequence or chainrule.nn.Layer, default=None
        The hidden layers: sizes, such as (64, 64), which is MLPClassifier's network; or layers, such as
        [nn.Dense(64, 'relu'), nn.Dropout(0.2)], also mixed with sizes. The output layer is added.
        () is logistic regression. None is the default network, an ensemble of 16 residual
        networks that share most of their weights (TabM, Gorishniy et al. 2024), with embeddings of numbers
        and categories.
    activation : str, default='relu'
        The activation of layers given as sizes: a name in `chainrule.nn.ACTIVATIONS`, or scikit-learn's
        'identity' and 'logistic'.
    dropout : float, default=0.0
        The share of the outputs of layers given as sizes that training sets to 0, from 0 to below 1.
    batch_norm : bool, default=False
        Batch normalization of layers given as sizes, before the activation.
    solver : str or chainrule.nn.Transform, default='auto'
        'adam', 'sgd', 'momentum', 'nesterov', 'rmsprop', 'adamw' and the other names in
        `chainrule.nn.PRESETS` ('sgd' and 'rmsprop' are without momentum); 'lbfgs', 'scg' (scaled conjugate
        gradients), 'cg' and 'rprop', for small tables, with all rows in each step; or your own
        optimizer, such as `nn.chain(nn.ClipByGlobalNorm(1.0), nn.adam(0.01))`. 'auto' is 'adamw' for the
        default network, else 'adam'.
    alpha : float, default=0.0001
        The strength of the L2 penalty, at least 0, as in scikit-learn: ½ alpha Σw², divided by the rows of
        the batch.
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
        The share of the rows to hold out as one part, above 0 and below 1; stratified by class.
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes, {class: weight}; with 'balanced' all classes have the same total weight.
        They are multiplied by sample_weight.
    standardize : bool, default=True
        Scale columns of numbers to mean 0 and standard deviation 1 of the training rows. Integers that an
        Embedding looks up are not changed.
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
    classes_ : ndarray of shape (classes,)
        The classes in ascending order; for labels, the indices of the columns of y.
    run_ : chainrule.Run
        The recipe and the trained parameters.
    n_iter_ : int
        The number of epochs of the last call.
    history_ : list of dict
        A record for each epoch of all calls: losses, metrics, learning rate, seconds. With cross-validation,
        those of the training on all rows, with means over the folds as validation metrics; their loss is that
        of the mean prediction of the ensemble, not the mean of the losses of its members.
    loss_curve_ : list of float
        The training loss of each epoch, without penalties.
    loss_ : float
        The training loss of the last epoch.
    validation_scores_ : list of float or None
        The accuracy on the held-out rows for each epoch; with cross-validation the mean of the folds.
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
    NetRegressor : For numbers.
    chainrule.train : The same training without the interface of scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from chainrule.estimators import NetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NetClassifier((32,), random_state=0).fit(X, y)
    >>> net.score(X, y) > 0.9
    True
    """

    _fitted: Fitted[ClassTargets]

    @naming_settings()
    def __init__(
        self,
        layers: int | Sequence[int | Layer] | Layer | None = None,
        *,
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
        class_weight: Mapping[Any, float] | str | None = None,
        standardize: bool = True,
        dtype: str = "float32",
        listeners: Sequence[Listener] | None = None,
        doctor: str | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.layers = layers
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
        self.class_weight = class_weight
        self.standardize = standardize
        self.dtype = dtype
        self.listeners = listeners
        self.doctor = doctor
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train one epoch on these rows, continuing from the previous calls.

        X, y, sample_weight: as in `fit`. classes: (classes,) all classes of all calls; needed in the first
        call, unless y has labels, and optional later. The scaling of the columns is computed in the first
        call.
        """
        if self.class_weight == "balanced":
            raise ConfigError(
                "NetClassifier: class_weight 'balanced' needs all rows at once",
                remedy="give the weights as a dict, {class: weight}, or as sample_weight",
            )
        first, targets = not self.__sklearn_is_fitted__(), None
        if first:
            labels: np.ndarray = checked_classes(y)
            multilabel = labels.ndim == 2
            if classes is None and not multilabel:
                raise DataError(
                    "classes must be passed on the first call to partial_fit.",
                    remedy="give all that will ever come, such as numpy.unique(y_of_all)",
                )
            known = np.arange(labels.shape[-1]) if multilabel else np.unique(np.asarray(classes))
            targets = _at_least_two(ClassTargets(known, multilabel))
        elif classes is not None and not np.array_equal(np.unique(np.asarray(classes)), self.classes_):
            raise DataError(
                f"classes is {listed(np.unique(np.asarray(classes)).tolist())} and was "
                f"{listed(self.classes_.tolist())} before",
                remedy="leave it out after the first call",
            )
        return self._train(X, y, sample_weight, incremental=True, targets=targets)

    @property
    def classes_(self) -> np.ndarray:
        """The classes in ascending order, (classes,); for labels the indices of the columns of y."""
        return self._fitted.targets.classes

    @property
    def validation_scores_(self) -> list[float] | None:
        """The accuracy on the held-out rows for each epoch; None without held-out rows."""
        scores = [r[n] for r in self.history_ for n in r if n in _ACCURACIES]
        return scores or None

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, (rows,); for labels (rows, labels) of 0 and 1."""
        return self._of_scores(X, self._chosen)

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores: log odds.

        For two classes (rows,), the log odds of the second; for more (rows, classes), logarithms of the
        probabilities plus a constant for each row; for labels (rows, labels), the log odds of each. The dtype
        is float32 if that of X is, else float64.
        """
        return self._of_scores(X, lambda scores: scores)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities: (rows, classes), which sum to 1; for labels (rows, labels), one for each label."""
        return self._of_scores(X, lambda scores: np.exp(self._log_probabilities(scores)))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of `predict_proba`, also exact for probabilities near 0."""
        return self._of_scores(X, self._log_probabilities)

    def _of_scores(self, X: Any, then: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """`then` of the scores of `decision_function`, row by row."""

        def scored(outputs: np.ndarray, dtype: str) -> np.ndarray:
            one = self._fitted.targets.outputs == 1 and not self._fitted.targets.multilabel
            scores = log_odds(outputs.astype(np.float64), of_each=one or self._fitted.targets.multilabel)
            return then((scores[:, 0] if one else scores).astype(dtype))

        return self._outputs(X, scored, raw=True)

    def _chosen(self, scores: np.ndarray) -> np.ndarray:
        if self._fitted.targets.multilabel:
            return (scores > 0).astype(np.int64)
        return self.classes_[(scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(1)]

    def _log_probabilities(self, scores: np.ndarray) -> np.ndarray:
        if self._fitted.targets.multilabel:
            return log_expit(scores)
        if scores.ndim == 1:
            return np.column_stack([log_expit(-scores), log_expit(scores)])
        return log_softmax(scores, axis=1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags

    def _checked_y(self, y: Any) -> np.ndarray:
        return checked_classes(y)

    def _row_weights(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """The weights times those of the classes. Raises ConfigError for a class_weight that does not fit."""
        if self.class_weight is None:
            return weight
        given, remedy = self.class_weight, "give 'balanced' or {class: weight}"
        if not isinstance(given, Mapping) and given != "balanced":
            raise ConfigError(f"NetClassifier: class_weight is {given!r}", remedy=remedy)
        try:
            factors = compute_sample_weight(given, y)
        except (ValueError, TypeError) as error:
            raise ConfigError(f"NetClassifier: class_weight is {given!r} ({error})", remedy=remedy) from None
        return checked_weight(factors if weight is None else factors * weight, len(y), "class_weight")

    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, settings: Settings) -> ClassTargets:
        if y.ndim == 2:
            return ClassTargets(np.arange(y.shape[1]), multilabel=True)
        return _at_least_two(ClassTargets(np.unique(y), multilabel=False))


_ACCURACIES = ("validation_accuracy", "validation_binary_accuracy")


def log_odds(outputs: np.ndarray, *, of_each: bool) -> np.ndarray:
    """Scores of classes from raw outputs; the probabilities of the members of an ensemble are averaged.

    outputs: (rows, outputs) or (rows, members, outputs) float64. of_each: each output is the logit of its own
    probability; else they are logits of classes. Returns (rows, outputs): log p/(1 - p), or log p plus a
    constant for each row.
    """
    if outputs.ndim == 2:
        return outputs
    if of_each:
        yes, no = (np.asarray(logsumexp(log_expit(z), axis=1)) for z in (outputs, -outputs))
        return yes - no
    return np.asarray(logsumexp(log_softmax(outputs, axis=2), axis=1))


def _at_least_two(targets: ClassTargets) -> ClassTargets:
    if not targets.multilabel and len(targets.classes) < 2:
        raise DataError(
            f"y has 1 class, {listed(targets.classes.tolist())}; a classifier needs at least 2",
            remedy="give rows of another class (rows of weight 0 do not count)",
        )
    return targets
