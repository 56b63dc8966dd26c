"""Preparing sounds: split in three parts, of one rate and length, with the recipe of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.data import Source
from chainrule.data.sounds import Sounds, read_waves, sound_source
from chainrule.errors import DataError
from chainrule.tasks.images import counted_parts, split_in_parts
from chainrule.tasks.images_shown import spread
from chainrule.tasks.sound.opening import SoundSet
from chainrule.tasks.sound.recipe import Choices, SoundShape, choices, recipe_for, shape_of
from chainrule.tasks.sound.settings import SoundSettings
from chainrule.tasks.task import Planned
from chainrule.training import Recipe

_SAMPLED = 256


@dataclass(frozen=True, eq=False)
class PreparedSounds:
    """Sounds in three parts.

    shape: what the network takes and predicts. rows: the indices of the sounds of each part: 'train',
    'validation' (perhaps empty), 'test'. found: sentences on the sounds.
    """

    subject: SoundSet
    shape: SoundShape
    rows: Mapping[str, np.ndarray]
    found: tuple[str, ...]

    @property
    def sounds(self) -> Sounds:
        """The sounds of all parts."""
        return self.subject.sounds

    @cached_property
    def training(self) -> Source:
        """The training examples."""
        return self._source("train")

    @cached_property
    def validation(self) -> Source | None:
        """The validation examples; None if there are none."""
        return self._source("validation") if len(self.rows["validation"]) else None

    @cached_property
    def sample(self) -> np.ndarray:
        """Some training sounds: (sounds, samples) float32."""
        some = self.rows["train"][spread(len(self.rows["train"]), _SAMPLED)]
        return read_waves(self.sounds, some, self.shape.rate, self.shape.samples)

    def truth(self, part: str) -> np.ndarray:
        """The class numbers of a part: (sounds,) int64."""
        return self.sounds.class_numbers(self.shape.classes)[self.rows[part]]

    def choices(self, settings: SoundSettings) -> Choices:
        """The settings, with values for 'auto' that suit these sounds."""
        return choices(settings, len(self.rows["train"]), self.shape)

    def recipe(self, settings: SoundSettings) -> Recipe:
        """The recipe that the settings ask for."""
        return recipe_for(settings, self.choices(settings), self.shape, len(self.rows["train"]), self.sample)

    def plan(self, settings: SoundSettings) -> Planned:
        """What training begins with."""
        return Planned(self.recipe(settings), self.training, self.validation, self.found)

    def _source(self, part: str) -> Source:
        shape = self.shape
        return sound_source(self.sounds, self.rows[part], shape.rate, shape.samples, classes=shape.classes)


def prepare_sounds(subject: SoundSet, settings: SoundSettings) -> PreparedSounds:
    """Split the sounds, keeping parts that the source gives, and choose their rate and length.

    settings: test, validation, rate, seconds and seed are used. Raises DataError and ConfigError.
    """
    sounds = subject.sounds
    rows = split_in_parts(sounds, settings.test, settings.validation, settings.seed, sounds.class_numbers())
    if len(rows["train"]) < 2:
        raise DataError(
            f"{sounds.source} has a single sound to train on", remedy="give at least 2 of each class"
        )
    shape = shape_of(sounds, rows["train"], settings)
    length = shape.samples / shape.rate
    longer = int((sounds.seconds > length * (1 + 1e-6)).sum())
    told = f"{len(shape.classes)} classes; {counted_parts(rows)}; {length:.2f} s at {shape.rate:,} Hz"
    cut = f", {longer:,} longer ones cut to their middle" if longer else ""
    return PreparedSounds(subject, shape, rows, (*sounds.findings, told + cut))
