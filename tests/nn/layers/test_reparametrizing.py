"""Weight and spectral normalization."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

import chainrule
from chainrule import nn
from chainrule.errors import ConfigError

RANDOM = np.random.default_rng(11)


def test_weight_norm_has_the_lengths_that_are_trained():
    x, v, g, bias = (RANDOM.normal(size=each) for each in ((4, 3), (3, 2), (2,), (2,)))
    tree = {"dense_1.weight": v, "dense_1.weight_length": g, "dense_1.bias": bias}
    y = output(nn.WeightNorm(nn.Dense(2)), x, tree)
    np.testing.assert_allclose(y, x @ (g * v / np.linalg.norm(v, axis=0)) + bias, rtol=1e-12)


def test_power_iteration_finds_the_largest_singular_value():
    layer, x = nn.SpectralNorm(nn.Conv1D(4, 3, use_bias=False), iterations=3), RANDOM.normal(size=(2, 5, 2))
    weight = RANDOM.normal(size=(3, 2, 4))
    tree = {"conv1d_1.weight": weight, "conv1d_1.weight_vector": RANDOM.normal(size=4)}
    for _ in range(60):
        trained = output(layer, x, tree, training=True)
    largest = np.linalg.svd(weight.reshape(6, 4))[1][0]
    plain = output(nn.Conv1D(4, 3, use_bias=False), x, {"conv1d_1.weight": weight})
    np.testing.assert_allclose(trained, plain / largest, rtol=1e-9)
    kept = tree["conv1d_1.weight_vector"].copy()
    np.testing.assert_allclose(output(layer, x, tree), plain / largest, rtol=1e-9)
    assert np.array_equal(tree["conv1d_1.weight_vector"], kept)


def test_one_within_the_other_applies_both():
    x, v = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(3, 2))
    tree = {
        "dense_1.weight": v,
        "dense_1.weight_length": np.array([2.0, 0.5]),
        "dense_1.weight_vector": np.ones(2),
        "dense_1.bias": np.zeros(2),
    }
    layer = nn.SpectralNorm(nn.WeightNorm(nn.Dense(2)), iterations=200)
    w = v / np.linalg.norm(v, axis=0) * np.array([2.0, 0.5])
    expected = x @ w / np.linalg.svd(w)[1][0]
    np.testing.assert_allclose(output(layer, x, tree, training=True), expected, rtol=1e-9)


def test_a_network_trains_is_stored_and_loaded(tmp_path):
    x = RANDOM.normal(size=(60, 3))
    model = nn.Sequential([nn.WeightNorm(nn.Dense(8, "tanh")), nn.SpectralNorm(nn.Dense(1))])
    run = chainrule.train(model, (x, np.sin(x).sum(1)), loss="huber", epochs=3, progress=False)
    assert set(run.parameters) == {
        "dense_1.weight",
        "dense_1.weight_length",
        "dense_1.bias",
        "dense_2.weight",
        "dense_2.bias",
        "dense_2.weight_vector",
    }
    run.save(tmp_path / "run")
    assert np.array_equal(chainrule.load_run(tmp_path / "run").predict(x), run.predict(x))


@pytest.mark.parametrize("kind", [nn.WeightNorm, nn.SpectralNorm])
def test_refuses_sparse_tables(kind):
    with pytest.raises(ConfigError, match=r"^Embedding 'embedding_1' is sparse, and its weight"):
        compiled(kind(nn.Embedding(4, 2, sparse=True)), 3, training=True, dtype="int32")
