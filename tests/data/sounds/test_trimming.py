"""Silence at the ends, and waves of one length and loudness."""

import numpy as np
import pytest

from chainrule.data.sounds.trimming import fitted, is_silent, loud_span

TONE = np.sin(np.arange(800) * 0.7).astype(np.float32)


def test_silence_at_the_ends_is_cut_off_with_a_margin():
    wave = np.concatenate([np.zeros(1000), TONE, np.zeros(500)]).astype(np.float32)
    first, end = loud_span(wave, 8000, 40)
    assert 1000 - 3 * 80 <= first <= 1000 - 80
    assert 1800 + 80 <= end <= 1800 + 3 * 80
    assert loud_span(wave, 8000, 0) == (0, 2300)
    assert loud_span(TONE, 8000, 40) == (0, 800)


@pytest.mark.parametrize(("decibels", "is_cut"), [(30, True), (50, False)])
def test_what_is_silence_is_told_by_the_loudest_moment(decibels, is_cut):
    hum = np.concatenate([TONE * 0.01, TONE, TONE * 0.01])  # 40 dB quieter
    assert (loud_span(hum, 8000, decibels) != (0, 2400)) == is_cut


def test_a_constant_wave_is_silent():
    assert is_silent(np.full(100, 0.3, np.float32))
    assert is_silent(np.zeros(1, np.float32))
    assert not is_silent(TONE * 0.001)


def test_a_longer_wave_gives_its_middle_and_a_shorter_one_is_filled_up():
    wave = np.array([9.0, 1.0, -1.0, 9.0], np.float32)
    np.testing.assert_allclose(fitted(wave, 2), [0.1, -0.1], rtol=1e-6)
    np.testing.assert_allclose(fitted(wave[1:3], 5), [0, 0.1, -0.1, 0, 0], rtol=1e-6)


def test_every_wave_gets_the_same_loudness():
    for scale in (0.001, 1.0):
        assert np.sqrt((fitted(TONE * scale, 800) ** 2).mean()) == pytest.approx(0.1, rel=1e-4)
