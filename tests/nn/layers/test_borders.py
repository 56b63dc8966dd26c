"""Padding and cropping beside NumPy's, and what they refuse."""

from typing import Any

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn import Crop, Pad

X = np.random.default_rng(3).normal(size=(2, 4, 3, 2))
NUMPY = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@pytest.mark.parametrize("mode", NUMPY)
@pytest.mark.parametrize("sides", [((1, 2), (2, 0)), ((0, 0), (0, 1)), ((7, 5), (1, 1))])
def test_padding_is_numpys(mode, sides):
    numpys: Any = NUMPY[mode]
    expected = np.pad(X, ((0, 0), *sides, (0, 0)), mode=numpys)
    assert np.array_equal(output(Pad(sides, mode), X), expected)


def test_a_number_is_for_all_sides():
    line = X[:, :, 0]
    assert np.array_equal(output(Pad(2), line), np.pad(line, ((0, 0), (2, 2), (0, 0))))
    assert np.array_equal(output(Crop(1), X), X[:, 1:-1, 1:-1])
    assert np.array_equal(output(Crop(0), X), X)


def test_volumes_have_three_pairs():
    volume = X[:, :, :, None]
    sides = ((1, 0), (0, 2), (3, 1))
    padded = output(Pad(sides, "replicate"), volume)
    assert np.array_equal(padded, np.pad(volume, ((0, 0), *sides, (0, 0)), mode="edge"))
    assert np.array_equal(output(Crop(sides), padded), volume)


def test_crop_undoes_pad():
    sides = ((3, 1), (0, 2))
    assert np.array_equal(output(Crop(sides), output(Pad(sides, "circular"), X)), X)


def test_lists_are_tuples():
    assert Pad([[1, 2]]) == Pad(((1, 2),))


@pytest.mark.parametrize("sides", [-1, 1.5, True, (1, 2), ((1,),), ((1, -2),), "no", None, ()])
@pytest.mark.parametrize("kind", [Pad, Crop])
def test_refuses_sides_that_are_no_counts(kind, sides):
    with pytest.raises(ConfigError, match=rf"^{kind.__name__}: sides is .*; it must be a whole number"):
        kind(sides)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Pad(1), (2, 3), r"^Pad 'pad_1' got x of shape \(2, 3\); it needs \(batch, length, channels\)"),
        (
            Pad(((1, 1),)),
            (2, 3, 4, 1),
            r"^Pad 'pad_1' got .*; its sides \(\(1, 1\),\) are for 1 spatial axes",
        ),
        (Pad(1, "reflect"), (2, 1, 4), r"^Pad 'pad_1' got .*; 'reflect' has nothing to take from axis 1"),
        (Pad(1, "circular"), (2, 0, 4), r"^Pad 'pad_1' got .*; 'circular' has nothing to take from axis 1"),
        (Crop(2), (2, 4, 5, 1), r"^Crop 'crop_1' got x of shape \(2, 4, 5, 1\); nothing of it is left"),
    ],
)
def test_refuses_shapes_and_names_the_layer(layer, shape, message):
    with pytest.raises(ShapeError, match=message):
        compiled(layer, *shape)
