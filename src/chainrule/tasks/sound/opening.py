"""Opening labelled sounds to train on."""

from dataclasses import dataclass
from pathlib import Path

from chainrule.data.sounds import SOUNDS, Sounds, holds_sounds, open_sounds
from chainrule.errors import ConfigError
from chainrule.tasks.sound.settings import SoundSettings

CLASS = "class"
"""The name of the target, unless a table names it."""


@dataclass(frozen=True, eq=False)
class SoundSet:
    """Labelled sounds. target: the name of the labels."""

    sounds: Sounds
    target: str = CLASS

    @property
    def source(self) -> str:
        """The name of the sounds in messages."""
        return self.sounds.source

    def fingerprint(self) -> str:
        """The number of sounds, and a hash of sounds and labels; see `Sounds.fingerprint`."""
        return f"{len(self.sounds):,} sounds, {self.sounds.fingerprint()}"


def open_sound_set(source: str, target: str | None, settings: SoundSettings) -> SoundSet:
    """The labelled sounds of a source; see `chainrule.data.sounds.open_sounds`.

    target: the column of labels in a table of paths. Raises DataError as `open_sounds` does, and ConfigError
    for a target of a folder, which has no columns.
    """
    named = None if target == CLASS else target
    if named is not None and Path(source).is_dir():
        raise ConfigError(
            f"{source} has no column {target!r}: the class of a sound is that of its folder",
            remedy="leave the target out",
        )
    return SoundSet(open_sounds(source, target=named, trim=settings.trim), target or CLASS)


def takes(source: str) -> bool:
    """Whether a source holds sounds: a folder of more sounds than images, or a sound file.

    A table of paths is not recognized: for it the task must be named.
    """
    path = Path(source)
    return holds_sounds(path) if path.is_dir() else path.is_file() and SOUNDS.may_be(path.name)
