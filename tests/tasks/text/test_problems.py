"""Targets of documents as outputs, and outputs as predictions."""

import numpy as np
import pandas as pd
import pytest

from chainrule.errors import ConfigError, DataError
from chainrule.tasks.text.problems import (
    Labels,
    OneClass,
    Ordinal,
    TwoClasses,
    check_problem,
    labels_of,
    problem_of,
    usual_problem,
)


def test_whole_numbers_in_a_row_are_an_order():
    assert usual_problem((1, 2, 3, 4, 5)) == "ordinal"
    assert usual_problem((0, 1)) == "classification"
    assert usual_problem((1, 2, 7)) == "classification"
    assert usual_problem(("a", "b", "c")) == "classification"
    assert usual_problem(tuple(range(12))) == "classification"
    check_problem("ordinal", (1.5, 2.5), "stars")
    with pytest.raises(ConfigError, match="'mood' holds texts, which have no order"):
        check_problem("ordinal", ("a", "b"), "mood")


def test_an_order_has_an_output_for_each_step():
    problem = Ordinal((1, 2, 3))
    assert problem.marks(np.array([0, 1, 2])).tolist() == [[False, False], [True, False], [True, True]]
    # P(at least 2) = 0.7, P(at least 3) = 0.2
    found = problem.probabilities(np.array([[0.7, 0.2], [0.3, 0.6]]))
    assert np.allclose(found, [[0.3, 0.5, 0.2], [0.7, 0.0, 0.3]])
    assert problem.predictions(found).tolist() == [2, 1]


def test_an_order_counts_the_steps_that_predictions_are_wrong_by():
    said = np.eye(3)[[0, 2, 1]]
    figures = Ordinal((1, 2, 3)).figures(said, np.array([0, 0, 1]), np.array([1, 1, 2]))
    assert figures["metrics"]["mean_absolute_error"] == pytest.approx(2 / 3)
    assert figures["baseline"]["mean_absolute_error"] == pytest.approx(2 / 3)


def test_two_classes_have_one_output():
    problem = problem_of("classification", ["no", "yes"])
    assert isinstance(problem, TwoClasses)
    assert isinstance(problem_of("classification", [1, 2, 3]), OneClass)
    assert problem.marks(np.array([1, 0])).tolist() == [[True], [False]]
    assert np.allclose(problem.probabilities(np.array([[0.3]])), [[0.7, 0.3]])


def test_classes_are_marked_and_named():
    problem = OneClass(("no", "yes"))
    assert problem.marks(np.array([1, 0])).tolist() == [[False, True], [True, False]]
    assert problem.targets(np.array([1, 0])).dtype == np.int32
    assert problem.predictions(np.array([[0.2, 0.8]])).tolist() == ["yes"]


def test_labels_of_a_cell_are_separated():
    names, marks = labels_of(pd.Series(["b; a", "a", None, " ;b"], name="tags"), ";", "made")
    assert names == ("a", "b")
    assert marks.tolist() == [[True, True], [True, False], [False, False], [False, True]]
    with pytest.raises(DataError, match="column 'tags' holds 1 labels separated by ';'"):
        labels_of(pd.Series(["a,b", "a,b"], name="tags"), ";", "made")


def test_figures_of_labels_against_those_worked_by_hand():
    problem = Labels(("a", "b"))
    said = np.array([[0.9, 0.1], [0.8, 0.7], [0.2, 0.3]])
    truth = np.array([[True, False], [True, False], [False, True]])
    found = problem.figures(said, truth, np.array([[True, False], [True, False], [True, True]]))
    assert found["metrics"] == pytest.approx(
        {"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "accuracy": 1 / 3}
    )
    assert found["baseline"]["precision"] == pytest.approx(2 / 3)
    assert problem.predictions(said).tolist() == ["a", "a; b", ""]
