"""Layer-sequential unit variance: the products of a first batch have the deviation asked for."""

import numpy as np
import pytest
from tests.training.helpers import points

from chainrule import nn, train
from chainrule.data import as_arrays, epoch_order
from chainrule.errors import DataError
from chainrule.training import Recipe, Supervised


def first_weights(model, x, y, **settings):
    """The weights that a run starts from: a rate so small that an epoch moves nothing."""
    run = train(
        model,
        (x, y),
        loss=nn.SoftmaxCrossEntropy(),
        optimizer=nn.sgd(1e-30),
        epochs=1,
        dtype="float64",
        **settings,
    )
    return run.parameters


@pytest.mark.parametrize("gain", [1.0, 1.5])
def test_the_products_of_the_first_batch_have_the_deviation_asked_for(gain):
    x, y = points(64)
    x = 5 * x + 3
    model = nn.Sequential(
        [
            nn.Dense(7, "relu", nn.lsuv(gain)),
            nn.Dense(6, "tanh", nn.he_normal()),
            nn.Dense(3, weight=nn.lsuv(gain)),
        ]
    )
    weights = first_weights(model, x, y, batch_size=24, seed=3)
    batch = as_arrays((x, y), dtype="float64").x[epoch_order(64, 24, 3, 1)[:24]]
    first = batch @ weights["dense_1.weight"]
    hidden = np.tanh(np.maximum(first, 0) @ weights["dense_2.weight"])
    third = hidden @ weights["dense_3.weight"]
    assert first.std() == pytest.approx(gain, rel=1e-10)
    assert third.std() == pytest.approx(gain, rel=1e-10)
    # Still orthogonal, up to one factor.
    matrix = weights["dense_1.weight"]
    square = matrix @ matrix.T
    np.testing.assert_allclose(square, square[0, 0] * np.eye(4), atol=1e-10)


def test_a_middle_layer_by_another_initializer_is_left_alone():
    x, y = points(40)
    plain = nn.Sequential([nn.Dense(5, "relu"), nn.Dense(3)])
    mixed = nn.Sequential([nn.Dense(5, "relu"), nn.Dense(3, weight=nn.lsuv())])
    one, other = (first_weights(model, x, y) for model in (plain, mixed))
    assert np.array_equal(one["dense_1.weight"], other["dense_1.weight"])


def test_convolutions_are_scaled_behind_layers_with_state():
    x, y = points(40)
    x = x.reshape(40, 2, 2, 1)
    tall = nn.Conv2D(5, (2, 1), weight=nn.lsuv(), use_bias=False)
    larger = nn.ConvTranspose2D(4, 2, weight=nn.lsuv(2.0), use_bias=False)
    model = nn.Sequential([nn.BatchNorm(), tall, larger, nn.GlobalAvgPool2D(), nn.Dense(3)])
    weights = first_weights(model, x, y, batch_size=40, executor="numpy")
    normalized = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
    first = np.einsum("nhwc,hcf->nwf", normalized, weights["conv2d_1.weight"][:, 0])
    assert first.std() == pytest.approx(1.0, rel=1e-6)
    taps = weights["conv_transpose2d_1.weight"]
    second = np.zeros((40, 2, 3, 4))
    for place in range(2):
        second[:, :, place : place + 2] += np.einsum("nc,hwcf->nhwf", first[:, place], taps)
    assert second.std() == pytest.approx(2.0, rel=1e-6)


def test_data_that_do_not_vary_are_refused():
    x, y = points(40)
    model = nn.Sequential([nn.Dense(5, "relu", nn.lsuv()), nn.Dense(3)])
    with pytest.raises(
        DataError, match=r"lsuv: the product of the first batch with 'dense_1.weight' has deviation 0"
    ):
        first_weights(model, 0 * x, y)


def test_a_recipe_keeps_the_initializer():
    recipe = Recipe(Supervised(nn.Dense(3, weight=nn.lsuv(1.5)), nn.SoftmaxCrossEntropy()))
    assert Recipe.from_plain(recipe.to_plain()) == recipe
