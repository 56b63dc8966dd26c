"""Dropout of elements, channels and examples; Gaussian noise."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.executors.native import available, compile_native
from chainrule.nn import (
    AlphaDropout,
    Dense,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    Layer,
    Residual,
    SpatialAlphaDropout,
    SpatialDropout,
    StochasticDepth,
)
from chainrule.nn.layer import RANDOM_KEY, Building

DROPPING = (AlphaDropout, GaussianDropout, SpatialAlphaDropout, Dropout, SpatialDropout, StochasticDepth)


def key(seed: int, call: int = 0) -> dict[str, np.ndarray]:
    return {RANDOM_KEY: np.array([seed, call], np.uint32)}


def drawn(layer: Layer, x: np.ndarray, seed: int = 3) -> np.ndarray:
    return compiled(layer, *x.shape, training=True, dtype=x.dtype.name).run(key(seed), {"x": x})["y"]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_its_share_and_scales_what_it_keeps(rate):
    x = np.random.default_rng(0).normal(size=(400, 250)) + 10
    y = compiled(Dropout(rate), *x.shape, training=True).run(key(3), {"x": x})["y"]
    kept = y != 0
    # 100,000 draws: five standard deviations of the share.
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / x.size)
    np.testing.assert_allclose(y[kept], x[kept] / (1 - rate), rtol=1e-12)


def test_dropout_is_off_in_prediction_and_at_rate_zero():
    x = np.random.default_rng(0).normal(size=(4, 5))
    for layer, training in ((Dropout(0.9), False), (Dropout(0.0), True)):
        program = compiled(layer, 4, 5, training=training)
        assert program.program.state == ()
        assert np.array_equal(program.run({}, {"x": x})["y"], x)


def test_dropout_differs_between_calls_and_repeats_for_the_same_seed():
    program, x = compiled(Dropout(0.5), 20, 20, training=True), {"x": np.ones((20, 20))}
    tree, again, other = key(1), key(1), key(2)
    first, second = program.run(tree, x)["y"], program.run(tree, x)["y"]
    assert not np.array_equal(first, second)
    assert np.array_equal(program.run(again, x)["y"], first)
    assert np.array_equal(program.run(key(1, call=1), x)["y"], second)
    assert not np.array_equal(program.run(other, x)["y"], first)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_alpha_dropout_keeps_mean_and_variance_and_drops_to_one_value(rate):
    x = np.random.default_rng(0).normal(size=(400, 250))
    y = drawn(AlphaDropout(rate), x)
    assert abs(y.mean()) < 0.02
    assert abs(y.var() - 1) < 0.03
    values, counts = np.unique(y, return_counts=True)
    assert abs(counts.max() / y.size - rate) < 5 * np.sqrt(rate * (1 - rate) / y.size)
    keep = 1 - rate
    lowest = -1.0507009873554805 * 1.6732632423543772  # of selu
    scale = (keep + lowest**2 * keep * rate) ** -0.5
    assert values[counts.argmax()] == pytest.approx(scale * lowest - scale * rate * lowest, rel=1e-12)


def test_spatial_alpha_dropout_drops_whole_channels():
    x = np.random.default_rng(0).normal(size=(300, 4, 200))
    y = drawn(SpatialAlphaDropout(0.3), x)
    values, counts = np.unique(y, return_counts=True)
    dropped = y == values[counts.argmax()]
    assert np.array_equal(dropped.all(1), dropped.any(1))
    assert abs(dropped[:, 0].mean() - 0.3) < 5 * np.sqrt(0.21 / dropped[:, 0].size)
    assert abs(y.mean()) < 0.02
    assert abs(y.var() - 1) < 0.03


def test_gaussian_dropout_has_the_variance_of_dropout():
    factor = drawn(GaussianDropout(0.2), np.ones((400, 250)))
    assert abs(factor.mean() - 1) < 0.01
    assert abs(factor.var() - 0.25) < 0.01
    assert compiled(GaussianDropout(0.2), 4, 5).program.state == ()


def test_alpha_dropout_is_off_in_prediction_and_at_rate_zero():
    for layer, training in ((AlphaDropout(0.9), False), (AlphaDropout(0.0), True)):
        assert compiled(layer, 4, 5, training=training).program.state == ()


def test_dropout_turns_no_infinity_into_nan():
    """Dropping by multiplication would give ∞ · 0 = NaN."""
    y = compiled(Dropout(0.5), 10, 10, training=True).run(key(1), {"x": np.full((10, 10), np.inf)})["y"]
    assert set(np.unique(y)) == {0.0, np.inf}


@pytest.mark.parametrize("rate", [1.0, -0.1, 1.5, float("nan"), "0.5", None, True])
@pytest.mark.parametrize("kind", DROPPING)
def test_dropping_refuses_a_rate_out_of_range(kind, rate):
    with pytest.raises(ConfigError, match=rf"^{kind.__name__}: rate is .*; it must be"):
        kind(rate)


@pytest.mark.parametrize("shape", [(200, 5, 300), (200, 3, 2, 300)])
def test_spatial_dropout_drops_whole_channels_of_an_example(shape):
    x = np.random.default_rng(0).normal(size=shape) + 10
    y = drawn(SpatialDropout(0.3), x)
    places = y.reshape(200, -1, 300)
    kept = places[:, 0] != 0
    assert np.array_equal(places != 0, np.broadcast_to(kept[:, None], places.shape))
    assert abs(kept.mean() - 0.7) < 5 * np.sqrt(0.21 / kept.size)
    np.testing.assert_allclose(y[y != 0], x[y != 0] / 0.7, rtol=1e-12)
    assert 0 < kept.mean(0).min() < kept.mean(0).max() < 1  # neither channels nor examples go as one


def test_stochastic_depth_drops_whole_examples():
    x = np.random.default_rng(0).normal(size=(20000, 2, 3)) + 10
    y = drawn(StochasticDepth(0.2), x)
    kept = (y != 0).all((1, 2))
    assert np.array_equal(kept, (y != 0).any((1, 2)))
    assert abs(kept.mean() - 0.8) < 5 * np.sqrt(0.16 / len(x))
    np.testing.assert_allclose(y[kept], x[kept] / 0.8, rtol=1e-12)


def test_stochastic_depth_at_the_end_of_a_residual_skips_the_block():
    x = np.random.default_rng(0).normal(size=(50, 3))
    weight = {"dense_1.weight": np.full((3, 3), 2.0), "dense_1.bias": np.ones(3)}
    program = compiled(Residual([Dense(3), StochasticDepth(0.5)]), 50, 3, training=True)
    y = program.run(key(1) | weight, {"x": x})["y"]
    block = 2 * (x @ weight["dense_1.weight"] + 1)
    skipped = np.isclose(y, x).all(1)
    assert 10 < skipped.sum() < 40
    np.testing.assert_allclose(y[~skipped], (x + block)[~skipped], rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gaussian_noise_has_its_deviation_in_every_part_of_the_distribution(dtype):
    x = np.full((400, 250), 2.0, dtype)
    y = drawn(GaussianNoise(0.5), x)
    assert y.dtype == dtype
    z = np.sort((y.astype(np.float64) - 2).ravel() / 0.5)
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert abs(z.var() - 1) < 5 * np.sqrt(2 / z.size)
    from scipy.stats import norm

    # Kolmogorov's distance: beyond 2 / √n once in a thousand.
    assert np.abs(norm.cdf(z) - np.arange(z.size) / z.size).max() < 2 / np.sqrt(z.size)
    assert len(np.unique(z)) > 0.9 * z.size


def test_gaussian_noise_is_off_in_prediction_and_at_deviation_zero():
    for layer, training in ((GaussianNoise(1.0), False), (GaussianNoise(0.0), True)):
        assert compiled(layer, 3, 4, training=training).program.state == ()


def test_gaussian_noise_differs_between_calls():
    program, tree = compiled(GaussianNoise(1.0), 4, 5, training=True), key(1)
    first, second = (program.run(tree, {"x": np.zeros((4, 5))})["y"] for _ in range(2))
    assert not np.any(first == second)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gaussian_noise_of_the_least_and_greatest_draws_is_finite(dtype, monkeypatch):
    """0 would have no logarithm, and 2³² - 1 is 2³² in float32."""
    extremes = np.array([0, 2**32 - 1])
    monkeypatch.setattr(Building, "random_bits", lambda self, shape: self.trace.constant(extremes, "uint32"))
    program = compiled(GaussianNoise(1.0), 2, training=True, dtype=dtype)
    assert np.isfinite(program.run({}, {"x": np.zeros(2, dtype)})["y"]).all()


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
@pytest.mark.parametrize("layer", [SpatialDropout(0.4), StochasticDepth(0.4), GaussianNoise(0.3)])
def test_the_core_draws_what_numpy_draws(layer):
    x = np.random.default_rng(0).normal(size=(40, 3, 7)).astype(np.float32)
    program = compiled(layer, *x.shape, training=True, dtype="float32")
    native = compile_native(program.program, 2)
    assert type(native) is not type(program)
    np.testing.assert_allclose(
        native.run(key(5), {"x": x})["y"], program.run(key(5), {"x": x})["y"], rtol=1e-4, atol=1e-5
    )


def test_refuses_another_rank_or_dtype_and_names_the_layer():
    with pytest.raises(ShapeError, match=r"^SpatialDropout 'spatial_dropout_1' got x of shape \(4, 5\); it"):
        compiled(SpatialDropout(0.5), 4, 5, training=True)
    with pytest.raises(ShapeError, match=r"^StochasticDepth 'stochastic_depth_1' got a single number"):
        compiled(StochasticDepth(0.5), training=True)
    with pytest.raises(DTypeError, match=r"^GaussianNoise 'gaussian_noise_1' got x of dtype int32"):
        compiled(GaussianNoise(0.5), 4, training=True, dtype="int32")
