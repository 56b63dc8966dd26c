"""Spoken digits of six speakers (FSDD): by the task's defaults, beside MFCC with a support vector machine.

The folder holds the recordings of the Free Spoken Digit Dataset, named digit_speaker_index.wav.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from chainrule.data.sounds import Sounds, open_sounds, read_waves
from chainrule.errors import DataError
from chainrule.executors import compile_native
from chainrule.nn import MFCC, building
from chainrule.program import Trace
from chainrule.tasks.sound import SOUND
from chainrule.tasks.sound.opening import SoundSet
from chainrule.tasks.sound.prepare import prepare_sounds
from chainrule.tasks.sound.settings import SoundSettings

_HELD_OUT = 5
"""Recordings of each speaker and digit, those with the lowest indices, are the official test part."""


def official(folder: str, seed: int) -> dict[str, Any]:
    """Accuracy on the official test part, 300 of 3,000 recordings."""
    sounds, _, indices = _spoken(folder)
    return _trained(_held_out(sounds, indices < _HELD_OUT), seed)


def by_speaker(folder: str, seed: int) -> dict[str, Any]:
    """The mean accuracy on the recordings of each speaker, of whom none is trained on."""
    return _mean({who: _trained(each, seed) for who, each in _without_each(folder)})


def official_svm(folder: str, seed: int) -> dict[str, Any]:
    """The rival on the official test part."""
    sounds, _, indices = _spoken(folder)
    return _svm(_held_out(sounds, indices < _HELD_OUT))


def by_speaker_svm(folder: str, seed: int) -> dict[str, Any]:
    """The rival on speakers of whom none is trained on."""
    return _mean({who: _svm(each) for who, each in _without_each(folder)})


def _spoken(folder: str) -> tuple[Sounds, np.ndarray, np.ndarray]:
    """The recordings with their digits, speakers and indices. Raises DataError for other names."""
    sounds = open_sounds(folder, labelled=False)
    words = [Path(path).stem.split("_") for path in sounds.paths]
    if any(len(each) != 3 or not each[2].isdecimal() for each in words):
        raise DataError(f"{folder} is not FSDD", remedy="give the folder of files such as 7_theo_12.wav")
    digits, speakers, indices = (np.array(each) for each in zip(*words, strict=True))
    return replace(sounds, labels=digits), speakers, indices.astype(int)


def _held_out(sounds: Sounds, test: np.ndarray) -> Sounds:
    return replace(sounds, parts=np.where(test, "test", "train"))


def _without_each(folder: str) -> Iterator[tuple[str, Sounds]]:
    sounds, speakers, _ = _spoken(folder)
    for who in np.unique(speakers):
        yield str(who), _held_out(sounds, speakers == who)


def _mean(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "accuracy": fmean(each["accuracy"] for each in found.values()),
        "seconds": sum(each["seconds"] for each in found.values()),
        "speakers": {who: each["accuracy"] for who, each in found.items()},
    }


def _trained(sounds: Sounds, seed: int) -> dict[str, Any]:
    """As `chainrule train FOLDER -s validation=0 -s seed=N` on a folder with train/ and test/."""
    begun = time.perf_counter()
    settings = SoundSettings(validation=0.0, seed=seed)
    found = SOUND.train(SoundSet(sounds), settings, progress=False)
    accuracy = found.evaluation["metrics"]["accuracy"]
    return {"accuracy": accuracy, "seconds": time.perf_counter() - begun}


def _svm(sounds: Sounds) -> dict[str, Any]:
    """Means and deviations of 20 coefficients over time, standardized, with a Gaussian kernel."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    begun = time.perf_counter()
    prepared = prepare_sounds(SoundSet(sounds), SoundSettings(validation=0.0))
    shape = prepared.shape
    waves = read_waves(sounds, np.arange(len(sounds)), shape.rate, shape.samples)
    layer = MFCC(shape.rate, coefficients=20, frame=shape.rate // 40, hop=shape.rate // 100, floor=1e-3)
    trace = Trace()
    with building(trace, training=False):
        y = layer(trace.input("x", waves.shape, "float32"))
    frames = compile_native(trace.program({"y": y})).run({}, {"x": waves})["y"]
    features = np.concatenate([frames.mean(1), frames.std(1)], 1)
    model = make_pipeline(StandardScaler(), SVC(C=10))
    train, test = prepared.rows["train"], prepared.rows["test"]
    model.fit(features[train], prepared.truth("train"))
    accuracy = float(model.score(features[test], prepared.truth("test")))
    return {"accuracy": accuracy, "seconds": time.perf_counter() - begun}
