"""NetClassifier: classes and labels, in scikit-learn's manner."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from scipy.special import log_expit, log_softmax, logsumexp
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight

from chainrule.data.wording import listed
from chainrule.errors import ConfigError, DataError
from chainrule.estimators.base import NetEstimator
from chainrule.estimators.inputs import checked_weight
from chainrule.estimators.settings import AUTO, Settings
from chainrule.estimators.targets import ClassTargets, checked_classes
from chainrule.nn import Layer, Schedule, Transform
from chainrule.train import Listener


class NetClassifier(ClassifierMixin, NetEstimator):
    """DOC"""

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
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float | str = AUTO,
        max_iter: int = 200,
        tol: float = 0.0001,
        n_iter_no_change: float = 10,
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

        X, y, sample_weight: as in `fit`. classes: (classes,) all that will ever come; needed in the first call
        unless y holds labels, and may be left out later. How columns are standardized is learned in the first
        call.
        """
        if self.class_weight == "balanced":
            raise ConfigError(
                "NetClassifier: class_weight 'balanced' needs all rows at once",
                remedy="give the weights as a dict, {class: weight}, or as sample_weight",
            )
        first, targets = "run_" not in vars(self), None
        if first:
            labels = checked_classes(y) if y is not None else np.empty(0)
            multilabel = labels.ndim == 2
            if classes is None and not multilabel:
                raise DataError(
                    "classes must be passed on the first call to partial_fit.",
                    remedy="give all that will ever come, such as numpy.unique(y_of_all)",
                )
            known = np.arange(labels.shape[1]) if multilabel else np.unique(np.asarray(classes))
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
        return self._targets.classes

    @property
    def validation_scores_(self) -> list[float] | None:
        """The accuracy on the rows held out, of each epoch; None without early stopping."""
        scores = [r[n] for r in self.history_ for n in r if n in _ACCURACIES]
        return scores or None

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each row, (rows,); for labels (rows, labels) of 0 and 1."""
        decision = self.decision_function(X)
        if self._targets.multilabel:
            return (decision > 0).astype(np.int64)
        return self.classes_[(decision > 0).astype(np.intp) if decision.ndim == 1 else decision.argmax(1)]

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores: the log of the odds.

        (rows,) of the second class of two, (rows, classes) logarithms of probabilities up to a number a row,
        or (rows, labels). Of X's dtype if that is float32, else float64.
        """
        outputs, dtype = self._outputs(X, raw=True)
        one = self._targets.outputs == 1 and not self._targets.multilabel
        scores = log_odds(outputs.astype(np.float64), of_each=one or self._targets.multilabel)
        return (scores[:, 0] if one else scores).astype(dtype)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities: (rows, classes), which sum to 1; for labels (rows, labels), of each by itself."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of `predict_proba`, without loss of digits near 0."""
        decision = self.decision_function(X)
        if self._targets.multilabel:
            return log_expit(decision)
        if decision.ndim == 1:
            return np.column_stack([log_expit(-decision), log_expit(decision)])
        return log_softmax(decision, axis=1)

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
        try:
            factors = compute_sample_weight(self.class_weight, y)
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"NetClassifier: class_weight is {self.class_weight!r} ({error})",
                remedy="give 'balanced' or {class: weight}",
            ) from None
        return checked_weight(factors if weight is None else factors * weight, len(y), "class_weight")

    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, settings: Settings) -> ClassTargets:
        if y.ndim == 2:
            return ClassTargets(np.arange(y.shape[1]), multilabel=True)
        return _at_least_two(ClassTargets(np.unique(y), multilabel=False))


_ACCURACIES = ("validation_accuracy", "validation_binary_accuracy")


def log_odds(outputs: np.ndarray, *, of_each: bool) -> np.ndarray:
    """Scores of classes from raw outputs, of members averaged by their probabilities.

    outputs: (rows, outputs) or (rows, members, outputs) float64. of_each: each output is a yes-no question; else
    they are logits of classes. Returns (rows, outputs): log p/(1 - p), or log p up to a number a row.
    """
    if outputs.ndim == 2:
        return outputs
    if of_each:
        return logsumexp(log_expit(outputs), axis=1) - logsumexp(log_expit(-outputs), axis=1)
    return logsumexp(log_softmax(outputs, axis=2), axis=1)


def _at_least_two(targets: ClassTargets) -> ClassTargets:
    if not targets.multilabel and len(targets.classes) < 2:
        raise DataError(
            f"y has 1 class, {listed(targets.classes.tolist())}; a classifier needs at least 2",
            remedy="give rows of another class (rows of weight 0 do not count)",
        )
    return targets
