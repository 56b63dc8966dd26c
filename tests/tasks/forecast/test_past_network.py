"""Networks of the past alone: their equations in NumPy, their first weights beside scikit-learn's ridge."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from chainrule.data import Arrays
from chainrule.errors import ConfigError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import MeanSquaredError
from chainrule.tasks.forecast import closed_form
from chainrule.tasks.forecast.closed_form import PENALTIES, best_ridge, design, moments_of
from chainrule.tasks.forecast.networks import initial_of
from chainrule.tasks.forecast.past_network import NORMALIZATIONS, PastNetwork
from chainrule.training import Batch, Recipe, Supervised, initial_tree, prediction_program, training_step

LAGS, HORIZON = 12, 4
P = "past_network_1."


def windows(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pasts with two more columns, as `data.Windows` has, and what follows each."""
    random = np.random.default_rng(seed)
    whole = np.cumsum(random.normal(size=(count, LAGS + HORIZON)), axis=1) + 3 * random.normal(
        size=(count, 1)
    )
    past = np.concatenate([whole[:, :LAGS], random.normal(size=(count, 2))], axis=1)
    return past.astype(np.float32), whole[:, LAGS:].astype(np.float32)


def predicted(network: PastNetwork, x: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The outputs of the network with these arrays in place of its initial ones."""
    recipe = Recipe(Supervised(network, MeanSquaredError()))
    target = (len(x), network.horizon, network.quantiles)
    batch = Batch({"x": (x.shape, "float32"), "y": (target, "float32")})
    tree = initial_tree(recipe, training_step(recipe, batch), arrays)
    program = prediction_program(recipe, Batch({"x": (x.shape, "float32")}))
    return compile_numpy(program).run(tree, {"x": x})["prediction"]


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_equation_by_hand(normalization: str) -> None:
    x, _ = windows(5)
    random = np.random.default_rng(1)
    weight = random.normal(size=(LAGS, HORIZON)).astype(np.float32)
    q = random.normal(size=(HORIZON, 2))
    arrays = {f"{P}weight": weight, f"{P}quantiles": q}
    arrays = {name: each.astype(np.float32) for name, each in arrays.items()}
    found = predicted(PastNetwork(LAGS, HORIZON, 2, normalization), x, arrays)
    for row, told in zip(x[:, :LAGS].astype(np.float64), found, strict=True):
        level = row[-1] if normalization == "last" else row.mean()
        spread = row.std() if normalization == "window" else 1.0
        z = (row - level) / spread
        for quantile in range(2):
            expected = level + spread * (z @ weight + q[:, quantile])
            np.testing.assert_allclose(told[:, quantile], expected, rtol=1e-4, atol=1e-4)


def test_trend_and_remainder_have_a_map_each() -> None:
    x, _ = windows(3)
    random = np.random.default_rng(1)
    first, second = random.normal(size=(2, LAGS, HORIZON)).astype(np.float32)
    network = PastNetwork(LAGS, HORIZON, 1, "mean", average=5)
    found = predicted(network, x, {f"{P}weight": first, f"{P}trend": second})
    for row, told in zip(x[:, :LAGS].astype(np.float64), found[..., 0], strict=True):
        z = row - row.mean()
        trend = np.array([z[max(0, i - 2) : i + 3].mean() for i in range(LAGS)])
        np.testing.assert_allclose(told, row.mean() + (z - trend) @ first + trend @ second, rtol=1e-4)


def test_shifted_and_scaled_pasts_give_shifted_and_scaled_forecasts() -> None:
    """What reversible normalization is for; the residual network is no exception."""
    x, y = windows(50)
    network = PastNetwork(LAGS, HORIZON, 1, "window", units=8)
    last = np.random.default_rng(2).normal(size=(8, HORIZON)).astype(np.float32)
    arrays = {f"{P}dense_2.weight": last, **initial_of(network, Arrays.of(x, y), None, (0.5,))}
    plain, moved = (predicted(network, each, arrays) for each in (x, 7 * x + 100))
    np.testing.assert_allclose(moved, 7 * plain + 100, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("strength", [0.001, 0.3])
def test_the_first_weights_are_scikit_learns_ridge(normalization: str, strength: float) -> None:
    x, y = windows(300)
    network = PastNetwork(LAGS, HORIZON, 1, normalization)
    training = moments_of(network, x, y)
    u, level = design(network, x)
    alpha = strength * np.square(u, dtype=np.float64).sum() / u.shape[1]
    theirs = Ridge(alpha=alpha, fit_intercept=False, solver="svd").fit(u.astype(np.float64), y - level)
    # Sums in float32: of inputs that are nearly dependent, the forecasts agree rather than the weights.
    weights = closed_form.Ridge.of(training).weights(strength)
    np.testing.assert_allclose(u @ weights, theirs.predict(u), rtol=1e-3, atol=1e-3)
    expected = np.square(theirs.predict(u) - (y - level)).mean()
    assert training.squared_error(theirs.coef_.T) == pytest.approx(expected, rel=1e-4)


def test_a_weight_of_two_counts_a_window_twice() -> None:
    x, y = windows(30)
    network = PastNetwork(LAGS, HORIZON, 1, "window")
    weight = np.where(np.arange(30) < 10, 2.0, 1.0).astype(np.float32)
    twice = moments_of(network, np.concatenate([x, x[:10]]), np.concatenate([y, y[:10]]))
    weighted = moments_of(network, x, y, weight)
    assert weighted.windows == twice.windows == 40
    for name in ("inputs", "products", "targets"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(twice, name), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("average", [0, 5])
def test_a_network_begins_at_the_ridge_that_validates_best(average: int) -> None:
    (x, y), (later, truth) = windows(40), windows(500, seed=1)
    network = PastNetwork(LAGS, HORIZON, 1, "window", average=average, units=6)
    first = initial_of(network, Arrays.of(x, y), Arrays.of(later, truth), (0.5,))
    found = predicted(network, later, dict(first))[..., 0]
    u, level = design(network, later)
    weights, chosen = best_ridge(moments_of(network, x, y), moments_of(network, later, truth))
    np.testing.assert_allclose(found, u @ weights + level, rtol=1e-3, atol=1e-3)
    errors = {}
    for strength in PENALTIES:
        design_, level_ = design(network, x)
        alpha = strength * np.square(design_, dtype=np.float64).sum() / design_.shape[1]
        ridge = Ridge(alpha=alpha, fit_intercept=False, solver="svd").fit(design_, y - level_)
        errors[strength] = np.square(ridge.predict(u) + level - truth).mean()
    assert min(errors, key=lambda each: errors[each]) == chosen


def test_quantiles_begin_at_those_of_the_errors() -> None:
    x, y = windows(1500)
    network = PastNetwork(LAGS, HORIZON, 3, "window")
    levels = (0.1, 0.5, 0.9)
    first = initial_of(network, Arrays.of(x, y), None, levels)
    found = predicted(network, x, dict(first))
    for column, level in enumerate(levels):
        np.testing.assert_allclose((y <= found[..., column]).mean(0), level, atol=0.01)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="normalization"):
        PastNetwork(LAGS, HORIZON, 1, "none")
    with pytest.raises(ConfigError, match="average is -1"):
        PastNetwork(LAGS, HORIZON, 1, average=-1)
