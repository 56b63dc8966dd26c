"""Augmentation of sharpness beside SciPy's filters and Pillow's."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.ndimage import convolve, gaussian_filter
from tests.nn.layers.recording import drawn

from chainrule.nn import RandomBlur, RandomSharpness

RANDOM = np.random.default_rng(8)


@pytest.mark.parametrize("deviation", [0.3, 1.0, 4.0])
def test_a_blurred_picture_is_that_of_scipy(deviation):
    """Divided by the blurred picture of ones, since beyond the border SciPy counts zeros."""
    x = RANDOM.normal(size=(2, 9, 12, 3))
    y = drawn(RandomBlur((deviation, deviation)), x)

    def blurred(channel: np.ndarray) -> np.ndarray:
        return gaussian_filter(channel, deviation, mode="constant", truncate=12 / deviation + 1)

    for image, found in zip(x, y, strict=True):
        for channel in range(3):
            expected = blurred(image[..., channel]) / blurred(np.ones((9, 12)))
            np.testing.assert_allclose(found[..., channel], expected, atol=1e-12)


def test_deviations_are_drawn_between_the_two():
    x = np.zeros((500, 31, 31, 1))
    x[:, 15, 15] = 1
    y = drawn(RandomBlur((0.5, 2.0)), x)[..., 0]
    deviation = np.sqrt(0.5 / np.log(y[:, 15, 15] / y[:, 15, 16]))
    np.testing.assert_allclose(deviation, np.sqrt(0.5 / np.log(y[:, 15, 15] / y[:, 14, 15])))
    np.testing.assert_allclose(y.sum((1, 2)), 1, atol=1e-9)
    assert 0.5 - 1e-6 < deviation.min() < 0.55
    assert 1.95 < deviation.max() < 2.0 + 1e-6
    assert abs(deviation.mean() - 1.25) < 5 * 1.5 / np.sqrt(12 * 500)


def test_more_or_less_sharp_by_a_factor_of_the_detail():
    x = RANDOM.uniform(100, 150, size=(200, 7, 6, 2))
    y = drawn(RandomSharpness(0.8), x)
    kernel = np.ones((1, 3, 3, 1))
    kernel[0, 1, 1] = 5
    smooth = x.copy()
    smooth[:, 1:-1, 1:-1] = (convolve(x, kernel) / 13)[:, 1:-1, 1:-1]
    detail = x - smooth
    factor = ((y - smooth) * detail).sum((1, 2, 3)) / (detail**2).sum((1, 2, 3))
    np.testing.assert_allclose(y, smooth + detail * factor[:, None, None, None], atol=1e-9)
    assert 0.2 <= factor.min() < 0.25
    assert 1.75 < factor.max() <= 1.8


def test_sharpness_is_that_of_pillow():
    x = RANDOM.integers(100, 150, size=(20, 7, 6, 3))
    y = drawn(RandomSharpness(0.8), x.astype("float64"))
    alike = drawn(RandomSharpness(0.8), np.broadcast_to(np.eye(7, 6)[None, ..., None], x.shape) + 0.0)
    factor = 1 + (alike[:, 3, 3, 0] - 1) * 13 / 6  # a pixel of 1 with two neighbours of 1: 7 / 13 when smooth
    for before, after, each in zip(x, y, factor, strict=True):
        theirs = ImageEnhance.Sharpness(Image.fromarray(before.astype("uint8"))).enhance(each)
        np.testing.assert_allclose(after, np.asarray(theirs), atol=2)  # it rounds smooth pixels, and the sum


def test_pictures_of_borders_alone_stay_as_they_are():
    x = RANDOM.normal(size=(3, 2, 7, 1))
    np.testing.assert_array_equal(drawn(RandomSharpness(), x), x)
