"""Sounds from folders to a run: rate and length by the data, what is heard, bad input at the command line."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chainrule.cli import main
from chainrule.data.sounds import open_sounds
from chainrule.errors import ConfigError, DataError
from chainrule.nn import LogMel, MixUp, RandomMasks, Sequential, summary
from chainrule.tasks import TASKS
from chainrule.tasks.sound import SOUND
from chainrule.tasks.sound.evaluate import probabilities
from chainrule.tasks.sound.network import NETWORKS, sound_network
from chainrule.tasks.sound.opening import SoundSet, open_sound_set, takes
from chainrule.tasks.sound.prepare import prepare_sounds
from chainrule.tasks.sound.run import TRAINER, settle
from chainrule.tasks.sound.settings import SoundSettings

QUICK = SoundSettings(epochs=8, batch_size=16)
RATE = 4000


def write(folder: Path, count: int = 60, classes: int = 2, silence: float = 0.0) -> Path:
    """Tones under noise, another pitch for each class."""
    random = np.random.default_rng(0)
    for number in range(count):
        kind = number % classes
        times = np.arange(random.integers(800, 1200)) / RATE
        wave = 0.3 * np.sin(2 * np.pi * 300 * 2**kind * times) + random.normal(0, 0.02, len(times))
        place = folder / f"pitch {kind}" / f"{number}.wav"
        place.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(place, np.pad(wave, round(silence * RATE)), RATE)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("sounds"), silence=0.2)


@pytest.fixture(scope="module")
def subject(folder):
    return SoundSet(open_sounds(folder))


@pytest.fixture(scope="module")
def run(subject):
    return TRAINER.train(subject, QUICK, progress=False)


def test_it_learns_and_says_by_how_much(run):
    assert run.evaluation["metrics"]["accuracy"] > run.evaluation["baseline"]["accuracy"] + 0.3
    assert run.evaluation["rows"] == {"train": 42, "validation": 6, "test": 12}
    assert set(run.evaluation["recall"]) == {"pitch 0", "pitch 1"}
    assert len(run.evaluation["mistakes"]) == round(12 * (1 - run.evaluation["metrics"]["accuracy"]))


def test_a_stored_run_says_the_same_of_raw_files_to_the_bit(run, subject, folder, tmp_path):
    stored = SOUND.load(run.save(tmp_path / "run"))
    sounds, rows = subject.sounds, np.arange(60)
    before, after = (probabilities(r.run, r.shape, sounds, rows) for r in (run, stored))
    np.testing.assert_array_equal(before, after)
    one = SOUND.predict(stored, str(folder / "pitch 1" / "1.wav"), print).frame
    assert one["prediction"].tolist() == [f"pitch {before[sounds.names.index(one['sound'][0])].argmax()}"]
    (tmp_path / "run" / "sounds.json").write_text("{}")
    with pytest.raises(DataError, match=r"sounds\.json is damaged"):
        SOUND.load(tmp_path / "run")


def test_rate_and_length_are_those_of_most_sounds(subject):
    sounds = subject.sounds
    spans = np.array([[0, RATE]] * 59 + [[0, 20 * RATE]])
    many = SoundSet(replace(sounds, spans=spans))
    assert prepare_sounds(many, SoundSettings()).shape.samples == RATE
    faster = SoundSet(replace(sounds, rates=np.full(60, 48_000, np.int32), spans=spans * 12))
    assert prepare_sounds(faster, SoundSettings()).shape.rate == 16_000
    asked = prepare_sounds(subject, SoundSettings(rate=2000, seconds=0.5))
    assert (asked.shape.rate, asked.shape.samples) == (2000, 1000)
    assert asked.training.chunks(None, 0).__next__().arrays["x"].shape == (42, 1000)
    with pytest.raises(ConfigError, match="too short for a spectrogram"):
        prepare_sounds(subject, SoundSettings(seconds=0.01))


def test_what_training_begins_with_is_told(subject):
    found = prepare_sounds(subject, SoundSettings(seconds=0.25)).found
    assert found[1].startswith("Silence is cut off at the ends of 60 sounds")
    assert "2 classes; 42 to train on, 6 to validate, 12 held out; 0.25 s at 4,000 Hz, " in found[2]
    assert "longer ones cut to their middle" in found[2]


def test_given_parts_are_used_as_they_are(subject):
    parts = np.array(["train"] * 40 + ["test"] * 20, "U10")
    prepared = prepare_sounds(SoundSet(replace(subject.sounds, parts=parts)), SoundSettings(validation=0.0))
    assert prepared.rows["test"].tolist() == list(range(40, 60))
    assert prepared.validation is None


def test_settings_choose_the_augmentation(subject):
    prepared = prepare_sounds(subject, SoundSettings())
    loud = prepared.recipe(SoundSettings(mixup=0.3))
    assert loud.objective.mixing == MixUp(0.3)  # type: ignore[attr-defined]
    bare = SoundSettings(speed=0.0, shift=0.0, noise=0.0, equalizer=0.0, masked=0.0, dropout=0.0)
    layers = [layer.placed() for layer in prepared.recipe(bare).model.layers]  # type: ignore[attr-defined]
    assert isinstance(layers[0], LogMel)
    assert not any(isinstance(layer, RandomMasks) for layer in layers)


@pytest.mark.parametrize(("name", "widths"), NETWORKS.items())
def test_networks_take_sounds_of_any_rate_and_length(name, widths):
    for rate, samples in ((1000, 60), (8000, 5000), (16_000, 16_000)):
        waves = np.random.default_rng(0).normal(size=(2, samples)).astype(np.float32)
        model = sound_network(rate, waves, 7, widths, [], [], 0.0)
        assert isinstance(model, Sequential)
        assert summary(model, (samples,)).parameters > 1000


def test_minutes_become_epochs_and_a_network(subject, monkeypatch):
    from chainrule.tasks import minutes

    seconds = iter((60.0, 1.0))
    monkeypatch.setattr(minutes, "seconds_per_step", lambda recipe, training: next(seconds))
    said: list[str] = []
    chosen = settle(subject, SoundSettings(minutes=2.0, batch_size=42), said.append)
    assert (chosen.network, chosen.epochs) == ("medium", 100)
    assert "the medium network for 100 epochs (a step of 42 sounds took 1 s)" in said[0]
    assert settle(subject, chosen, said.append) is chosen


def test_the_report_shows_and_plays_sounds(run, tmp_path):
    pictures = run.pictures
    assert pictures["shown"].dtype == np.int16
    assert pictures["shown"].shape == (2, run.shape.samples)
    frames = 1 + (run.shape.samples - 100) // 40
    assert pictures["shown_seen"].shape == (2, 20, frames, 1)
    assert len(pictures["augmented"]) == 12
    np.testing.assert_array_equal(pictures["augmented"][0] == pictures["augmented"][1], False)
    page = (run.save(tmp_path / "run") / "report.html").read_text(encoding="utf-8")
    assert page.count("<audio controls") == 14 + len(run.evaluation["mistakes"])
    assert "What training hears" in page


def test_a_folder_of_sounds_is_taken_and_a_target_of_it_refused(folder):
    assert takes(str(folder))
    assert takes(str(folder / "pitch 0" / "0.wav"))
    assert [name for name, task in TASKS.items() if task.takes(str(folder))] == ["sound"]
    assert not takes(str(folder / "nothing"))
    with pytest.raises(ConfigError, match="the class of a sound is that of its folder"):
        open_sound_set(str(folder), "word", SoundSettings())


def test_bad_sounds_are_left_out_with_one_line(tmp_path, capsys):
    place = write(tmp_path / "set", 20)
    (place / "pitch 0" / "corrupt.wav").write_bytes(b"RIFF" + bytes(60))
    soundfile.write(place / "pitch 0" / "silent.wav", np.zeros(900), RATE)
    soundfile.write(place / "pitch 1" / "one.wav", np.array([0.5]), RATE)
    assert main(["train", str(place), "-s", "epochs=1", "--out", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().err
    assert said.count("Left out: 3 sounds that can't be used") == 1
    assert main(["predict", str(tmp_path / "run"), str(place / "pitch 1")]) == 0
    said = capsys.readouterr()
    assert "Left out: 1 sound that can't be used" in said.err
    assert said.out.count("\n") == 11
    assert main(["predict", str(tmp_path / "run"), str(place / "pitch 0" / "corrupt.wav")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "corrupt.wav is no sound that can be read" in said
