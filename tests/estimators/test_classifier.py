"""NetClassifier against scikit-learn's linear classifiers, and what its answers must be among themselves."""

from typing import Any

import numpy as np
import pytest
from scipy.special import log_expit, log_softmax
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight
from tests.estimators.helpers import blobs

from chainrule.estimators import NetClassifier
from chainrule.estimators.classifier import log_odds

EXACT: dict[str, Any] = {
    "solver": "lbfgs",
    "dtype": "float64",
    "standardize": False,
    "n_iter_no_change": np.inf,
}


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weighting", ["none", "rows", "balanced", "classes", "both"])
def test_without_hidden_layers_it_is_penalized_logistic_regression(classes, weighting):
    """½ alpha Σw² beside the sum of losses is scikit-learn's C = 1 / alpha, however rows are weighted."""
    x, y = blobs(80, classes)
    x, y = x[:70], y[:70] * 10  # classes of unequal size, with numbers of their own
    weight = np.random.default_rng(1).integers(0, 4, 70) if weighting in ("rows", "both") else None
    class_weight = {"balanced": "balanced", "classes": {0: 3.0}, "both": {10: 0.5}}.get(weighting)
    net = NetClassifier((), alpha=2.0, class_weight=class_weight, max_iter=100, random_state=0, **EXACT)
    net.fit(x, y, weight)
    other = LogisticRegression(C=1 / 2.0, class_weight=class_weight, tol=1e-10, max_iter=1000)
    expected = other.fit(x, y, weight).predict_proba(x)
    if classes == 2:
        np.testing.assert_allclose(net.decision_function(x), other.decision_function(x), atol=1e-5)
    np.testing.assert_allclose(net.predict_proba(x), expected, atol=1e-6)
    assert (net.predict(x) == other.predict(x)).all()
    assert net.classes_.tolist() == [0, 10, 20][:classes]
    assert net.score(x, y) == other.score(x, y)


def labelled(rows: int, **settings: Any) -> Any:
    return make_multilabel_classification(rows, **settings)


def test_labels_are_yes_no_questions_by_themselves():
    x, y = labelled(80, n_features=5, n_classes=3, random_state=0)
    net = NetClassifier((), alpha=3.0, max_iter=1000, random_state=0, **EXACT).fit(x, y)
    # Labels share the mean loss: each sees a penalty times their number.
    for label in range(3):
        other = LogisticRegression(C=1 / 9.0, tol=1e-10, max_iter=5000).fit(x, y[:, label])
        np.testing.assert_allclose(net.predict_proba(x)[:, label], other.predict_proba(x)[:, 1], atol=1e-5)
    assert net.predict(x).tolist() == (net.decision_function(x) > 0).astype(int).tolist()
    assert net.predict_log_proba(x) == pytest.approx(np.log(net.predict_proba(x)), rel=1e-12)


@pytest.mark.parametrize(
    "labels", [["a", "b", "c"], [False, True], [1.0, 2.0, 7.0], ["no", "yes"]], ids=lambda labels: str(labels)
)
def test_classes_keep_their_type(labels):
    x, numbers = blobs(90, len(labels))
    y = np.array(labels)[numbers]
    net = NetClassifier((16,), max_iter=60, random_state=0).fit(x, y)
    assert net.classes_.dtype == y.dtype
    assert net.predict(x).dtype == y.dtype
    assert (net.predict(x) == y).mean() > 0.7
    assert net.predict_proba(x) == pytest.approx(np.exp(net.predict_log_proba(x)))


def test_a_column_of_classes_is_warned_of():
    x, y = blobs(40)
    with pytest.warns(UserWarning, match="column-vector y"):
        NetClassifier((4,), max_iter=2).fit(x, y[:, None])


def test_probabilities_do_not_lose_their_digits_near_0():
    x, y = np.linspace(-1, 1, 60)[:, None], np.arange(60) >= 30
    net = NetClassifier((), max_iter=300, learning_rate_init=0.5, alpha=0, random_state=0).fit(x, y)
    z = net.decision_function([[-50.0]])
    assert z < -50
    assert net.predict_log_proba([[-50.0]])[0, 1] == pytest.approx(z[0], rel=1e-6)


def test_float32_stays_float32():
    x, y = blobs(60)
    net = NetClassifier((8,), max_iter=3, random_state=0).fit(x.astype(np.float32), y)
    for method in ("decision_function", "predict_proba", "predict_log_proba"):
        assert getattr(net, method)(x.astype(np.float32)).dtype == np.float32
        assert getattr(net, method)(x).dtype == np.float64


def test_scores_of_members_are_those_of_their_mean_probability():
    outputs = np.random.default_rng(0).normal(size=(7, 5, 3))
    mean = np.exp(log_softmax(outputs, axis=2)).mean(1)
    np.testing.assert_allclose(
        np.exp(log_softmax(log_odds(outputs, of_each=False), axis=1)), mean, rtol=1e-12
    )
    mean = np.exp(log_expit(outputs)).mean(1)
    np.testing.assert_allclose(np.exp(log_expit(log_odds(outputs, of_each=True))), mean, rtol=1e-12)
    assert log_odds(outputs[:, 0], of_each=True).tolist() == outputs[:, 0].tolist()


def test_balanced_classes_are_scikit_learns():
    x, y = blobs(60)
    y = y[:50]
    balanced = NetClassifier((4,), class_weight="balanced", max_iter=5, random_state=0).fit(x[:50], y)
    weighted = NetClassifier((4,), max_iter=5, random_state=0)
    weighted.fit(x[:50], y, compute_sample_weight("balanced", y))
    assert balanced.decision_function(x).tolist() == weighted.decision_function(x).tolist()
