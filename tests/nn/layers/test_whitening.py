"""Patches of the images that it was measured on come out uncorrelated, of variance 1."""

import numpy as np
import pytest

from chainrule import nn
from chainrule.errors import DataError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import PatchWhitening, building
from chainrule.program import Trace

RANDOM = np.random.default_rng(0)
# Neighbours alike, as in pictures.
IMAGES = RANDOM.normal(size=(60, 7, 6, 2)).cumsum(1).cumsum(2)
IMAGES -= IMAGES.mean()


def outputs(layer: nn.Layer, x: np.ndarray) -> np.ndarray:
    trace = Trace()
    with building(trace, training=False, dtype="float64"):
        y = layer(trace.input("x", x.shape, "float64"))
    bias = np.zeros(y.shape[-1])
    return compile_numpy(trace.program({"y": y})).run({"patch_whitening_1.bias": bias}, {"x": x})["y"]


def test_the_second_moments_are_those_of_white_noise():
    y = outputs(PatchWhitening.of(IMAGES, 2, epsilon=1e-9), IMAGES).reshape(-1, 16)
    np.testing.assert_allclose(y[:, 8:], -y[:, :8])
    moments = y[:, :8].T @ y[:, :8] / len(y)
    np.testing.assert_allclose(moments, np.eye(8), atol=1e-3)


def test_axes_on_which_nothing_differs_stay_small():
    flat = np.repeat(IMAGES[..., :1], 2, axis=-1)  # two channels alike
    y = outputs(PatchWhitening.of(flat, 1, epsilon=0.01), flat)
    assert np.abs(y[..., 1]).max() < 1e-6
    assert np.square(y[..., 0]).mean() == pytest.approx(1, rel=0.01)


def test_an_axis_has_one_direction_on_every_machine():
    layer = PatchWhitening.of(IMAGES, 2)
    assert all(max(row, key=abs) > 0 for row in layer.filters)
    assert layer.images.shape == (8, 2, 2, 2)


@pytest.mark.parametrize("x", [np.zeros((0, 3, 3, 1)), np.zeros((2, 1, 3, 1)), np.full((1, 2, 2, 1), np.nan)])
def test_what_cannot_be_measured_is_refused(x):
    with pytest.raises(DataError, match=r"PatchWhitening\.of got an array of shape"):
        PatchWhitening.of(x)


def test_other_channels_are_refused():
    with pytest.raises(ShapeError, match=r"PatchWhitening .* needs 2 channels"):
        outputs(PatchWhitening.of(IMAGES), IMAGES[..., :1])
