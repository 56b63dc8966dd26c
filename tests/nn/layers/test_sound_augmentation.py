"""Augmentation of sounds: what is drawn, and that prediction leaves them as they are."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled

from chainrule.errors import ShapeError
from chainrule.nn import Layer, RandomEqualizer, RandomMasks, RandomNoise, RandomSpeed, RandomTimeShift
from chainrule.nn.layer import RANDOM_KEY

RANDOM = np.random.default_rng(5)
LAYERS = [
    (RandomTimeShift(3), (20, 9)),
    (RandomSpeed(0.5), (20, 9)),
    (RandomNoise(0.5, 0.5), (20, 9)),
    (RandomEqualizer(1.0, 3), (20, 9, 8)),
    (RandomMasks(4, 3, 2), (20, 9, 8)),
]


def drawn(layer: Layer, x: np.ndarray, seed: int = 3, *, training: bool = True) -> np.ndarray:
    tree = {RANDOM_KEY: np.array([seed, 0], np.uint32)} if training else {}
    return compiled(layer, *x.shape, training=training, dtype=x.dtype.name).run(tree, {"x": x})["y"]


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
def test_prediction_leaves_sounds_as_they_are_and_draws_return_with_the_seed(layer, shape):
    x = np.broadcast_to(RANDOM.normal(size=(1, *shape[1:])), shape).copy()
    np.testing.assert_array_equal(drawn(layer, x, training=False), x)
    y = drawn(layer, x)
    assert len({each.tobytes() for each in y}) > 3
    np.testing.assert_array_equal(drawn(layer, x), y)
    assert not np.array_equal(drawn(layer, x, seed=4), y)


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
def test_other_shapes_are_refused(layer, shape):
    with pytest.raises(ShapeError, match="it needs"):
        drawn(layer, np.zeros((*shape, 2)))


def test_shifts_are_all_whole_numbers_up_to_the_largest():
    x = np.tile(np.arange(1.0, 8.0), (3000, 1))
    y = drawn(RandomTimeShift(2), x)
    wanted = {
        s: np.concatenate([np.zeros(max(s, 0)), x[0][max(-s, 0) : 7 - max(s, 0)], np.zeros(max(-s, 0))])
        for s in range(-2, 3)
    }
    counts = [int((y == each).all(1).sum()) for each in wanted.values()]
    assert sum(counts) == 3000
    assert min(counts) > 600 - 5 * np.sqrt(600)


def test_speeds_are_drawn_between_a_factor_and_its_inverse_about_the_centre():
    ramp = np.tile(np.arange(-40.0, 41.0), (2000, 1))
    y = drawn(RandomSpeed(0.25), ramp)
    speeds = y[:, 45] / 5  # five samples after the centre
    assert 0.8 <= speeds.min() < 0.802
    assert 1.248 < speeds.max() <= 1.25
    assert abs(np.log(speeds).mean()) < 0.01
    for each, speed in zip(y[:50], speeds, strict=False):
        inside = np.abs(speed * ramp[0]) <= 40
        np.testing.assert_allclose(each[inside], speed * ramp[0][inside], rtol=1e-5, atol=1e-4)
        assert (each[np.abs(speed * ramp[0]) >= 41] == 0).all()


def test_a_wave_at_another_speed_is_that_of_numpy():
    x = np.tile(RANDOM.normal(size=31), (20, 1))
    y, ramp = (drawn(RandomSpeed(0.5), each) for each in (x, np.tile(np.arange(-15.0, 16.0), (20, 1))))
    speeds = ramp[:, 16]
    for each, speed in zip(y, speeds, strict=True):
        wanted = np.interp(speed * np.arange(-15, 16), np.arange(-16, 17), np.pad(x[0], 1), left=0, right=0)
        np.testing.assert_allclose(each, wanted, atol=1e-6)


def test_an_equalizer_adds_a_curve_that_is_linear_between_its_points():
    x = RANDOM.normal(size=(3000, 2, 9))
    curves = drawn(RandomEqualizer(2.0, 3), x) - x
    np.testing.assert_allclose(curves[:, 0], curves[:, 1], atol=1e-6)
    points = curves[:, 0, [0, 4, 8]]
    wanted = [np.interp(np.arange(9), [0, 4, 8], each) for each in points[:100]]
    np.testing.assert_allclose(curves[:100, 0], wanted, atol=1e-6)
    assert (np.abs(points) <= 2).all()
    assert np.abs(np.corrcoef(points.T) - np.eye(3)).max() < 0.1
    np.testing.assert_allclose(points.std(0), 2 / np.sqrt(3), rtol=0.05)


def test_noise_is_as_strong_as_its_share_of_the_loudness():
    x = 0.01 * np.sin(np.arange(400))[None] * np.ones((2000, 1))
    loudness = np.sqrt((x[0] ** 2).mean())
    noise = np.sqrt(((drawn(RandomNoise(0.5), x) - x) ** 2).mean(1)) / loudness
    assert 0.45 < noise.max() < 0.55
    assert abs(noise.mean() - 0.25) < 0.02


def test_gain_is_drawn_around_one():
    x = np.ones((3000, 2))
    y = drawn(RandomNoise(0.0, 0.4), x)[:, 0]
    assert 0.6 <= y.min() < 0.61
    assert 1.39 < y.max() <= 1.4
    assert abs(y.mean() - 1) < 0.02


def test_masks_are_whole_bands_of_every_width_at_every_place():
    y = drawn(RandomMasks(time=3, frequency=2), np.ones((4000, 7, 5)))
    times, frequencies = (y == 0).all(2), (y == 0).all(1)
    np.testing.assert_array_equal(y == 0, times[:, :, None] | frequencies[:, None, :])
    for bands, most in ((times, 3), (frequencies, 2)):
        widths = bands.sum(1)
        assert sorted(set(widths.tolist())) == [*range(most + 1)]
        counts = np.bincount(widths)
        assert counts.min() > 4000 / (most + 1) - 6 * np.sqrt(4000 / (most + 1))
        one = bands[widths == 1].argmax(1)
        assert np.bincount(one, minlength=bands.shape[1]).min() > 0.7 * len(one) / bands.shape[1]
        begins = np.diff(bands.astype(int), axis=1, prepend=0) == 1
        assert begins.sum(1).max() == 1


def test_masks_wider_than_the_sound_cover_it_at_most():
    y = drawn(RandomMasks(time=50, frequency=0), np.ones((50, 4, 3)))
    assert (y == 0).all((1, 2)).any()
    assert (y == 1).all((1, 2)).any()
