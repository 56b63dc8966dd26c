"""The networks for texts, against NumPy; and padding, which changes nothing."""

import numpy as np
import pytest

from chainrule.data import Arrays
from chainrule.nn import SoftmaxCrossEntropy, sgd
from chainrule.tasks.text.network import (
    RATIOS,
    WEIGHTS,
    NaiveBayesBag,
    TextNetwork,
    WordConvolution,
    WordTransformer,
)
from chainrule.training import Batch, Programs, Recipe, Supervised, initial_tree, training_step

NETWORKS = {
    "bag": NaiveBayesBag.of(49, 3),
    "convolution": WordConvolution(50, 8, 3, 3, 0.2),
    "transformer": WordTransformer(50, 8, 2, 2, 3, 0.1),
}


def arrays(length: int, rows: int = 4) -> Arrays:
    random = np.random.default_rng(0)
    values = random.integers(1, 50, (rows, 6)).astype(np.int32)
    mask = np.arange(6) < random.integers(1, 7, (rows, 1))
    filled = np.pad(np.where(mask, values, 0), ((0, 0), (0, length - 6)))
    named = {"x.text.values": filled, "x.text.mask": np.pad(mask, ((0, 0), (0, length - 6)))}
    return Arrays(named | {"y": random.integers(0, 3, rows).astype(np.int32)})


def outputs(name: str, length: int, tree=None) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    recipe = Recipe(Supervised(TextNetwork(NETWORKS[name]), SoftmaxCrossEntropy()), sgd(0.1), seed=1)
    given = arrays(length)
    if tree is None:
        tree = initial_tree(recipe, training_step(recipe, Batch.of(given, len(given))))
    compiled = Programs(recipe, "numpy").prediction(given.inputs, len(given), raw=True)
    return compiled.run(dict(tree), given.inputs.named)["prediction"], tree


@pytest.mark.parametrize("name", NETWORKS)
def test_padding_changes_nothing(name: str):
    short, tree = outputs(name, 6)
    if name == "bag":
        random = np.random.default_rng(2)
        tree = tree | {each: random.normal(size=(50, 3)).astype(np.float32) for each in (RATIOS, WEIGHTS)}
        short, _ = outputs(name, 6, tree)
    long, _ = outputs(name, 9, tree)
    assert short.shape == (4, 3)
    assert np.allclose(short, long, atol=1e-5)
    assert np.abs(short).max() > 1e-3


def test_the_bag_adds_what_each_n_gram_says():
    random = np.random.default_rng(3)
    _, tree = outputs("bag", 6)
    given = {each: random.normal(size=(50, 3)).astype(np.float32) for each in (RATIOS, WEIGHTS)}
    found, _ = outputs("bag", 6, tree | given)
    batch = arrays(6).named
    each = (given[RATIOS] * given[WEIGHTS])[batch["x.text.values"]]
    assert np.allclose(found, (each * batch["x.text.mask"][..., None]).sum(1), atol=1e-5)
