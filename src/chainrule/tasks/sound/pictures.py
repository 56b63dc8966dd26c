"""The waves and spectrograms in the report of sounds, as arrays by name.

mistakes, shown: held-out sounds, the most confident mistakes and one of each class, (sounds, samples) int16.
augmented: training sounds unchanged and in draws of the augmentation, a row for each. rate: samples a second,
(1,). Each has its spectrograms beside it, (sounds, bands, frames, 1) uint8, as 'mistakes_seen' and so on.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data.sounds import read_waves
from chainrule.nn import LogMel, Sequential
from chainrule.tasks.images_shown import recorded, spread
from chainrule.tasks.sound.prepare import PreparedSounds
from chainrule.training import Run

DRAWS = 4
"""The tiles of a sound: unchanged, and three draws of the augmentation."""
_SHOWN, _AUGMENTED = 12, 3
_LOUDEST = 32767


def pictures_of(run: Run, prepared: PreparedSounds, evaluation: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """All arrays of the report."""
    model, shape = run.recipe.model, prepared.shape
    assert isinstance(model, Sequential)  # as every network of this task
    place = next(i for i, layer in enumerate(model.layers) if isinstance(layer.placed(), LogMel))
    before, spectra = Sequential(model.layers[:place]), model.layers[place]

    def read(rows: Any) -> np.ndarray:
        return read_waves(prepared.sounds, np.asarray(rows, np.int64), shape.rate, shape.samples)

    held_out, training = prepared.rows["test"], prepared.rows["train"]
    first = np.unique(prepared.truth("test"), return_index=True)[1][:_SHOWN]
    some = np.repeat(read(training[spread(len(training), _AUGMENTED)]), DRAWS, axis=0)
    drawn = some.copy()
    if place:
        drawn = recorded(run, some, lambda x: {"y": before(x)}, training=True)["y"].copy()
    drawn[::DRAWS] = some[::DRAWS]
    waves = {"shown": read(held_out[first]), "augmented": drawn}
    if evaluation["mistakes"]:
        waves["mistakes"] = read([each["row"] for each in evaluation["mistakes"]])
    seen = {
        f"{name}_seen": _as_images(recorded(run, x, lambda x: {"y": spectra(x)})["y"])
        for name, x in waves.items()
    }
    heard = {name: _playable(x) for name, x in waves.items()}
    return {**heard, **seen, "rate": np.array([shape.rate], np.int32)}


def _playable(waves: np.ndarray) -> np.ndarray:
    """Waves as 16-bit numbers, each as loud as fits."""
    loudest = np.abs(waves).max(1, keepdims=True)
    return np.round(waves * (0.9 * _LOUDEST / np.maximum(loudest, 1e-6))).astype(np.int16)


def _as_images(spectrograms: np.ndarray) -> np.ndarray:
    """Logarithms (sounds, frames, bands) as images (sounds, bands, frames, 1), low bands at the bottom."""
    highest = spectrograms.max((1, 2), keepdims=True)
    shares = np.clip(1 + (spectrograms - highest) / 9, 0, 1)  # 9 nepers of power are 39 dB
    return np.round(255 * shares).astype(np.uint8).transpose(0, 2, 1)[:, ::-1, :, None].copy()
