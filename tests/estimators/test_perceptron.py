"""PerceptronClassifier: the rule of `nn.Perceptron` under scikit-learn's interface."""

import numpy as np
import pytest

from chainrule import nn
from chainrule.errors import ConfigError, DataError
from chainrule.estimators import PerceptronClassifier

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def test_it_is_the_rule():
    y = np.array(["no", "no", "no", "yes"])
    neuron = PerceptronClassifier(eta0=0.5).fit(X, y)
    result = nn.Perceptron(learning_rate=0.5).fit(X, [0, 0, 0, 1])
    assert neuron.coef_.tolist() == [result.weights.tolist()]
    assert neuron.intercept_.tolist() == [result.bias]
    assert neuron.mistakes_ == list(result.mistakes)
    assert neuron.n_iter_ == result.epochs_run
    assert neuron.predict(X).tolist() == y.tolist()
    assert neuron.separable_


def test_it_says_where_no_plane_separates():
    neuron = PerceptronClassifier(max_iter=20).fit(X, [0, 1, 1, 0])
    assert not neuron.separable_
    assert neuron.n_iter_ == 20


def test_what_it_can_not_learn_is_refused():
    with pytest.raises(DataError, match=r"Only binary classification is supported. .* is multiclass"):
        PerceptronClassifier().fit(X, [0, 1, 2, 3])
    with pytest.raises(ConfigError, match=r"PerceptronClassifier: eta0 is 0; it must be above 0"):
        PerceptronClassifier(eta0=0).fit(X, [0, 1, 1, 1])
    with pytest.raises(DataError, match="X is NaN in row 1, column 0"):
        PerceptronClassifier().fit([[0.0], [np.nan]], [0, 1])
