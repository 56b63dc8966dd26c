"""Sounds that stand inside a page, read back by libsndfile."""

import base64
import io

import numpy as np
import soundfile

from chainrule.report.pictures import Picture, gallery
from chainrule.report.sounds import playable


def test_a_sound_in_the_page_is_a_wav_file_of_the_same_samples():
    samples = np.random.default_rng(0).integers(-(2**15), 2**15, 500).astype(np.int16)
    kind, content = playable(samples, 8000).split(",")
    assert kind == "data:audio/wav;base64"
    read, rate = soundfile.read(io.BytesIO(base64.b64decode(content)), dtype="int16")
    assert rate == 8000
    np.testing.assert_array_equal(read, samples)


def test_a_tile_with_a_sound_has_a_player_below_its_picture():
    tile = gallery([Picture("data:image", "seven", sound="data:sound")])
    assert '<img src="data:image" alt="seven"><audio controls preload="none" src="data:sound">' in tile
    assert "<audio" not in gallery([Picture("data:image", "seven")])
