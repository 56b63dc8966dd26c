"""Rosenblatt's rule on tasks whose answer is known, and the verdict on separability."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris

from chainrule.errors import ConfigError, DataError
from chainrule.nn.perceptron import Perceptron

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
NEEDS_HIDDEN_LAYER = "not linearly separable: it needs a hidden layer"


@pytest.mark.parametrize(
    ("name", "targets"), [("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1]), ("nand", [1, 1, 1, 0])]
)
def test_linearly_separable_gates_are_solved(name, targets):
    result = Perceptron().fit(CORNERS, targets)
    assert result.converged
    assert result.separable
    assert result.predict(CORNERS).tolist() == targets
    assert result.mistakes[-1] == 0
    assert all(result.mistakes[:-1])
    assert result.epochs_run == len(result.mistakes) < 20
    assert result.message == f"linearly separable: solved in {result.epochs_run} epochs"


def test_the_first_steps_are_those_worked_by_hand():
    # AND from w = 0, b = 0, η = ½: only (1, 1) is wrong, w = (½, ½), b = ½; then all but (1, 0) are.
    result = Perceptron(learning_rate=0.5, epochs=2).fit(CORNERS, [0, 0, 0, 1])
    assert result.mistakes == (1, 3)
    # After (0, 0): b = 0; after (0, 1): w = (½, 0), b = -½; (1, 0) gives 0, right; (1, 1) gives 0, wrong.
    assert result.weights.tolist() == [1.0, 0.5]
    assert result.bias == 0.0


@pytest.mark.parametrize("targets", [[0, 1, 1, 0], [1, 0, 0, 1], ["no", "yes", "yes", "no"]])
def test_xor_needs_a_hidden_layer(targets):
    result = Perceptron(epochs=50).fit(CORNERS, targets)
    assert not result.converged
    assert not result.separable
    assert result.epochs_run == 50
    assert result.message == NEEDS_HIDDEN_LAYER


def test_separable_but_too_few_epochs():
    result = Perceptron(epochs=2).fit(CORNERS, [0, 0, 0, 1])
    assert not result.converged
    assert result.separable
    assert result.message == "linearly separable, but not solved in 2 epochs: allow more"


def test_iris():
    data: Any = load_iris()
    names = data.target_names[data.target]
    pair = names != "virginica"
    result = Perceptron().fit(data.data[pair], names[pair])
    assert result.converged
    assert result.classes.tolist() == ["setosa", "versicolor"]
    assert (result.predict(data.data[pair]) == names[pair]).all()
    # Fisher's other two overlap.
    pair = names != "setosa"
    assert Perceptron(epochs=20).fit(data.data[pair], names[pair]).message == NEEDS_HIDDEN_LAYER


def test_breast_cancer_is_separable_in_all_30_features_as_its_authors_say():
    # wdbc.names of the UCI repository: "Sets are linearly separable using all 30 input features".
    data: Any = load_breast_cancer()
    result = Perceptron(epochs=2).fit(data.data, data.target)
    assert result.separable
    assert result.message == "linearly separable, but not solved in 2 epochs: allow more"


@pytest.mark.parametrize("seed", range(5))
def test_the_verdict_where_the_answer_is_known_by_construction(seed):
    random = np.random.default_rng(seed)
    scales = 10.0 ** random.integers(-4, 5, size=6)
    plane = random.normal(size=6)
    x = random.normal(size=(80, 6))
    side = x @ plane
    x, side = x[abs(side) > 0.05], side[abs(side) > 0.05]
    labels = (side > 0).astype(int)
    moved = x * scales + 3 * scales
    result = Perceptron(epochs=1).fit(moved, labels)
    assert result.separable
    assert not result.converged
    # A point between two of one class can't be on the other side.
    first, second = moved[labels == 0][:2]
    spoiled = np.vstack([moved, (first + second) / 2])
    assert not Perceptron(epochs=1).fit(spoiled, [*labels, 1]).separable


def test_the_same_point_in_both_classes_is_not_separable():
    assert not Perceptron(epochs=5).fit([[1.0], [2.0], [1.0]], [0, 1, 1]).separable


def test_a_small_gap_is_enough():
    result = Perceptron(epochs=1).fit([[0.0], [1.0], [1.0 + 1e-6]], ["a", "a", "b"])
    assert result.separable


@pytest.mark.parametrize(
    ("x", "targets", "message"),
    [
        (CORNERS, [0, 1, 2, 0], "targets have 3 different values; a perceptron needs exactly two"),
        (CORNERS, [1, 1, 1, 1], "targets have 1 different values; a perceptron needs exactly two"),
        (CORNERS, [0, 1], r"x has 4 rows and targets have shape \(2,\); give one each row"),
        ([0, 1], [0, 1], r"x has shape \(2,\); make it \(rows, features\)"),
        ([["a"], ["b"]], [0, 1], "x has values that are not numbers; encode them as numbers first"),
        ([[0.0, 1.0], [0.0, np.nan]], [0, 1], "x is nan in row 1, feature 1; fill it in"),
    ],
)
def test_data_that_do_not_fit(x, targets, message):
    with pytest.raises(DataError, match=f"^{message}$"):
        Perceptron().fit(x, targets)


def test_predict_checks_the_features():
    result = Perceptron().fit(CORNERS, [0, 0, 0, 1])
    with pytest.raises(DataError, match=r"^x has 3 features; give the 2 it was fitted on$"):
        result.predict([[1, 2, 3]])


def test_settings_out_of_range():
    with pytest.raises(ConfigError, match=r"^Perceptron: learning_rate is 0; it must be above 0$"):
        Perceptron(learning_rate=0)
    with pytest.raises(
        ConfigError, match=r"^Perceptron: epochs is 0; it must be a whole number, at least 1$"
    ):
        Perceptron(epochs=0)
