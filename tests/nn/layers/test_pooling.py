"""Pooling and resizing against loops in NumPy, and what they refuse."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.nn import (
    AvgPool1D,
    AvgPool2D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    MaxPool1D,
    MaxPool2D,
    Upsample,
)

RANDOM = np.random.default_rng(13)


def pooled(x: np.ndarray, window, stride, padding, reduce) -> np.ndarray:
    """Place by place over (batch, height, width, channels); what is padded is NaN and left out."""
    x = np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=np.nan)
    places = [(x.shape[i + 1] - window[i]) // stride[i] + 1 for i in (0, 1)]
    y = np.empty((len(x), *places, x.shape[-1]))
    for p, q in np.ndindex(*places):
        top, left = p * stride[0], q * stride[1]
        y[:, p, q] = reduce(x[:, top : top + window[0], left : left + window[1]], (1, 2))
    return y


CASES = [
    ((2, 5, 6, 3), {}, (2, 2), (2, 2), ((0, 0), (0, 0))),
    ((1, 7, 5, 2), {"kernel_size": (3, 2), "stride": (2, 1)}, (3, 2), (2, 1), ((0, 0), (0, 0))),
    ((1, 9, 7, 2), {"kernel_size": 2, "stride": 4}, (2, 2), (4, 4), ((0, 0), (0, 0))),
    ((2, 5, 4, 3), {"kernel_size": 3, "padding": "same"}, (3, 3), (3, 3), ((0, 1), (1, 1))),
    ((2, 4, 4, 1), {"padding": ((1, 0), (0, 1)), "stride": 1}, (2, 2), (1, 1), ((1, 0), (0, 1))),
]


@pytest.mark.parametrize(("kind", "reduce"), [(MaxPool2D, np.nanmax), (AvgPool2D, np.nanmean)])
@pytest.mark.parametrize(("shape", "settings", "window", "stride", "padding"), CASES)
def test_pooling_is_the_loop_over_windows(shape, settings, window, stride, padding, kind, reduce):
    x = RANDOM.normal(size=shape)
    expected = pooled(x, window, stride, padding, reduce)
    np.testing.assert_allclose(output(kind(**settings), x), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("kind", "flat"), [(MaxPool1D, MaxPool2D), (AvgPool1D, AvgPool2D)])
@pytest.mark.parametrize("settings", [{}, {"stride": 3}, {"padding": "same"}, {"stride": 1}])
def test_pooling_over_one_axis_is_that_of_images_of_one_row(kind, flat, settings):
    x = RANDOM.normal(size=(2, 7, 3))
    rows = {"kernel_size": (1, 2), "stride": (1, settings.get("stride", 2))}
    rows |= {key: value for key, value in settings.items() if key == "padding"}
    assert np.array_equal(output(kind(**settings), x), output(flat(**rows), x[:, None])[:, 0])


POOLED = {
    1: (GlobalAvgPool1D(), GlobalMaxPool1D()),
    2: (GlobalAvgPool2D(), GlobalMaxPool2D()),
}


@pytest.mark.parametrize("shape", [(3, 4, 5, 2), (3, 1, 2), (0, 4, 5, 2)])
def test_global_pooling_is_over_all_of_space(shape):
    x = RANDOM.normal(size=shape)
    space = tuple(range(1, len(shape) - 1))
    mean, largest = POOLED[len(space)]
    np.testing.assert_allclose(output(mean, x), x.mean(space), rtol=1e-12)
    assert np.array_equal(output(largest, x), x.max(space))


@pytest.mark.parametrize(("factor", "factors"), [(2, (2, 2)), ((3, 1), (3, 1)), ([1, 2], (1, 2))])
def test_nearest_upsampling_repeats_every_element(factor, factors):
    x = RANDOM.normal(size=(2, 3, 4, 2))
    assert np.array_equal(output(Upsample(factor), x), x.repeat(factors[0], 1).repeat(factors[1], 2))


def test_linear_upsampling_goes_between_centres_and_stays_beyond_them():
    x = np.array([0.0, 4.0, 8.0]).reshape(1, 3, 1)
    y = output(Upsample(2, "linear"), x)
    np.testing.assert_allclose(y.ravel(), [0, 1, 3, 5, 7, 8], atol=1e-15)
    image = x[:, :, None] + np.array([0.0, 40.0]).reshape(1, 1, 2, 1)
    expected = y[:, :, None] + np.array([0.0, 10.0, 30.0, 40.0]).reshape(1, 1, 4, 1)
    np.testing.assert_allclose(output(Upsample(2, "linear"), image), expected, rtol=1e-14)


@pytest.mark.parametrize("factor", [0, (2, 2, 2, 2), (), 1.5, "2", True])
def test_upsampling_refuses_a_factor_that_is_no_count(factor):
    with pytest.raises(ConfigError, match=r"^Upsample: factor is .*; it must be a whole number, at least 1"):
        Upsample(factor)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (
            MaxPool2D(),
            (2, 5, 4),
            r"^MaxPool2D 'max_pool2d_1' got x of shape \(2, 5, 4\); it needs \(batch, hei",
        ),
        (AvgPool1D(), (2, 5), r"^AvgPool1D 'avg_pool1d_1' got x of shape \(2, 5\); it needs \(batch, length"),
        (
            MaxPool2D(3),
            (2, 2, 5, 1),
            r"^MaxPool2D 'max_pool2d_1': max_pool got a window over 3 on spatial axis 0",
        ),
        (
            AvgPool2D(2, padding=((2, 0), (0, 0))),
            (2, 4, 4, 1),
            r"^AvgPool2D 'avg_pool2d_1': average_pool got",
        ),
        (
            GlobalAvgPool2D(),
            (2, 3),
            r"^GlobalAvgPool2D .*_1' got x of shape \(2, 3\); it needs \(batch, hei",
        ),
        (
            GlobalMaxPool1D(),
            (2, 0, 3),
            r"^GlobalMaxPool1D .*_1' got x of shape \(2, 0, 3\); no spatial axis may",
        ),
        (
            Upsample((2, 2)),
            (2, 4, 1),
            r"^Upsample 'upsample_1' got .*; its factor \(2, 2\) is for 2 spatial axes",
        ),
        (Upsample(), (2, 0, 1), r"^Upsample 'upsample_1': resize got size \(0,\) for \(0,\)"),
    ],
)
def test_refuses_bad_shapes_while_recording_and_names_the_layer(layer, shape, message):
    with pytest.raises(ShapeError, match=message):
        compiled(layer, *shape)


@pytest.mark.parametrize(
    "layer", [MaxPool2D(), AvgPool2D(), GlobalAvgPool2D(), GlobalMaxPool2D(), Upsample()]
)
def test_refuses_whole_numbers_and_names_the_layer(layer):
    with pytest.raises(DTypeError, match=rf"^{type(layer).__name__} '.*_1' got x of dtype int32; give it"):
        compiled(layer, 2, 4, 4, 1, dtype="int32")
