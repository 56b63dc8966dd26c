"""Decoding beside SciPy's reader of WAV and exact tones; what is no sound is named in one line."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from chainrule.data.sounds import decoding, read_sound
from chainrule.data.sounds.decoding import at_rate
from chainrule.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("subtype", "scale", "offset", "bits"),
    [("PCM_U8", 128, 128, 8), ("PCM_16", 2**15, 0, 16), ("PCM_32", 2**31, 0, 32)],
)
def test_every_depth_is_read_as_scipy_does(tone, subtype, scale, offset, bits):
    path = tone("a.wav", subtype=subtype)
    rate, written = wavfile.read(path)
    wave = read_sound(path)
    assert (wave.rate, wave.channels, wave.bits) == (rate, 1, bits)
    assert wave.samples.dtype == np.float32
    np.testing.assert_allclose(wave.samples, (written.astype(float) - offset) / scale, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "off"), [("a.wav", 1e-6), ("a.flac", 1e-6), ("a.ogg", 0.1), ("a.aiff", 1e-6)]
)
def test_every_format_gives_the_tone(tone, name, off):
    options = {} if name == "a.ogg" else {"subtype": "PCM_24"}
    wave = read_sound(tone(name, **options))
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(1600) / 8000)
    assert np.abs(wave.samples - wanted).max() < off


def test_of_two_channels_the_mean_is_taken(tone):
    both, one = read_sound(tone("two.wav", channels=2)), read_sound(tone("one.wav"))
    assert both.channels == 2
    np.testing.assert_allclose(both.samples, 0.75 * one.samples, atol=1e-4)


@pytest.mark.parametrize("wanted", [4000, 11_025, 44_100])
def test_another_rate_is_the_same_tone(wanted):
    before = np.sin(2 * np.pi * 440 * np.arange(1600) / 8000).astype(np.float32)
    after = at_rate(before, 8000, wanted)
    exact = np.sin(2 * np.pi * 440 * np.arange(len(after)) / wanted)
    assert abs(len(after) - 0.2 * wanted) <= 1
    middle = slice(len(after) // 4, -len(after) // 4)
    np.testing.assert_allclose(after[middle], exact[middle], atol=1e-3)
    assert at_rate(before, 8000, 8000) is before


def _broken(folder: Path, whole: bytes) -> dict[str, str]:
    """What is wrong -> the file of which that is so."""
    contents = {
        "Format not recognised": b"no sound" * 20,
        "Malformed": b"RIFX" + whole[4:],
        "that can be read": b"",
        "no sound that can be read": whole[:20],
    }
    found = {}
    for number, (what, content) in enumerate(contents.items()):
        (folder / f"{number}.wav").write_bytes(content)
        found[what] = str(folder / f"{number}.wav")
    soundfile.write(folder / "nan.wav", np.array([0.1, np.nan] * 400), 8000, subtype="FLOAT")
    return found | {"numbers that are not finite": str(folder / "nan.wav")}


def test_what_is_no_sound_is_named_in_one_line(tone, tmp_path):
    whole = Path(tone("a.wav")).read_bytes()
    for what, path in _broken(tmp_path, whole).items():
        with pytest.raises(DataError, match=what) as caught:
            read_sound(path)
        assert path in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="No such file"):
        read_sound(str(tmp_path / "nothing.wav"))


def test_a_damaged_flac_is_refused(tone):
    path = Path(tone("a.flac", seconds=2.0))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(DataError, match=r"a\.flac"):
        read_sound(str(path))


def test_a_long_recording_is_to_be_cut(tone, monkeypatch):
    monkeypatch.setattr(decoding, "MOST_SECONDS", 1)
    with pytest.raises(DataError, match="lasts 2 s; cut it into single sounds"):
        read_sound(tone("a.wav", seconds=2.0))


def test_a_missing_library_is_named(tone, monkeypatch):
    path = tone("a.wav")
    monkeypatch.setattr(decoding, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"soundfile, which is not installed; pip install 'chainrule\[sound\]'"
    ):
        read_sound(path)
