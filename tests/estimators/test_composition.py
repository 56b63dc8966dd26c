"""With the rest of scikit-learn: pipelines, searches, calibration, other processes; learning curves."""

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.estimators.helpers import blobs, mixed, slope

from chainrule.errors import ConfigError
from chainrule.estimators import NetClassifier, NetRegressor, PerceptronClassifier

SMALL = NetClassifier((8,), max_iter=40, learning_rate_init=0.02, random_state=0)


def test_a_pipeline_that_hands_on_frames():
    frame, y = mixed()
    numbers = frame[["age"]].fillna(40).assign(twice=lambda f: 2 * f["age"])
    pipeline = make_pipeline(StandardScaler(), SMALL).set_output(transform="pandas")
    pipeline.fit(numbers, y)
    assert pipeline[-1].feature_names_in_.tolist() == ["age", "twice"]
    assert pipeline.predict(numbers).shape == y.shape


def test_words_through_a_sparse_matrix():
    texts = ["good film", "bad film", "good book", "bad book"] * 10
    pipeline = make_pipeline(TfidfVectorizer(), SMALL).fit(texts, [1, 0, 1, 0] * 10)
    assert pipeline.predict(["a good play", "a bad play"]).tolist() == [1, 0]


def test_a_search_over_what_mlp_users_search():
    x, y = blobs(90)
    grid = {"layers": [(4,), (16,)], "alpha": np.logspace(-4, 0, 2), "batch_size": np.array([16])}
    search = GridSearchCV(SMALL, grid, cv=3).fit(x, y)
    assert search.best_score_ > 0.7
    assert set(search.best_params_) == set(grid)


def test_cross_validation_in_other_processes():
    x, y = blobs(90)
    here = cross_val_score(SMALL, x, y, cv=2)
    assert here.min() > 0.7
    assert cross_val_score(SMALL, x, y, cv=2, n_jobs=2).tolist() == here.tolist()
    assert np.shape(cross_val_predict(SMALL, x, y, cv=2, method="predict_proba")) == (90, 3)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration(method):
    x, y = blobs(90, classes=2)
    calibrated = CalibratedClassifierCV(SMALL, method=method, cv=2).fit(x, y)
    assert calibrated.predict_proba(x).sum(axis=1) == pytest.approx(1)
    assert CalibratedClassifierCV(PerceptronClassifier(50), cv=2).fit(x, y).score(x, y) > 0.6


def test_ensembles_and_wrappers():
    x, y = blobs(90)
    members = [("net", SMALL), ("line", LogisticRegression())]
    assert VotingClassifier(members, voting="soft").fit(x, y).score(x, y) > 0.7
    assert StackingClassifier(members, cv=2).fit(x, y).score(x, y) > 0.7
    x, y = slope()
    net = NetRegressor((8,), max_iter=60, learning_rate_init=0.02, random_state=0)
    logged = TransformedTargetRegressor(net, func=np.log1p, inverse_func=np.expm1).fit(x, np.exp(y))
    assert logged.predict(x).shape == (150,)
    both = MultiOutputRegressor(net.set_params(loss="quantile", quantiles=[0.5]))
    assert both.fit(x, np.column_stack([y, y])).predict(x).shape == (150, 2)
    importances = permutation_importance(net.fit(x, y), x, y, n_repeats=2, random_state=0)["importances_mean"]
    assert importances[0] > importances[1] > importances[2]


def test_learning_curves_are_drawn():
    x, y = blobs(90)
    net = NetClassifier((8,), early_stopping=True, max_iter=5, random_state=0).fit(x, y)
    figure: Any = net.plot_learning_curves()
    assert [trace.name for trace in figure.data] == ["training", "validation"]
    assert list(figure.data[0].y) == net.loss_curve_
    figure = net.plot_learning_curves("accuracy")
    assert list(figure.data[0].y) == net.validation_scores_
    with pytest.raises(ConfigError, match=r"no record of metric 'acuracy' \(did you mean 'accuracy'\?\)"):
        net.plot_learning_curves("acuracy")
    assert SMALL.fit(x, y).validation_scores_ is None


def test_a_progress_bar_is_shown_where_asked_for(capsys):
    x, y = blobs(30)
    NetClassifier((4,), max_iter=3, verbose=True).fit(x, y)
    assert "epoch 3/3" in capsys.readouterr().err
    NetClassifier((4,), max_iter=3).fit(x, y)
    assert capsys.readouterr().err == ""
