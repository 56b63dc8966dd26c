"""The sharpness of a run: over which examples, in which mode, beside known numbers and other batches."""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.training.helpers import classifier, line, points

import chainrule
from chainrule import nn
from chainrule.data import npy_shards
from chainrule.doctor import hessian_of, sharpness
from chainrule.doctor.landscape.curvature import sample_of
from chainrule.errors import ChainruleError, ConfigError, DataError, ShapeError

X, Y = points(90)


@pytest.fixture(scope="module")
def run() -> chainrule.Run:
    return chainrule.train(classifier(), (X, Y), loss="cross_entropy", epochs=3, dtype="float64", watch=False)


def test_a_linear_model_has_the_curvature_of_its_data():
    """Of the mean of (x w + b - t)² the Hessian is 2/n Aᵀ A with A = [x, 1], whatever the weights are."""
    x, t = line(40)
    run = chainrule.train(
        nn.Dense(1), (x, t), loss="mean_squared_error", epochs=1, dtype="float64", watch=False
    )
    found = sharpness(run)
    a = np.concatenate([x, np.ones((40, 1))], 1)
    expected = np.linalg.eigvalsh(2 / 40 * a.T @ a)
    assert found.smallest == pytest.approx(expected[0])
    assert found.largest == pytest.approx(expected[-1])
    residual = run.predict(x) - t
    assert found.loss == pytest.approx((residual**2).mean())
    assert found.gradient == pytest.approx(np.linalg.norm(2 / 40 * a.T @ residual))
    assert found.examples == 40


def test_a_minimum_has_no_gradient_and_no_negative_curvature():
    x, t = line(40)
    run = chainrule.train(
        nn.Dense(1), (x, t), loss="mean_squared_error", optimizer=nn.LBFGS(), epochs=30, batch_size=40,
        dtype="float64", watch=False,
    )  # fmt: skip
    found = sharpness(run)
    assert found.gradient < 1e-5
    assert found.smallest > 0


def test_dropout_and_batch_statistics_are_as_in_prediction():
    model = nn.Sequential([nn.Dense(6), nn.BatchNorm(), nn.Activation("tanh"), nn.Dropout(0.5), nn.Dense(3)])
    run = chainrule.train(model, (X, Y), loss="cross_entropy", epochs=2, dtype="float64", watch=False)
    assert sharpness(run).loss == pytest.approx(run.evaluate((X, Y))["loss"])
    assert sharpness(run) == sharpness(run)


def test_many_examples_are_the_mean_of_their_batches(run: chainrule.Run):
    """700 examples are two batches of programs, and weights count."""
    x, y = points(700)
    weight = np.random.default_rng(0).uniform(0.5, 2, 700)
    whole = hessian_of(run, (x, y, weight))
    v = np.random.default_rng(1).normal(size=whole.size)
    parts = [hessian_of(run, (x[i::2], y[i::2], weight[i::2])) for i in range(2)]
    shares = [weight[i::2].sum() / weight.sum() for i in range(2)]
    expected = sum(share * part.product(v) for share, part in zip(shares, parts, strict=True))
    np.testing.assert_allclose(whole.product(v), expected, rtol=1e-9)


def test_of_more_examples_a_fixed_sample_is_taken(run: chainrule.Run):
    x, y = points(200)
    found = sharpness(run, (x, y), examples=50)
    assert found.examples == 50
    assert found == sharpness(run, (x, y), examples=50)
    assert found.loss != sharpness(run, (x, y), examples=50, seed=1).loss
    assert sharpness(run, (x, y), examples=200).loss == pytest.approx(run.evaluate((x, y))["loss"])


@dataclass(frozen=True)
class BagOfWords(nn.Layer):
    """Sequences of different lengths come with a mask."""

    embedding: nn.Layer
    mean: nn.Layer
    head: nn.Layer

    def __call__(self, x):
        return self.head(self.mean(self.embedding(x["values"]), x["mask"]))


def test_how_many_examples_are_taken_depends_on_the_network(run: chainrule.Run):
    """Few of a network with many multiply-adds, so that hundreds of forward passes take seconds."""
    x, y = points(1100)
    assert sharpness(run, (x, y)).examples == 1024
    wide = nn.Sequential([nn.Dense(1000), nn.Dense(1000), nn.Dense(3)])  # a million multiply-adds an example
    large = chainrule.train(wide, (x[:64], y[:64]), loss="cross_entropy", epochs=1, watch=False)
    assert len(sample_of(large, (x, y), None, 0)) == 496  # 5e8 over 1,007,000
    assert len(sample_of(large, (x[:70], y[:70]), None, 0)) == 70


def test_a_source_and_sequences_of_different_lengths(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    source = npy_shards(tmp_path)
    run = chainrule.train(classifier(), source, loss="cross_entropy", epochs=1, watch=False)
    assert sharpness(run).loss == pytest.approx(run.evaluate((X, Y))["loss"], rel=1e-5)
    random = np.random.default_rng(0)
    words = chainrule.data.ragged([random.integers(1, 9, n) for n in random.integers(2, 7, 40)])
    data = words, random.integers(0, 2, 40)
    model = BagOfWords(nn.Embedding(9, 4), nn.GlobalAvgPool1D(), nn.Dense(2))
    run = chainrule.train(model, data, loss="cross_entropy", epochs=1, watch=False)
    assert sharpness(run).loss == pytest.approx(run.evaluate(data)["loss"], rel=1e-5)


def test_a_run_that_was_loaded_needs_data(run: chainrule.Run, tmp_path):
    loaded = chainrule.load_run(run.save(tmp_path / "run"))
    with pytest.raises(DataError, match=r"no data in memory.*; give \(x, y\)"):
        sharpness(loaded)
    assert sharpness(loaded, (X, Y)) == sharpness(run)


def test_what_is_refused(run: chainrule.Run):
    for examples in (0, 1.5, True):
        with pytest.raises(ConfigError, match="examples is"):
            sharpness(run, examples=examples)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="the data has no targets"):
        sharpness(run, (X, None))
    with pytest.raises(ShapeError, match=r"the loss landscape got examples of shape \(3,\)"):
        sharpness(run, (X[:, :3], Y))
    with pytest.raises(DataError):
        sharpness(run, (X, Y + 5))


def test_weights_that_give_no_loss_are_refused(run: chainrule.Run):
    for array in run.parameters.values():
        array[...] = np.where(array == 0, 0, array * np.inf)
    with pytest.raises(ChainruleError, match=r"the loss at the weights of this run is (nan|inf)"):
        sharpness(run)
