"""Values for 'auto' in the settings of sounds, and the recipe of the settings."""

import math
from dataclasses import dataclass, replace

import numpy as np

from chainrule.data.sounds import Sounds
from chainrule.errors import ConfigError
from chainrule.nn import (
    Layer,
    MixUp,
    OneCycle,
    RandomEqualizer,
    RandomMasks,
    RandomNoise,
    RandomSpeed,
    RandomTimeShift,
    Sequential,
    SoftmaxCrossEntropy,
    adamw,
)
from chainrule.tasks.build import usual_epochs
from chainrule.tasks.settings import AUTO, with_given
from chainrule.tasks.sound.network import FRAME, NETWORKS, bands_of, frames_of, sound_network
from chainrule.tasks.sound.settings import SoundSettings
from chainrule.training import Recipe, Supervised

MOST_EPOCHS = 100
_EXAMPLES, _FEWEST_EPOCHS = 100_000, 8
"""By default there are so many epochs that training hears about as many sounds in all."""
_MEDIUM = 10_000
_WHOLE = 0.98
_LONGEST = 10.0
_FASTEST = 16_000

_DECIBEL = math.log(10) / 10
"""In the logarithm of a power."""


@dataclass(frozen=True)
class SoundShape:
    """What a network for sounds takes and predicts.

    rate: samples a second. samples: of a sound. classes: their names, by number.
    """

    rate: int
    samples: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Choices:
    """The settings of these names, with values in place of 'auto'; see `settings.HELP`."""

    network: str
    shift: float
    epochs: int
    batch_size: int


def shape_of(sounds: Sounds, training: np.ndarray, settings: SoundSettings) -> SoundShape:
    """The rate and length of examples. training: the indices of the training sounds.

    Raises ConfigError for a length shorter than a frame of the spectrogram.
    """
    rates, counts = np.unique(sounds.rates[training], return_counts=True)
    usual = min(int(rates[counts.argmax()]), _FASTEST)
    rate = max(usual, 1000) if settings.rate == AUTO else int(settings.rate)
    seconds = float(np.quantile(sounds.seconds[training], _WHOLE, method="higher"))
    seconds = min(max(seconds, 10 * FRAME), _LONGEST) if settings.seconds == AUTO else settings.seconds
    samples = round(seconds * rate)
    if samples < 2 * FRAME * rate:
        raise ConfigError(
            f"sounds of {seconds:g} s are too short for a spectrogram",
            remedy=f"make them at least {2 * FRAME:g} s long ({{seconds}})",
            settings={"seconds": 1.0},
        )
    return SoundShape(rate, samples, sounds.classes)


def choices(settings: SoundSettings, sounds: int, shape: SoundShape) -> Choices:
    """The choices for a number of training sounds of this shape."""
    known = Choices(
        network="small" if sounds < _MEDIUM else "medium",
        shift=0.1 * shape.samples / shape.rate,
        epochs=usual_epochs(sounds, _EXAMPLES, _FEWEST_EPOCHS, MOST_EPOCHS),
        batch_size=min(64, max(16, sounds // 20)),
    )
    chosen = with_given(known, settings)
    return replace(chosen, batch_size=min(chosen.batch_size, sounds))


def recipe_for(
    settings: SoundSettings, chosen: Choices, shape: SoundShape, sounds: int, waves: np.ndarray
) -> Recipe:
    """The recipe that the settings ask for. sounds: to train on. waves: some of them, (some, samples)."""
    steps = chosen.epochs * -(-sounds // chosen.batch_size)
    mixing = MixUp(settings.mixup) if settings.mixup else None
    loss = SoftmaxCrossEntropy(settings.label_smoothing)
    return Recipe(
        Supervised(_network(settings, chosen, shape, waves), loss, mixing),
        adamw(OneCycle(settings.learning_rate, max(steps, 2)), weight_decay=settings.weight_decay),
        epochs=chosen.epochs,
        batch_size=chosen.batch_size,
        seed=settings.seed,
    )


def _network(settings: SoundSettings, chosen: Choices, shape: SoundShape, waves: np.ndarray) -> Sequential:
    before: list[Layer] = []
    if settings.speed:
        before.append(RandomSpeed(settings.speed))
    shift = min(round(chosen.shift * shape.rate), shape.samples)
    if shift:
        before.append(RandomTimeShift(shift))
    if settings.noise:
        before.append(RandomNoise(settings.noise))
    frames = round(settings.masked * frames_of(shape.rate, shape.samples))
    after: list[Layer] = []
    if settings.equalizer:
        after.append(RandomEqualizer(settings.equalizer * _DECIBEL))
    if settings.masked:
        after.append(RandomMasks(frames, round(settings.masked * bands_of(shape.rate))))
    widths, classes = NETWORKS[chosen.network], len(shape.classes)
    return sound_network(shape.rate, waves, classes, widths, before, after, settings.dropout)
