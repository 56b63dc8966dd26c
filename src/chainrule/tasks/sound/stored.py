"""What the run folders of sounds hold: sounds.json, with rate, length and classes."""

from collections.abc import Mapping
from typing import Any

from chainrule.tasks.images_runs import ImagesRun, RunFolder
from chainrule.tasks.sound.recipe import SoundShape
from chainrule.tasks.sound.sections import sections_of
from chainrule.tasks.sound.settings import SoundSettings


def _shape(plain: Mapping[str, Any]) -> SoundShape:
    """The shape from plain data. Raises KeyError, TypeError or ValueError."""
    return SoundShape(int(plain["rate"]), int(plain["samples"]), tuple(map(str, plain["classes"])))


SoundRun = ImagesRun[SoundShape, SoundSettings]
FOLDER = RunFolder("sound", "sounds", SoundSettings, "sounds.json", _shape, sections_of)
