"""Sequences longer or shorter, and images larger, than in training: taken where no layer minds."""

import re

import numpy as np
import pytest
from scipy.special import log_softmax

from chainrule import load_run, nn, train
from chainrule.errors import ShapeError

RANDOM = np.random.default_rng(0)
TOKENS = RANDOM.integers(0, 9, (40, 8))


def language_model(*layers: nn.Layer):
    """Says at each place what comes next; trained on seven tokens."""
    model = nn.Sequential([nn.Embedding(9, 8), *layers, nn.Dense(9)])
    return train(
        model, (TOKENS[:, :-1], TOKENS[:, 1:]), loss=nn.SoftmaxCrossEntropy(), epochs=2, progress=False
    )


@pytest.mark.parametrize("length", [1, 3, 20])
def test_a_recurrent_network_reads_any_length_by_its_recurrence(length, tmp_path):
    """h ← tanh(x W + h U + b), written out."""
    model = nn.Sequential([nn.SimpleRNN(5), nn.Dense(2)])
    x, y = RANDOM.normal(size=(30, 6, 3)), RANDOM.normal(size=(30, 2))
    run = train(model, (x, y), loss=nn.MeanSquaredError(), epochs=2, dtype="float64", progress=False)
    given = RANDOM.normal(size=(4, length, 3))
    p = run.parameters
    h = np.zeros((4, 5))
    for time in range(length):
        h = np.tanh(
            given[:, time] @ p["simplernn_1.weight"]
            + h @ p["simplernn_1.recurrent_weight"]
            + p["simplernn_1.bias"]
        )
    expected = h @ p["dense_1.weight"] + p["dense_1.bias"]
    np.testing.assert_allclose(run.predict(given), expected, rtol=1e-10)
    np.testing.assert_allclose(load_run(run.save(tmp_path / "run")).outputs(given), expected, rtol=1e-10)


@pytest.mark.parametrize(
    "layers",
    [
        (nn.PositionalEncoding(), nn.TransformerBlock(2, causal=True)),
        (nn.TransformerBlock(2, causal=True),),
        (nn.LSTM(6, return_sequences=True),),
        (nn.GRU(6, return_sequences=True),),
    ],
)
def test_what_looks_back_alone_says_of_a_longer_text_what_it_said_of_its_beginning(layers):
    run = language_model(*layers)
    longer = RANDOM.integers(0, 9, (5, 25))
    whole = run.predict(longer)
    assert whole.shape == (5, 25, 9)
    for length in (1, 7, 16):
        np.testing.assert_allclose(run.predict(longer[:, :length]), whole[:, :length], rtol=1e-4, atol=1e-6)


def test_images_may_be_larger_where_space_is_averaged():
    """An image that repeats itself has the average of its part, but at the borders: a convolution of 1."""
    model = nn.Sequential(
        [nn.Conv2D(4, 1, activation="relu"), nn.BatchNorm(), nn.GlobalAvgPool2D(), nn.Dense(3)]
    )
    images, labels = RANDOM.normal(size=(20, 6, 6, 2)), np.arange(20) % 3
    run = train(model, (images, labels), loss=nn.SoftmaxCrossEntropy(), epochs=2, progress=False)
    np.testing.assert_allclose(run.predict(np.tile(images, (1, 2, 3, 1))), run.predict(images), rtol=1e-4)


def test_validation_may_have_another_length():
    model = nn.Sequential([nn.Embedding(9, 8), nn.LSTM(6, return_sequences=True), nn.Dense(9)])
    longer = RANDOM.integers(0, 9, (11, 21))
    run = train(
        model,
        (TOKENS[:, :-1], TOKENS[:, 1:]),
        loss=nn.SoftmaxCrossEntropy(),
        epochs=1,
        validation=(longer[:, :-1], longer[:, 1:]),
        progress=False,
    )
    logits = log_softmax(run.outputs(longer[:, :-1]).astype(float), axis=-1)
    expected = -np.take_along_axis(logits, longer[:, 1:, None], axis=-1).mean()
    assert run.history[0]["validation_loss"] == pytest.approx(expected, rel=1e-5)


FLAT = nn.Sequential([nn.Flatten(), nn.Dense(2)])
LEARNED = nn.Sequential([nn.PositionalEncoding("learned", longest=7), nn.GlobalAvgPool1D(), nn.Dense(2)])
NARROW = nn.Sequential([nn.Conv1D(4, 5), nn.GlobalAvgPool1D(), nn.Dense(2)])


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        (
            FLAT,
            (9, 3),
            r"its 'dense_1\.weight' has shape \(18, 2\), where these need \(27, 2\); give the same",
        ),
        (NARROW, (6, 4), r"its 'conv1d_1\.weight' has shape \(5, 3, 4\), where these need \(5, 4, 4\)"),
        (NARROW, (3, 3), r"and can't take these: .*'conv1d_1'"),
        (LEARNED, (8, 3), r"and can't take these: PositionalEncoding 'positional_encoding_1'"),
        (NARROW, (6,), r"; give the same columns"),
        (NARROW, (6, 3, 1), r"; give the same columns"),
    ],
)
@pytest.mark.parametrize("validated", [False, True])
def test_a_length_that_a_layer_minds_is_refused_naming_it(model, shape, message, validated):
    x, y, given = (
        RANDOM.normal(size=(10, 6, 3)),
        RANDOM.normal(size=(10, 2)),
        RANDOM.normal(size=(10, *shape)),
    )
    who = "validation" if validated else "predict"
    start = rf"^{who} got examples of shape {re.escape(str(shape))}; the model was trained on \(6, 3\).*"
    settings = {"loss": nn.MeanSquaredError(), "epochs": 1, "progress": False}
    if validated:
        with pytest.raises(ShapeError, match=start + message):
            train(model, (x, y), validation=(given, y), **settings)
    else:
        run = train(model, (x, y), **settings)
        with pytest.raises(ShapeError, match=start + message):
            run.predict(given)
