"""PerceptronClassifier: Rosenblatt's single neuron, with the interface of scikit-learn."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from chainrule.calls import naming_settings
from chainrule.data.given import as_pandas
from chainrule.data.wording import listed
from chainrule.errors import DataError
from chainrule.estimators.inputs import naming_text, refuse_not_finite
from chainrule.estimators.targets import checked_classes
from chainrule.nn import Perceptron
from chainrule.nn.settings import check_number, check_whole


class PerceptronClassifier(ClassifierMixin, BaseEstimator):
    """Rosenblatt's perceptron: one neuron that decides between two classes by its learning rule (1958).

    The rows are used in their order, the weights start at 0, and nothing is random. If a plane separates the
    classes, the rule finds one, given enough passes. `separable_` says whether there is such a plane; if the
    rule found none, a linear program decides.

    Parameters
    ----------
    max_iter : int, default=1000
        The most passes over the rows, at least 1.
    eta0 : float, default=1.0
        The learning rate, above 0. It scales the weights and does not change the predictions.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The classes in ascending order.
    coef_ : ndarray of shape (1, n_features_in_)
        The weights.
    intercept_ : ndarray of shape (1,)
        The bias.
    n_iter_ : int
        The number of passes made.
    mistakes_ : list of int
        The number of mistakes in each pass.
    separable_ : bool
        Whether a plane separates the classes strictly.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X had names.

    See Also
    --------
    chainrule.nn.Perceptron : The rule itself.

    Examples
    --------
    >>> from chainrule.estimators import PerceptronClassifier
    >>> neuron = PerceptronClassifier().fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> neuron.predict([[1, 1], [1, 0]])
    array([1, 0])
    """

    @naming_settings()
    def __init__(self, max_iter: int = 1000, *, eta0: float = 1.0) -> None:
        self.max_iter = max_iter
        self.eta0 = eta0

    def fit(self, X: Any, y: Any) -> Self:
        """Train until every row is classified correctly, or for `max_iter` passes.

        X: (rows, columns) array or DataFrame of numbers. y: (rows,), two classes. Raises ValueError
        (ConfigError, DataError) for other X or y and for wrong settings.
        """
        rule = self._rule()
        x = self._checked_x(X, reset=True)
        labels = checked_classes(y)
        kind = type_of_target(labels, input_name="y")
        if kind != "binary":
            raise DataError(
                f"Only binary classification is supported. The type of the target is {kind}.",
                remedy="use NetClassifier, or sklearn.multiclass.OneVsRestClassifier(PerceptronClassifier())",
            )
        check_consistent_length(x, labels)
        classes = np.unique(labels)
        if len(classes) < 2:
            raise DataError(
                f"y has 1 class, {listed(classes.tolist())}; a perceptron needs 2",
                remedy="give rows of another class",
            )
        result = rule.fit(x, (labels == classes[1]).astype(int))
        self.classes_ = classes
        self.coef_, self.intercept_ = result.weights[None], np.array([result.bias])
        self.n_iter_, self.mistakes_ = result.epochs_run, list(result.mistakes)
        self.separable_ = result.separable
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """w · x + b of each row, (rows,)."""
        check_is_fitted(self)
        return self._checked_x(X, reset=False) @ self.coef_[0] + self.intercept_[0]

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row, (rows,): the second where w · x + b is above 0."""
        positive = self.decision_function(X) > 0
        return self.classes_[positive.astype(np.intp)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _rule(self) -> Perceptron:
        check_number("PerceptronClassifier", "eta0", self.eta0, above=0)
        check_whole("PerceptronClassifier", "max_iter", self.max_iter)
        return Perceptron(learning_rate=self.eta0, epochs=self.max_iter)

    def _checked_x(self, X: Any, *, reset: bool) -> np.ndarray:
        X = as_pandas(X)
        with naming_text("X", X, "give numbers; NetClassifier takes DataFrames with text"):
            x: Any = validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite=False)
        refuse_not_finite(x, "X", remedy="fill it in or leave the row out")
        return x
