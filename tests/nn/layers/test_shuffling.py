"""Shuffles of channels and positions, element by element."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

from chainrule.errors import DTypeError, ShapeError
from chainrule.nn import ChannelShuffle, Patches, PixelShuffle, PixelUnshuffle

RANDOM = np.random.default_rng(5)


def test_pixel_shuffle_is_its_equation():
    r, x = 3, RANDOM.normal(size=(2, 2, 4, 18))
    y = output(PixelShuffle(r), x)
    assert y.shape == (2, 6, 12, 2)
    for h, w, c, i, j in np.ndindex(2, 4, 2, r, r):
        assert np.array_equal(y[:, h * r + i, w * r + j, c], x[:, h, w, c * r * r + i * r + j])


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_unshuffle_undoes_it(factor):
    x = RANDOM.normal(size=(2, 4, 3, 18 if factor == 3 else 4))
    assert np.array_equal(output(PixelUnshuffle(factor), output(PixelShuffle(factor), x)), x)


@pytest.mark.parametrize("shape", [(2, 5, 6), (2, 5, 4, 6)])
def test_channel_shuffle_is_its_equation(shape):
    x = RANDOM.normal(size=shape)
    y = output(ChannelShuffle(3), x)
    for i, j in np.ndindex(2, 3):
        assert np.array_equal(y[..., i * 3 + j], x[..., j * 2 + i])


@pytest.mark.parametrize(("size", "stride"), [((2, 3), None), ((2, 3), (1, 2)), ((1, 1), (2, 1))])
def test_patches_are_windows(size, stride):
    x = RANDOM.normal(size=(2, 5, 7, 3))
    y = output(Patches(size, stride), x)
    steps = stride or size
    for p, q in np.ndindex(*y.shape[1:3]):
        top, left = p * steps[0], q * steps[1]
        window = x[:, top : top + size[0], left : left + size[1]]
        assert np.array_equal(y[:, p, q], window.reshape(2, -1))
    assert y.shape[1:3] == tuple((n - k) // s + 1 for n, k, s in zip((5, 7), size, steps, strict=True))


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (PixelShuffle(2), (2, 3, 3, 6), r"^PixelShuffle .* got x of shape .*; 4 must divide the channels"),
        (PixelUnshuffle(2), (2, 4, 3, 6), r"^PixelUnshuffle .* got .*; 2 must divide height and width"),
        (ChannelShuffle(4), (2, 4, 6), r"^ChannelShuffle .* got .*; its 4 groups must divide the channels"),
        (Patches(4), (2, 3, 5, 1), r"^Patches .* got x of shape .*; its windows \(4, 4\) must fit in"),
        (PixelShuffle(2), (2, 3, 4), r"^PixelShuffle .* got .*; it needs \(batch, height, width, channels\)"),
    ],
)
def test_refuses_shapes_and_names_the_layer(layer, shape, message):
    with pytest.raises(ShapeError, match=message):
        compiled(layer, *shape)


@pytest.mark.parametrize("layer", [PixelShuffle(2), PixelUnshuffle(2), ChannelShuffle(2)])
def test_refuses_whole_numbers(layer):
    with pytest.raises(DTypeError, match=rf"^{type(layer).__name__} '.*_1' got x of dtype int32"):
        compiled(layer, 2, 4, 4, 4, dtype="int32")
