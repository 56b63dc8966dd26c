"""Tokens through training: whole numbers stay whole, wrong ones are found before the first step."""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.training.helpers import assert_same_run

from chainrule import nn, train
from chainrule.data import Arrays
from chainrule.errors import DataError, DTypeError
from chainrule.nn import Layer
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training import Programs, Recipe, Supervised, load_run
from chainrule.training.inputs import arrays_for, check_inputs

RANDOM = np.random.default_rng(4)
TOKENS = RANDOM.integers(1, 12, size=(48, 6))


def language_model(**settings):
    blocks = [nn.TransformerBlock(2, causal=True, **settings) for _ in range(2)]
    return nn.Sequential(
        [nn.Embedding(12, 8), nn.PositionalEncoding(), *blocks, nn.LayerNorm(), nn.Dense(12)]
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_language_model_trains_predicts_and_comes_back(dtype, tmp_path):
    """It must say the token before: causal attention can learn that, and nothing that sees too little."""
    targets = np.concatenate([np.zeros((48, 1), int), TOKENS[:, :-1]], axis=1)
    model = language_model(activation="gelu_tanh")
    settings = {"loss": nn.SoftmaxCrossEntropy(), "optimizer": nn.adam(0.01), "epochs": 60, "batch_size": 16}
    run = train(model, (TOKENS, targets), validation=(TOKENS, targets), dtype=dtype, **settings)
    assert run.history[-1]["validation_accuracy"] > 0.95
    assert {array.dtype.name for array in run.parameters.values()} == {dtype}
    predictions = run.predict(TOKENS)
    assert predictions.shape == (48, 6, 12)
    again = load_run(run.save(tmp_path / "run")).predict(TOKENS)
    np.testing.assert_array_equal(again, predictions)


@dataclass(frozen=True)
class PaddedBag(Layer):
    """The mean of what is no padding, token 0."""

    embedding: Layer
    head: Layer

    def __call__(self, tokens: Tensor) -> Tensor:
        return self.head(nn.GlobalAvgPool1D()(self.embedding(tokens), f.not_equal(tokens, 0)))


def test_a_bag_of_padded_words_trains_in_a_layer_of_ones_own():
    tokens = np.where(np.arange(6) < RANDOM.integers(1, 7, size=(48, 1)), TOKENS, 0)
    has_one = (tokens == 3).any(1)
    model = PaddedBag(nn.Embedding(12, 8), nn.Dense(1))
    run = train(
        model,
        (tokens, has_one),
        loss=nn.BinaryCrossEntropy(),
        optimizer=nn.adam(0.1),
        epochs=60,
        batch_size=16,
    )
    assert ((run.predict(tokens)[:, 0] > 0.5) == has_one).mean() > 0.95


@pytest.mark.parametrize("wrong", [-1, 12, 500])
def test_a_token_out_of_range_is_found_before_training(wrong):
    tokens = TOKENS.copy()
    tokens[3, 2] = wrong
    targets = np.zeros(48)
    model = nn.Sequential([nn.Embedding(12, 4), nn.GlobalAvgPool1D(), nn.Dense(1)])
    message = (
        rf"^Embedding 'embedding_1': token {wrong} in row 3; the vocabulary has 12; number them from 0 to"
    )
    for data, validation in (((tokens, targets), None), ((TOKENS, targets), (tokens, targets))):
        with pytest.raises(DataError, match=message):
            train(model, data, loss=nn.MeanSquaredError(), epochs=1, validation=validation)
    run = train(model, (TOKENS, targets), loss=nn.MeanSquaredError(), epochs=1)
    with pytest.raises(DataError, match=message):
        run.predict(tokens)


@dataclass(frozen=True)
class Mixed(Layer):
    """Two columns, of which the second is a category."""

    embedding: Layer

    def __call__(self, x: Tensor) -> Tensor:
        category = self.embedding(x[:, 1].cast("int32") - 1)
        return nn.Dense(1)(f.concatenate([x[:, :1], category]))


def test_numbers_that_are_computed_from_the_examples_are_checked_too():
    recipe = Recipe(Supervised(Mixed(nn.Embedding(3, 2)), nn.MeanSquaredError()))
    x = np.stack([RANDOM.normal(size=5), [1, 2, 3, 1, 2]], axis=1).astype(np.float32)
    check_inputs(Programs(recipe, "numpy"), {"x": x})
    x[4, 1] = 4
    with pytest.raises(DataError, match=r"^Embedding 'embedding': token 3 in row 4; the vocabulary has 3"):
        check_inputs(Programs(recipe, "numpy"), {"x": x})


@dataclass(frozen=True)
class Chosen(Layer):
    """Looks up what a trained layer chooses."""

    embedding: Layer

    def __call__(self, x: Tensor) -> Tensor:
        return self.embedding(f.argmax(nn.Dense(2)(x), 1))


def test_numbers_that_depend_on_parameters_are_passed_over():
    recipe = Recipe(Supervised(Chosen(nn.Embedding(1, 2)), nn.MeanSquaredError()))
    check_inputs(Programs(recipe, "numpy"), {"x": np.ones((3, 2), np.float32)})


def test_whole_numbers_stay_whole_only_where_they_are_looked_up():
    counted = Recipe(Supervised(nn.Sequential([nn.Embedding(12, 2)]), nn.MeanSquaredError()), dtype="float64")
    measured = Recipe(Supervised(nn.Dense(2), nn.MeanSquaredError()))
    assert arrays_for(counted, (TOKENS, TOKENS)).x.dtype == np.int32
    assert arrays_for(counted, (TOKENS / 2, TOKENS)).x.dtype == np.float64
    assert arrays_for(measured, (TOKENS, TOKENS)).x.dtype == np.float32


@pytest.mark.parametrize(
    ("dtype", "executor"), [("float32", "native"), ("float32", "numpy"), ("float64", "numpy")]
)
def test_images_of_bytes_train_as_the_same_floats(dtype, executor, tmp_path):
    """Bytes are kept, and cast inside the program: 0 … 255 are exact in either."""
    images = np.random.default_rng(0).integers(0, 256, (50, 6, 6, 1)).astype(np.uint8)
    kinds = images[:, 2, 2, 0] // 100
    model = nn.Sequential([nn.Conv2D(2, 3, activation="relu"), nn.Flatten(), nn.Dense(3)])
    settings = {"loss": "cross_entropy", "epochs": 2, "validation": 0.2, "dtype": dtype, "executor": executor}
    floats = images.astype(dtype)
    run, other = (train(model, (x, kinds), **settings) for x in (images, floats))
    assert_same_run(run, other)
    kept = run.going_on
    assert kept is not None
    assert isinstance(kept.data, Arrays)
    assert isinstance(kept.validation, Arrays)
    assert {each.named["x"].dtype.name for each in (kept.data, kept.validation)} == {"uint8"}
    assert run.predict(images).tobytes() == run.predict(floats).tobytes() == other.predict(images).tobytes()
    assert run.evaluate((images, kinds)) == other.evaluate((floats, kinds))
    assert_same_run(run.train(1), other.train(1))
    loaded = load_run(run.save(tmp_path / "run"), executor=executor)
    assert loaded.predict(images).tobytes() == run.predict(images).tobytes()


def test_tokens_of_bytes_are_looked_up_like_others(tmp_path):
    targets = TOKENS.astype(np.int32)
    settings = {"loss": "cross_entropy", "epochs": 1}
    run, other = (
        train(language_model(), (x, targets), **settings) for x in (TOKENS.astype(np.uint8), TOKENS)
    )
    assert_same_run(run, other)
    with pytest.raises(DataError, match="token 200 in row 1; the vocabulary has 12"):
        run.predict(np.array([[1], [200]], np.uint8))


def test_a_checkpoint_begun_on_floats_goes_on_with_bytes(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (20, 3))
    y = x.sum(axis=1, keepdims=True) / 765
    for given in (x.astype(float), x.astype(np.uint8)):
        settings = {"loss": "mean_squared_error", "epochs": 2, "checkpoint": tmp_path / "state"}
        run = train(nn.Dense(1), (given, y), **settings)
    assert len(run.history) == 2


def test_refuses_fractions_as_tokens_and_numbers_beyond_all_vocabularies():
    recipe = {"loss": nn.MeanSquaredError(), "epochs": 1}
    with pytest.raises(DTypeError, match=r"^Embedding 'embedding_1' got x of dtype float32; it needs token"):
        train(nn.Embedding(12, 2), (TOKENS / 2, TOKENS), **recipe)
    with pytest.raises(DataError, match=r"^x has whole numbers from 1 to 1099511627776, which are too large"):
        train(nn.Embedding(12, 2), (np.where(TOKENS == 5, 2**40, TOKENS), TOKENS), **recipe)
