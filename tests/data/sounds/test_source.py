"""Sounds as examples: in memory and streamed the same, at one rate and length."""

import numpy as np
import pytest

from chainrule.data import MemorySource
from chainrule.data.sounds import SoundSource, open_sounds, read_waves, sound_source
from chainrule.errors import DataError


@pytest.fixture
def sounds(tone, tmp_path):
    for number in range(4):
        for rate, label in ((8000, "a"), (16_000, "b")):
            tone(f"{label}/{number}.wav", pitch=300 + 100 * number, seconds=0.1 + 0.1 * number, rate=rate)
    return open_sounds(tmp_path / "set")


def test_a_sound_is_the_same_at_any_rate_of_its_file(sounds):
    x = read_waves(sounds, np.arange(8), 8000, 2000)
    assert x.shape == (8, 2000)
    np.testing.assert_allclose(x[:4, 50:-50], x[4:, 50:-50], atol=0.02)
    assert np.sqrt((x[3] ** 2).mean()) == pytest.approx(0.1, rel=1e-3)
    beats = np.abs(np.fft.rfft(x, axis=1)).argmax(1) * 8000 / 2000
    np.testing.assert_allclose(beats, [300, 400, 500, 600] * 2, atol=4)


def test_streamed_sounds_are_those_in_memory(sounds):
    rows = np.array([6, 1, 0, 5, 3])
    kept = sound_source(sounds, rows, 8000, 1000)
    streamed = sound_source(sounds, rows, 8000, 1000, memory_bytes=10)
    assert isinstance(kept, MemorySource)
    assert isinstance(streamed, SoundSource)
    small = SoundSource(sounds, rows, 8000, 1000, streamed.y, chunk_bytes=9000, readers=2)
    assert small.chunk_rows == 2
    assert dict(kept.fields) == dict(small.fields)
    for seed in (None, 3):
        found = []
        for source in (kept, streamed, small):
            chunks = [*source.chunks(seed, 1)]
            found.append([np.concatenate([c.arrays[n][c.order] for c in chunks]) for n in ("x", "y")])
        for x, y in found[1:]:
            np.testing.assert_array_equal(x, found[0][0])
            np.testing.assert_array_equal(y, found[0][1])
    assert sorted(found[0][1].tolist()) == [0, 0, 0, 1, 1]
    assert streamed.fingerprint() == small.fingerprint()


def test_without_sounds_there_is_no_source(sounds):
    with pytest.raises(DataError, match="there are no sounds to take"):
        sound_source(sounds, np.arange(0), 8000, 1000)
