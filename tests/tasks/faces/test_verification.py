"""Figures of verification against scikit-learn's and numbers worked out by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from chainrule.tasks.faces.verification import Scores, equal_error_rate, figures_of, roc, score_pairs

NONE = np.zeros(0, np.int64)


def scores(pairs):
    """(score, whether of one person) each."""
    values, same = zip(*pairs, strict=True)
    return Scores(np.array(values, float), np.array(same, bool), NONE, NONE)


def test_pairs_are_cosines_of_all_images():
    x = np.array([[3.0, 0.0], [1.0, 1.0], [0.0, 2.0], [0.0, 0.0]])
    found = score_pairs(x, np.array([0, 0, 1, 1]))
    assert list(zip(found.first, found.second, strict=True)) == [
        (0, 1),
        (0, 2),
        (0, 3),
        (1, 2),
        (1, 3),
        (2, 3),
    ]
    np.testing.assert_allclose(found.scores, [np.sqrt(0.5), 0, 0, np.sqrt(0.5), 0, 0], atol=1e-12)
    assert found.same.tolist() == [True, False, False, False, False, True]


@pytest.mark.parametrize(
    ("pairs", "rate"),
    [
        ([(0.9, 1), (0.8, 1), (0.2, 0), (0.1, 0)], 0.0),
        ([(0.9, 0), (0.8, 0), (0.2, 1), (0.1, 1)], 1.0),
        ([(0.9, 1), (0.8, 0), (0.7, 1), (0.1, 0)], 0.5),
        # One of four impostors is above the lowest of four pairs of one person.
        ([(0.9, 1), (0.8, 1), (0.7, 1), (0.6, 0), (0.5, 1), (0.3, 0), (0.2, 0), (0.1, 0)], 0.25),
        ([(0.5, 1), (0.5, 0)], 0.5),  # nothing tells them apart
    ],
)
def test_the_equal_error_rate_of_few_pairs(pairs, rate):
    assert equal_error_rate(scores(pairs))[0] == pytest.approx(rate)


def test_curves_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    same = random.random(400) < 0.2
    values = np.round(random.normal(size=400) + 1.5 * same, 1)  # with many ties
    found = Scores(values, same, NONE, NONE)
    false, true, thresholds = roc_curve(same, values, drop_intermediate=False)
    for ours, theirs in zip(roc(found), (thresholds, false, true), strict=True):
        np.testing.assert_allclose(ours, theirs)
    figures = figures_of(found)
    assert figures["area_under_roc"] == pytest.approx(roc_auc_score(same, values))
    assert figures["true_accepts_at_1_percent"] == pytest.approx(true[false <= 0.01].max())
    crossing = np.interp(0, false - (1 - true), false)
    assert figures["equal_error_rate"] == pytest.approx(crossing)
