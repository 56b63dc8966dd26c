"""PerceptronClassifier: Rosenblatt's one neuron, in scikit-learn's manner."""

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

    The rows come in the order given, the weights start at 0, and nothing is drawn at random. If a plane
    separates the classes, the rule finds one; `separable_` says whether there is one, decided by a linear
    program where the rule did not.

    Parameters
    ----------
    max_iter : int, default=1000
        Passes over the rows at most, at least 1.
    eta0 : float, default=1.0
        The learning rate, above 0. It changes the length of the weights, not the answers.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The classes in ascending order.
    coef_ : ndarray of shape (1, n_features_in_)
        The weights.
    intercept_ : ndarray of shape (1,)
        The bias.
    n_iter_ : int
        Passes made.
    mistakes_ : list of int
        Mistakes in each pass.
    separable_ : bool
        Whether some plane has each class strictly on its side.
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
        """Learn until every row is right or the passes are over.

        X: (rows, columns) array or DataFrame of numbers. y: (rows,), two classes. Raises ValueError
        (ConfigError, DataError) for what can't be learned from.
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
