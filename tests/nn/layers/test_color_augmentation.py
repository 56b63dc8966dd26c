"""Augmentation of colors beside Pillow and Python's colorsys."""

import colorsys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps
from tests.nn.layers.recording import drawn

from chainrule.errors import ShapeError
from chainrule.nn import (
    AutoContrast,
    ColorJitter,
    Layer,
    Posterize,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    Solarize,
)

RANDOM = np.random.default_rng(5)
BYTES = RANDOM.integers(0, 256, (3, 16, 16, 3)).astype("uint8")


def test_colours_change_by_the_three_factors():
    x = RANDOM.uniform(size=(200, 4, 4, 3))
    bright = drawn(ColorJitter(brightness=0.4), x) / x
    np.testing.assert_allclose(bright, np.broadcast_to(bright[:, :1, :1, :1], x.shape))
    assert 0.6 <= bright.min() < 0.65
    assert 1.35 < bright.max() <= 1.4
    contrast = drawn(ColorJitter(contrast=0.4), x)
    np.testing.assert_allclose(contrast.mean((1, 2, 3)), x.mean((1, 2, 3)))
    spread = contrast.std((1, 2, 3)) / x.std((1, 2, 3))
    assert 0.6 <= spread.min() < 0.65
    assert 1.35 < spread.max() <= 1.4
    coloured = drawn(ColorJitter(saturation=0.4), x)
    weights = [0.299, 0.587, 0.114]
    np.testing.assert_allclose(coloured @ weights, x @ weights)
    assert not np.allclose(coloured, x)


def test_grey_is_the_weighted_sum_of_the_channels():
    x = RANDOM.uniform(size=(4, 5, 6, 3))
    y = drawn(RandomGrayscale(1.0), x)
    for channel in range(3):
        np.testing.assert_allclose(y[..., channel], x @ [0.299, 0.587, 0.114])


def test_hues_move_as_those_of_colorsys():
    x = RANDOM.uniform(size=(40, 3, 4, 3))
    x[:, 0, 0] = 1, 0, 0  # of red, whose hue is 0, the angle is read
    x[:, 0, 1] = 0.4  # grey
    angles = []
    for before, after in zip(x, drawn(RandomHue(0.3), x), strict=True):
        angle = colorsys.rgb_to_hsv(*after[0, 0])[0]
        angles.append(angle - 1 if angle > 0.5 else angle)
        for pixel, found in zip(before.reshape(-1, 3), after.reshape(-1, 3), strict=True):
            hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
            np.testing.assert_allclose(found, colorsys.hsv_to_rgb(hue + angle, saturation, value), atol=1e-12)
    assert -0.3 <= min(angles) < -0.25
    assert 0.25 < max(angles) <= 0.3


def test_hues_need_no_range():
    """Of x · 100 - 3 the moved one is that of x · 100 - 3."""
    x = RANDOM.uniform(size=(5, 3, 4, 3))
    np.testing.assert_allclose(drawn(RandomHue(0.5), x * 100 - 3), drawn(RandomHue(0.5), x) * 100 - 3)


def by_pillow(function, *settings: int) -> np.ndarray:
    return np.stack([np.asarray(function(Image.fromarray(each), *settings)) for each in BYTES])


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (RandomInvert(1.0), by_pillow(ImageOps.invert)),
        (Solarize(0.5, 1.0), by_pillow(ImageOps.solarize, 128)),
        (Solarize(0.2, 1.0), by_pillow(ImageOps.solarize, 51)),
        *((Posterize(bits, 1.0), by_pillow(ImageOps.posterize, bits)) for bits in (1, 3, 7, 8)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bytes_become_those_of_pillow(layer, expected, dtype):
    np.testing.assert_array_equal(drawn(layer, BYTES.astype(dtype)), expected)
    unit = replace(layer, values=(-1.0, 1.0))
    y = drawn(unit, BYTES.astype(dtype) / 127.5 - 1)
    np.testing.assert_allclose((y + 1) * 127.5, expected, atol=1e-3)


def test_contrast_fills_the_range_as_by_pillow_to_less_than_one():
    """Pillow rounds down."""
    x = (BYTES // 2 + 30).astype("uint8")
    expected = np.stack([np.asarray(ImageOps.autocontrast(Image.fromarray(each)), float) for each in x])
    y = drawn(AutoContrast(1.0), x.astype("float64"))
    assert (y > expected - 1e-9).all()
    assert (y < expected + 1).all()
    np.testing.assert_array_equal(y.min((1, 2)), 0)
    np.testing.assert_allclose(y.max((1, 2)), 255)
    flat = np.full((2, 4, 4, 3), 7.0)
    np.testing.assert_array_equal(drawn(AutoContrast(1.0, (0.0, 10.0)), flat), flat)


@pytest.mark.parametrize("layer", [RandomGrayscale(), RandomHue()], ids=repr)
def test_colors_need_three_channels(layer: Layer):
    with pytest.raises(ShapeError, match="it needs three channels: red, green, blue"):
        drawn(layer, np.zeros((2, 4, 4, 1)))
