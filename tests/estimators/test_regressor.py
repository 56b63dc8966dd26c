"""NetRegressor against closed forms and scikit-learn's linear models."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import d2_pinball_score
from tests.estimators.helpers import slope

from chainrule import nn
from chainrule.errors import ConfigError, DataError
from chainrule.estimators import NetRegressor
from chainrule.estimators.regressor import mean_and_deviation

EXACT: dict[str, Any] = {
    "solver": "lbfgs",
    "dtype": "float64",
    "n_iter_no_change": np.inf,
    "max_iter": 60,
    "random_state": 0,
}


@pytest.mark.parametrize("solver", ["lbfgs", "lm", "scg", "cg"])
@pytest.mark.parametrize("weighted", [False, True])
def test_without_hidden_layers_it_is_ridge_regression(weighted, solver):
    """Σ(y - t)² + ½ alpha Σw², so scikit-learn's ridge penalty is half of ours."""
    x, y = slope()
    weight = np.random.default_rng(2).integers(0, 3, len(y)) if weighted else None
    net = NetRegressor((), alpha=30.0, standardize=False, **(EXACT | {"solver": solver})).fit(x, y, weight)
    other = Ridge(alpha=15.0).fit(x, y, weight)
    np.testing.assert_allclose(net.predict(x), other.predict(x), rtol=1e-6)
    assert net.score(x, y) == pytest.approx(other.score(x, y), rel=1e-8)


def test_bayesian_regularization_says_how_many_weights_count():
    x, y = slope()
    settings = {"max_iter": 40, "random_state": 0, "activation": "tanh"}
    net = NetRegressor((12,), solver="br", **settings).fit(x, y)
    weights = sum(array.size for array in net.run_.parameters.values())
    assert 0 < net.effective_parameters_ < weights
    assert net.run_.recipe.dtype == "float64"
    assert net.run_.recipe.penalties == ()
    assert net.score(x, y) > 0.9
    again = net.partial_fit(x, y)
    assert again.effective_parameters_ == pytest.approx(net.effective_parameters_, rel=0.5)
    other = NetRegressor((4,), solver="lm", **settings).fit(x, y)
    assert not hasattr(other, "effective_parameters_")


def test_standardizing_is_undone_in_the_answers():
    x, y = slope()
    net = NetRegressor((), alpha=0, **EXACT).fit(1e3 + 1e2 * x, 1e6 + 1e4 * y)
    plain = Ridge(alpha=0).fit(x, y)
    np.testing.assert_allclose(net.predict(1e3 + 1e2 * x), 1e6 + 1e4 * plain.predict(x), rtol=1e-5)


def test_several_targets_have_scales_of_their_own():
    x, y = slope()
    both = np.column_stack([y, -1e5 * y])
    net = NetRegressor((), alpha=0, **EXACT).fit(x, both)
    predicted = net.predict(x)
    assert predicted.shape == both.shape
    np.testing.assert_allclose(predicted[:, 1], -1e5 * predicted[:, 0], rtol=1e-4)
    assert net.n_outputs_ == 2


def test_quantiles_are_those_of_the_rows_and_do_not_cross():
    """One column that says nothing: the best answer is the quantile of all y."""
    y = np.random.default_rng(0).exponential(size=400)
    x = np.zeros((400, 1))
    quantiles = (0.9, 0.25, 0.5)
    net = NetRegressor(
        (),
        loss="quantile",
        quantiles=quantiles,
        max_iter=400,
        learning_rate="cosine",
        learning_rate_init=0.05,
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(x, y)
    predicted = net.predict(x[:1])[0]
    np.testing.assert_allclose(predicted, np.quantile(y, quantiles), atol=0.06)
    x, y = slope()
    net = NetRegressor((16,), loss="quantile", quantiles=quantiles, max_iter=5, random_state=0).fit(x, y)
    predicted = net.predict(x)
    assert (np.diff(predicted[:, [1, 2, 0]], axis=1) >= 0).all()
    scores = [d2_pinball_score(y, predicted[:, i], alpha=q) for i, q in enumerate(quantiles)]
    assert net.score(x, y) == pytest.approx(np.mean(scores))


def test_one_quantile_is_a_number_a_row():
    x, y = slope()
    net = NetRegressor((8,), loss="quantile", quantiles=[0.5], max_iter=3, random_state=0).fit(x, y)
    assert net.predict(x).shape == (150,)
    assert isinstance(net.score(x, y), float)


def test_gaussian_regression_finds_the_deviation_of_each_row():
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, size=(1500, 1))
    deviation = np.where(x[:, 0] > 0, 4.0, 1.0)
    y = 100 + 10 * x[:, 0] + deviation * random.normal(size=1500)
    net = NetRegressor((32,), loss="gaussian", max_iter=60, learning_rate_init=0.01, random_state=0).fit(x, y)
    mean, found = net.predict([[-0.5], [0.5]], return_std=True)
    np.testing.assert_allclose(mean, [95, 105], atol=1)
    np.testing.assert_allclose(found, [1, 4], rtol=0.3)
    assert net.predict([[-0.5]]) == pytest.approx(mean[0], rel=1e-6)


def test_deviations_of_members_are_those_of_their_mixture():
    """Law of total variance: members with means 0 and 2, variances 1 and 3."""
    outputs = np.array([[[0.0, np.log(1.0)], [2.0, np.log(3.0)]]])
    mean, deviation = mean_and_deviation(outputs, 0.0)
    assert mean.tolist() == [[1.0]]
    assert deviation[0, 0] == pytest.approx(np.sqrt((1 + 3) / 2 + 1))


def test_counts_stay_counts():
    x, y = slope()
    counts = np.random.default_rng(0).poisson(np.exp(0.3 * y))
    net = NetRegressor((16,), loss="poisson", max_iter=100, learning_rate_init=0.01, random_state=0)
    predicted = net.fit(x, counts).predict(x)
    assert (predicted > 0).all()
    assert np.corrcoef(np.log(predicted), y)[0, 1] > 0.9
    with pytest.raises(DataError, match=r"Poisson: the target in row 0 is -1"):
        net.fit(x, counts - counts[0] - 1)


def test_a_loss_of_ones_own_is_in_the_unit_of_y():
    """With the constant far from 0, an answer that is not standardized moves there slowly."""
    x, y = slope()
    net = NetRegressor((), loss=nn.Huber(0.5), max_iter=10, random_state=0).fit(x, 1000 + y)
    assert net.predict(x).max() < 10
    assert NetRegressor((), loss="huber", max_iter=10, random_state=0).fit(x, 1000 + y).predict(x).min() > 900


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile", "gaussian"])
def test_every_loss_learns_a_plane_and_keeps_float32(loss):
    x, y = slope()
    net = NetRegressor((32,), loss=loss, max_iter=150, learning_rate_init=0.01, random_state=0)
    predicted = net.fit(x, y).predict(x.astype(np.float32))
    assert predicted.dtype == np.float32
    assert np.corrcoef(predicted.reshape(150, -1)[:, predicted.ndim - 1 and 1], y)[0, 1] > 0.97


def test_what_it_does_not_say_is_refused():
    x, y = slope()
    net = NetRegressor((4,), max_iter=2).fit(x, y)
    with pytest.raises(ConfigError, match="return_std needs loss='gaussian'; loss is 'squared_error'"):
        net.predict(x, return_std=True)
    with pytest.raises(DataError, match="y has 2 targets, and quantiles are of one"):
        NetRegressor((4,), loss="quantile").fit(x, np.column_stack([y, y]))
