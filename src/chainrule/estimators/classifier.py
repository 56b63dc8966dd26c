"""NetClassifier: classes and labels, in scikit-learn's manner."""

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
    """A neural network that predicts classes or labels, trained by chainrule in the manner of scikit-learn.

    X may be an array or a sparse matrix of numbers, or a DataFrame: with text, dates, booleans or missing
    values in it, its columns are prepared by `chainrule.data.fit_preparation`. y holds two classes or
    more, or several labels a row as columns of 0 and 1. Sparse matrices are made dense.

    Parameters
    ----------
    layers : int, sequence or chainrule.nn.Layer, default=None
        The hidden layers: sizes, such as (64, 64), which is MLPClassifier's network; or layers, such as
        [nn.Dense(64, 'relu'), nn.Dropout(0.2)], also mixed with sizes. An output layer follows by itself.
        () is logistic regression. None is an ensemble of 16 residual networks that
        share their weights (TabM, Gorishniy et al. 2024), with embeddings of numbers and categories.
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
    class_weight : dict, 'balanced' or None, default=None
        How much the rows of each class count, {class: weight}; 'balanced' makes all classes count alike.
        It multiplies sample_weight.
    standardize : bool, default=True
        Bring columns of numbers to mean 0 and deviation 1 as in the training rows. Whole numbers that an
        Embedding looks up stay as they are.
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
    classes_ : ndarray of shape (classes,)
        The classes in ascending order; the numbers of y's columns for labels.
    run_ : chainrule.Run
        The recipe and the trained parameters.
    n_iter_ : int
        Epochs of the last call.
    history_ : list of dict
        A record for each epoch of all calls: losses, metrics, learning rate, seconds. After folds, those
        of the training on all rows, with the mean of what was measured on the folds after as many epochs;
        the loss is there that of what the ensemble predicts, not the mean of its members' losses.
    loss_curve_ : list of float
        The training loss of each epoch, without penalties.
    loss_ : float
        The last of them.
    validation_scores_ : list of float or None
        The accuracy on the rows held out, of each epoch; of folds, the mean.
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
    NetRegressor : For numbers.
    chainrule.train : The same training without scikit-learn's manner.

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
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """One epoch over these rows, from where the calls before have led.

        X, y, sample_weight: as in `fit`. classes: (classes,) all that will ever come; needed in the first
        call unless y holds labels, and may be left out later. How columns are standardized is learned in the
        first call.
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
        """(classes,) in ascending order; for labels the numbers of y's columns."""
        return self._fitted.targets.classes

    @property
    def validation_scores_(self) -> list[float] | None:
        """The accuracy on the rows held out, of each epoch; None without early stopping."""
        scores = [r[n] for r in self.history_ for n in r if n in _ACCURACIES]
        return scores or None

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each row, (rows,); for labels (rows, labels) of 0 and 1."""
        return self._of_scores(X, self._chosen)

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores: the log of the odds.

        (rows,) of the second class of two, (rows, classes) logarithms of probabilities up to a number a row,
        or (rows, labels). Of X's dtype if that is float32, else float64.
        """
        return self._of_scores(X, lambda scores: scores)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities: (rows, classes), which sum to 1; for labels (rows, labels), of each by itself."""
        return self._of_scores(X, lambda scores: np.exp(self._log_probabilities(scores)))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of `predict_proba`, without loss of digits near 0."""
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
    """Scores of classes from raw outputs, of members averaged by their probabilities.

    outputs: (rows, outputs) or (rows, members, outputs) float64. of_each: each output is a yes-no question;
    else they are logits of classes. Returns (rows, outputs): log p/(1 - p), or log p up to a number a row.
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
