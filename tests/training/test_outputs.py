"""Outputs that a loss is not made for are warned of, by what made them, wherever in the model that was."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest

from chainrule import ChainruleWarning, nn
from chainrule.data import as_arrays
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training import Recipe, Supervised, train_recipe

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(20, 3))
CLASSES = np.arange(20) % 2
NUMBERS = X[:, :1] - 0.5
POSITIVE = abs(NUMBERS)
S, D = nn.Sequential, nn.Dense


@dataclass(frozen=True)
class Hidden(nn.Layer):
    """σ, by another layer's name, inside."""

    inner: nn.Layer

    def __call__(self, x: Tensor) -> Tensor:
        return f.sigmoid(self.inner(x))


def told(model: nn.Layer, loss: nn.Loss, y: np.ndarray) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train_recipe(Recipe(Supervised(model, loss), epochs=1), as_arrays((X, y)), None)
    assert all(each.category is ChainruleWarning and each.filename == __file__ for each in caught)
    return [str(each.message) for each in caught]


def test_the_whole_sentence():
    assert told(S([D(4, "relu"), D(2, "softmax")]), nn.SoftmaxCrossEntropy(), CLASSES) == [
        "the outputs of layer 'dense_2' (softmax) lie from 0 to 1; SoftmaxCrossEntropy takes raw numbers of "
        "either sign, and applies softmax itself, as predict does; leave that activation out"
    ]
    (sentence,) = told(S([D(1, "relu")]), nn.MeanAbsoluteError(), NUMBERS)
    row, rows = int(np.argmax(NUMBERS < 0)), int((NUMBERS < 0).sum())
    assert sentence == (
        f"the outputs of layer 'dense_1' (relu) are at least 0, and the targets of {rows} of 20 rows are "
        f"beyond that (row {row} has {np.float32(NUMBERS[row, 0]):g}); leave that activation out, or scale "
        "the targets to what it can give"
    )


SOFTMAX = nn.SoftmaxCrossEntropy()
BINARY = nn.BinaryCrossEntropy()
SQUARES = nn.MeanSquaredError()
WARNED = {
    "softmax applied twice": (S([D(2), nn.Activation("softmax")]), SOFTMAX, CLASSES, "applies softmax"),
    "in a nested container": (S([D(3), S([S([D(2, "softmax")])])]), SOFTMAX, CLASSES, "'sequential_1.s"),
    "recomputed": (S([nn.remat(D(1, "sigmoid"))]), BINARY, CLASSES, "applies sigmoid"),
    "reshaped after it": (S([D(1, "sigmoid"), nn.Flatten()]), BINARY, CLASSES, "'dense_1' (sigmoid)"),
    "an own layer": (Hidden(D(1)), BINARY, CLASSES, "(sigmoid) lie from 0 to 1"),
    "bounded by tanh": (S([D(2, "tanh")]), SOFTMAX, CLASSES, "lie from -1 to 1"),
    "an ensemble": (
        S([nn.Members(2), nn.EnsembleDense(2, "softmax")]),
        nn.MeanOfMembers(SOFTMAX),
        CLASSES,
        "SoftmaxCrossEntropy takes raw",
    ),
    "softmax over one unit": (S([D(1, "softmax")]), SQUARES, NUMBERS, "are always 1"),
    "relu and negative targets": (S([D(1, "relu")]), SQUARES, NUMBERS, "are at least 0, and the targets of"),
    "sigmoid and large targets": (S([D(1, "sigmoid")]), SQUARES, POSITIVE + 1, "lie from 0 to 1, and the"),
    "hinge after softmax": (S([D(1), Hidden(D(1))]), nn.Hinge(), CLASSES, "Hinge takes raw numbers"),
    "a rate that is exponentiated twice": (S([D(1, "softplus")]), nn.Poisson(), POSITIVE, "applies exp"),
}
ACCEPTED = {
    "raw numbers": (S([D(2)]), SOFTMAX, CLASSES),
    "relu before the last layer": (S([D(2, "relu"), D(1)]), BINARY, CLASSES),
    "a soft cap": (S([D(2), nn.Residual([D(2, "tanh")])]), SOFTMAX, CLASSES),
    "relu and targets above 0": (S([D(1, "relu")]), SQUARES, POSITIVE),
    "sigmoid and labels": (S([D(1, "sigmoid")]), SQUARES, CLASSES[:, None].astype(float)),
    "softmax and one-hot targets": (S([D(2, "softmax")]), SQUARES, np.eye(2)[CLASSES]),
    "tanh and its ends": (S([D(1, "tanh")]), SQUARES, 2.0 * CLASSES[:, None] - 1),
}


@pytest.mark.parametrize("name", WARNED)
def test_it_is_warned_of_once(name):
    model, loss, y, words = WARNED[name]
    (sentence,) = told(model, loss, y)
    assert words in sentence


@pytest.mark.parametrize("name", ACCEPTED)
def test_nothing_is_said_of_what_goes_together(name):
    assert told(*ACCEPTED[name]) == []


@pytest.mark.parametrize("kind", [each for each in nn.KINDS if issubclass(each, nn.Loss)])
def test_every_loss_says_what_it_takes(kind):
    assert kind.takes in ("anything", "logits", "probabilities", "values")
    assert kind.takes == "logits" or not kind.applies
