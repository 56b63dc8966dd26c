"""Sounds in folders, tables and files: what is used, what is left out, and that all of it is said."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from chainrule.data.sounds import holds_sounds, open_sounds
from chainrule.errors import DataError


@pytest.fixture
def words(tone, tmp_path) -> Path:
    for number in range(3):
        tone(f"no/{number}.wav", seconds=0.2 + 0.1 * number)
        tone(f"yes/more/{number}.FLAC", silence=0.1, format="FLAC")
    return tmp_path / "set"


def test_a_folder_for_each_class(words):
    sounds = open_sounds(words)
    assert sounds.classes == ("no", "yes")
    assert sounds.class_numbers().tolist() == [0] * 3 + [1] * 3
    assert sounds.rates.tolist() == [8000] * 6
    np.testing.assert_allclose(sounds.seconds, [0.2, 0.3, 0.4, 0.24, 0.24, 0.24], atol=0.021)
    assert sounds.findings == (
        "6 sounds from 0.20 to 0.40 s long (median 0.24 s), 8,000 samples a second.",
        "Silence is cut off at the ends of 3 sounds, on average 0.16 s.",
    )
    assert open_sounds(words, trim=0).findings == (
        "6 sounds from 0.20 to 0.40 s long (median 0.40 s), 8,000 samples a second.",
    )


def test_bad_sounds_are_left_out_and_counted_and_odd_ones_said(words, tone):
    (words / "no" / "corrupt.wav").write_bytes(b"RIFF" + bytes(60))
    soundfile.write(words / "no" / "silent.wav", np.zeros(4000), 8000)
    soundfile.write(words / "no" / "one.wav", np.array([0.5]), 8000)
    (words / "no" / "notes.txt").write_text("no sound")
    tone("yes/stereo.wav", channels=2)
    tone("yes/8.wav", subtype="PCM_U8", rate=16_000)
    tone("yes/24.wav", subtype="PCM_24")
    sounds = open_sounds(words)
    assert len(sounds) == 9
    assert len(sounds.left_out) == 2
    assert "3 sounds that can't be used" in sounds.left_out[0]
    for what in ("corrupt.wav is no sound", "one.wav has 1 sample", "silent.wav is silent"):
        assert what in sounds.left_out[0]
    assert sounds.left_out[1] == (
        f"Left out: 1 file of another kind than sounds: {words / 'no' / 'notes.txt'}."
    )
    told = " ".join(sounds.findings)
    assert "Samples a second differ (8 sounds of 8,000, 1 sound of 16,000)." in told
    assert "1 sound of several channels: their mean is taken." in told
    assert "1 sound of 8 bits a sample, which may hiss." in told


def test_a_table_of_paths_and_labels(words):
    table = pd.DataFrame(
        {
            "file": ["no/0.wav", "no/1.wav", "yes/more/0.FLAC", "yes/more/1.FLAC", "gone.wav"],
            "word": ["a", "a", "b", "b", "b"],
            "split": ["train", "test", "train", "test", "test"],
        }
    )
    table.to_csv(words / "table.csv", index=False)
    sounds = open_sounds(words / "table.csv")
    assert (sounds.classes, len(sounds), len(sounds.rows("test"))) == (("a", "b"), 4, 2)
    assert sounds.left_out == ("Left out: 1 row whose sound is missing: gone.wav.",)
    assert open_sounds(words / "table.csv", labelled=False).labels is None


def test_a_single_file_is_to_predict(words):
    sounds = open_sounds(words / "no" / "0.wav", labelled=False)
    assert (len(sounds), sounds.labels) == (1, None)
    with pytest.raises(DataError, match="is a single file; give a folder"):
        open_sounds(words / "no" / "0.wav")
    (words / "bad.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"bad\.wav is no sound"):
        open_sounds(words / "bad.wav", labelled=False)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"a/1.wav": 1, "a/2.wav": 1}, "has 1 class only, 'a'"),
        ({"a/1.wav": 1, "a/2.wav": 1, "b/1.wav": 1}, "class 'b' has a single sound"),
        ({"a/1.txt": 0, "b/1.txt": 0}, "holds no sounds that can be read"),
        ({"1.wav": 1}, "holds no folders, only 1 file; give a folder that holds a folder of sounds"),
    ],
)
def test_what_can_not_be_trained_on_is_said(tone, tmp_path, files, told):
    for name, is_sound in files.items():
        if is_sound:
            tone(name)
        else:
            (tmp_path / "set" / name).parent.mkdir(parents=True)
            (tmp_path / "set" / name).write_text("no sound")
    with pytest.raises(DataError, match=told):
        open_sounds(tmp_path / "set")


def test_a_folder_is_of_sounds_if_most_of_its_files_are(words, tmp_path):
    assert holds_sounds(words)
    for number in range(6):
        (words / "no" / f"{number}.png").write_bytes(b"")
    assert not holds_sounds(words)
    (tmp_path / "empty").mkdir()
    assert not holds_sounds(tmp_path / "empty")


def test_the_fingerprint_is_that_of_content_and_labels(words, tone):
    first = open_sounds(words).fingerprint()
    assert open_sounds(words).fingerprint() == first
    assert open_sounds(words, trim=0).fingerprint() != first
    tone("no/0.wav", pitch=441)
    assert open_sounds(words).fingerprint() != first
