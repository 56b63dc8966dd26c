"""Frozen layers act as in prediction, and training leaves them as they are."""

import numpy as np

from chainrule import nn
from chainrule.data import Arrays
from chainrule.training import Recipe, Supervised, train_recipe

RANDOM = np.random.default_rng(0)
DATA = Arrays.of(RANDOM.normal(size=(40, 3)), RANDOM.integers(0, 2, 40))
BODY = nn.Sequential([nn.Dense(5, "relu"), nn.BatchNorm()])


def trained(layer: nn.Layer, epochs: int, **how):
    model = nn.Sequential([nn.Dense(4), layer, nn.Dense(2)])
    objective = Supervised(model, nn.SoftmaxCrossEntropy())
    recipe = Recipe(objective, nn.adamw(0.1, 0.5), (nn.L2(0.1),), epochs=epochs, keep="last")
    return train_recipe(recipe, DATA, None, progress=False, **how)


def test_frozen_arrays_stay_as_they_were_and_the_others_move():
    free, first, later = trained(BODY, 3), trained(nn.Frozen(BODY), 1), trained(nn.Frozen(BODY), 6)
    assert set(first.parameters) == set(free.parameters)
    for name, array in later.parameters.items():
        assert np.array_equal(array, first.parameters[name]) == name.startswith("sequential_1."), name


def test_it_is_the_layer_in_prediction():
    run = trained(BODY, 2)
    frozen = trained(nn.Frozen(BODY), 1, initial=run.parameters)
    for name, array in frozen.parameters.items():
        if name.startswith("sequential_1."):
            assert np.array_equal(array, run.parameters[name])
    whole = nn.Sequential([nn.Frozen(nn.Sequential([nn.Dense(4), BODY, nn.Dense(2)])), nn.Dense(2)])
    assert whole.layers[0].placed() is whole.layers[0].layer  # type: ignore[attr-defined]
