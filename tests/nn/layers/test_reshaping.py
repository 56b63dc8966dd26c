"""Reshape and Permute."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

import chainrule
from chainrule import nn
from chainrule.errors import ShapeError

X = np.arange(48.0).reshape(2, 4, 6)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((24,), (2, 24)), ((3, 8), (2, 3, 8)), ((2, -1, 3), (2, 2, 4, 3)), (-1, (2, 24)), ([6, 4], (2, 6, 4))],
)
def test_reshape_keeps_the_numbers_in_their_order(shape, expected):
    y = output(nn.Reshape(shape), X)
    assert y.shape == expected
    assert np.array_equal(y.ravel(), X.ravel())


def test_reshape_to_no_axes_is_one_number_an_example():
    assert np.array_equal(output(nn.Reshape(()), X[:, 0, :1]), X[:, 0, 0])


@pytest.mark.parametrize("shape", [(5, 5), (7, -1), (24, 2), (48, -1)])
def test_reshape_names_both_shapes_where_the_numbers_do_not_fit(shape):
    with pytest.raises(
        ShapeError, match=r"^Reshape 'reshape_1' got examples of shape \(4, 6\), 24 numbers, "
    ):
        compiled(nn.Reshape(shape), 2, 4, 6)


def test_reshape_of_a_single_number_is_refused():
    with pytest.raises(ShapeError, match="got a single number"):
        compiled(nn.Reshape((1,)))


@pytest.mark.parametrize("axes", [(2, 1), [2, 1], (1, 2)])
def test_permute_is_numpys_transpose_behind_the_batch(axes):
    assert np.array_equal(output(nn.Permute(axes), X), X.transpose(0, *axes))


def test_permute_brings_channels_last():
    x = np.arange(2.0 * 3 * 5 * 7).reshape(2, 3, 5, 7)  # (batch, channels, height, width)
    y = output(nn.Permute((2, 3, 1)), x)
    assert y.shape == (2, 5, 7, 3)
    assert y[1, 4, 6, 2] == x[1, 2, 4, 6]


def test_permute_of_another_number_of_axes_is_refused():
    with pytest.raises(
        ShapeError, match=r"^Permute 'permute_1' got x of shape \(2, 4\); its axes \(2, 1\) are"
    ):
        compiled(nn.Permute((2, 1)), 2, 4)


def test_rows_of_numbers_become_images_that_are_trained_on():
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 3 * 4 * 4))
    model = nn.Sequential(
        [
            nn.Reshape((3, 4, 4)),
            nn.Permute((2, 3, 1)),
            nn.Conv2D(2, 3),
            nn.Reshape((-1,)),
            nn.Dense(2),
        ]
    )
    run = chainrule.train(model, (x, x[:, 0] > 0), loss="cross_entropy", epochs=2, progress=False)
    assert run.parameters["conv2d_1.weight"].shape == (3, 3, 3, 2)
    assert run.predict(x).shape == (40, 2)
