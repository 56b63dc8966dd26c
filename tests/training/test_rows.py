"""Sparse tables: a step updates the rows that it looks up, and the optimizer's state of these."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule import nn
from chainrule.errors import ConfigError
from chainrule.training import Probe

RANDOM = np.random.default_rng(0)


@dataclass(frozen=True)
class Sum(nn.Layer):
    """The sum of what two layers give."""

    embedding_1: nn.Layer
    of_embedding_1: nn.Layer

    def __call__(self, x):
        return self.embedding_1(x) + self.of_embedding_1(x)


WEIGHT = "embedding_1.weight"


@dataclass(frozen=True)
class Twice(nn.Layer):
    """A layer beside itself."""

    layer: nn.Layer

    def __call__(self, x):
        return self.layer(x) + self.layer(x)


def trained(vocabulary: int, optimizer: nn.Transform, *, sparse: bool, executor: str = "native", **more):
    x = np.random.default_rng(1).integers(0, vocabulary, (40, 6)).astype(np.int32)
    model = nn.Sequential(
        [nn.Embedding(vocabulary, 3, sparse=sparse), nn.GlobalAvgPool1D(), nn.Dense(4, "tanh"), nn.Dense(2)]
    )
    settings: dict[str, Any] = {
        "epochs": 3,
        "batch_size": 16,
        "keep": "last",
        "progress": False,
        "executor": executor,
    }
    return chainrule.train(
        model, (x, x.sum(1) % 2), loss="cross_entropy", optimizer=optimizer, **(settings | more)
    )


@pytest.mark.parametrize("executor", ["native", "numpy"])
@pytest.mark.parametrize("vocabulary", [5, 96, 1000], ids=["fewer than a batch has", "as many", "more"])
@pytest.mark.parametrize(
    "optimizer",
    [nn.sgd(0.5), nn.adagrad(0.1), nn.chain(nn.ClipByGlobalNorm(0.05), nn.sgd(0.5))],
    ids=["sgd", "adagrad", "clipped"],
)
def test_without_momentum_the_weights_are_those_of_a_dense_table(optimizer, vocabulary, executor):
    sparse, dense = (trained(vocabulary, optimizer, sparse=each, executor=executor) for each in (True, False))
    for name, array in dense.parameters.items():
        np.testing.assert_allclose(sparse.parameters[name], array, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("executor", ["native", "numpy"])
def test_adam_moves_the_rows_of_a_batch_alone(executor):
    """Beside a reference in NumPy: the mean of one number a token, and a squared error."""
    vocabulary, tokens, rate = 30, 4, 0.1
    x = RANDOM.integers(0, vocabulary, (24, tokens)).astype(np.int32)
    y = RANDOM.normal(size=(24, 1))
    model = nn.Sequential([nn.Embedding(vocabulary, 1, sparse=True), nn.GlobalAvgPool1D()])
    settings: dict[str, Any] = {
        "batch_size": 8,
        "shuffle": False,
        "keep": "last",
        "progress": False,
        "executor": executor,
    }
    settings |= {"loss": "mean_squared_error", "optimizer": nn.adam(rate), "dtype": "float64"}
    if executor == "native":
        settings["dtype"] = "float32"
    run = chainrule.train(model, (x, y), epochs=2, **settings)
    standing: dict[str, Any] = settings | {"optimizer": nn.sgd(1e-30)}
    start = chainrule.train(model, (x, y), epochs=1, **standing)
    weights = start.parameters[WEIGHT].astype(np.float64)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(6):
        rows = np.arange(8) + 8 * (step % 3)
        gradient = np.zeros_like(weights)
        error = weights[x[rows], 0].mean(1) - y[rows, 0]
        np.add.at(gradient, x[rows], np.broadcast_to((2 * error / 8 / tokens)[:, None, None], (8, tokens, 1)))
        seen = np.unique(x[rows])
        mean[seen] = 0.9 * mean[seen] + 0.1 * gradient[seen]
        square[seen] = 0.999 * square[seen] + 0.001 * gradient[seen] ** 2
        corrected = mean[seen] / (1 - 0.9 ** (step + 1))
        deviation = np.sqrt(square[seen] / (1 - 0.999 ** (step + 1)))
        weights[seen] -= rate * corrected / (deviation + 1e-8)
    np.testing.assert_allclose(run.parameters[WEIGHT], weights, rtol=1e-4, atol=1e-5)


def test_tables_within_others_names_are_told_apart():
    """The state of 'words.weight' is not taken for that of 'of_words.words.weight', nor the other way."""
    x = RANDOM.integers(0, 50, (20, 2)).astype(np.int32)
    y = RANDOM.normal(size=(20, 3))

    def both(sparse: bool) -> nn.Layer:
        inner = nn.Sequential([nn.Embedding(50, 3, sparse=sparse), nn.GlobalAvgPool1D()])
        return Sum(nn.Sequential([nn.Embedding(50, 3, sparse=sparse), nn.GlobalAvgPool1D()]), inner)

    runs = [
        chainrule.train(
            both(each),
            (x, y),
            loss="mean_squared_error",
            optimizer=nn.adagrad(0.1),
            epochs=2,
            progress=False,
        )
        for each in (True, False)
    ]
    for name, array in runs[1].parameters.items():
        np.testing.assert_allclose(runs[0].parameters[name], array, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"penalties": [nn.L2(0.01)]}, "'embedding_1.weight' is sparse, and penalty reads all of it"),
        ({"optimizer": nn.muon(0.01)}, "does not act by rows"),
        ({"optimizer": nn.chain(nn.adam(0.01), nn.ExponentialMovingAverage(0.9))}, "does not act by rows"),
        ({"optimizer": nn.chain(nn.SharpnessAware(0.1), nn.sgd(0.1))}, "does not act by rows"),
    ],
    ids=["penalty", "orthogonalized", "averaged", "sharpness"],
)
def test_what_must_see_the_whole_table_is_refused(more, said):
    with pytest.raises(ConfigError, match=said):
        trained(50, **({"optimizer": nn.adam(0.01)} | more), sparse=True)


def test_other_parameters_may_have_another_optimizer():
    by_matrix = nn.chain(nn.Orthogonalize(), nn.sgd(0.01))
    optimizer = nn.Partition((("embedding_1.*", nn.adam(0.01)), ("*.bias", nn.sgd(0.01))), by_matrix)
    with pytest.raises(ConfigError, match="does not act by rows"):
        trained(50, nn.chain(optimizer, nn.MaxNorm(1.0)), sparse=True)
    model = nn.Sequential([nn.Embedding(50, 3, sparse=True), nn.GlobalAvgPool1D(), nn.Dense(2)])
    x = RANDOM.integers(0, 50, (20, 2)).astype(np.int32)
    settings: dict[str, Any] = {"loss": "cross_entropy", "epochs": 1, "progress": False}
    assert chainrule.train(model, (x, x[:, 0] % 2), optimizer=optimizer, **settings).history


def test_a_sparse_layer_is_called_once_in_a_step():
    model = Twice(nn.Embedding(50, 3, sparse=True))
    x = RANDOM.integers(0, 50, (20, 2)).astype(np.int32)
    with pytest.raises(ConfigError, match="called twice in a step, and sparse"):
        chainrule.train(model, (x, np.zeros((20, 2, 3))), loss="mean_squared_error", epochs=1, progress=False)


def test_tokens_of_64_bits_are_looked_up_alike():
    x = RANDOM.integers(0, 50, (20, 3))
    model = nn.Sequential([nn.Embedding(50, 3, sparse=True), nn.GlobalAvgPool1D(), nn.Dense(2)])
    settings: dict[str, Any] = {"loss": "cross_entropy", "epochs": 2, "progress": False}
    short, long = (chainrule.train(model, (x.astype(d), x[:, 0] % 2), **settings) for d in ("i4", "i8"))
    np.testing.assert_array_equal(short.parameters[WEIGHT], long.parameters[WEIGHT])


def test_rows_that_are_left_over_are_measured_as_unchanged():
    """A batch of one token repeated: after the first step Adam's mean would move what is left over, too."""
    x = np.full((8, 5), 3, np.int32)
    model = nn.Sequential([nn.Embedding(50, 3, sparse=True), nn.GlobalAvgPool1D(), nn.Dense(1)])
    settings: dict[str, Any] = {"loss": "mean_squared_error", "batch_size": 8, "epochs": 3, "progress": False}
    one, many = (
        chainrule.train(model, (x[:, :n], np.ones((8, 1))), watch=[Probe("update", per="value")], **settings)
        for n in (1, 5)
    )
    sizes = [next(iter(run.history[-1]["watch"][WEIGHT].values())) for run in (one, many)]
    assert sizes[0] > 0
    assert sizes[1] == pytest.approx(sizes[0], rel=1e-4)


def test_a_training_goes_on_to_the_same_bits():
    whole = trained(300, nn.adam(0.05), sparse=True, epochs=5)
    part = trained(300, nn.adam(0.05), sparse=True, epochs=2).train(3)
    for name, array in whole.parameters.items():
        np.testing.assert_array_equal(part.parameters[name], array)


def test_the_doctor_looks_at_a_training_by_rows():
    """It measures no noise of a gradient that is not there as a whole."""
    x = RANDOM.integers(0, 300, (400, 6)).astype(np.int32)
    model = nn.Sequential([nn.Embedding(300, 4, sparse=True), nn.GlobalAvgPool1D(), nn.Dense(2)])
    run = chainrule.train(
        model,
        (x, x.sum(1) % 2),
        validation=0.25,
        loss="cross_entropy",
        optimizer=nn.adagrad(0.1),
        epochs=12,
        batch_size=64,
        progress=False,
        doctor="advise",
    )
    assert len(run.history) == 12
    assert all(finding.symptom != "gradient_noise" for finding in run.diagnosis)
