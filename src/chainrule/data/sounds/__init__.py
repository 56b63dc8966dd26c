"""Sounds: from folders, tables and single files to waves of one rate and length.

    sounds = open_sounds("words/")                    # a folder for each class; checked
    sounds.findings, sounds.classes                   # what they are
    source = sound_source(sounds, sounds.rows(""), rate=16_000, samples=16_000)

`Sounds` describes them: paths, rates, where each is loud, labels as text, parts (train, validation, test).
`sound_source` is a source (`chainrule.data.Source`) of x (samples,) float32 and y int64. It keeps small sets
in memory and decodes larger ones in threads. `read_sound` decodes one file, `read_waves` several at once.
"""

from chainrule.data.sounds.checking import SOUNDS
from chainrule.data.sounds.decoding import Wave, read_sound
from chainrule.data.sounds.opening import holds_sounds, open_sounds
from chainrule.data.sounds.sounds import Sounds
from chainrule.data.sounds.source import SoundSource, read_waves, sound_source

__all__ = [
    "SOUNDS",
    "SoundSource",
    "Sounds",
    "Wave",
    "holds_sounds",
    "open_sounds",
    "read_sound",
    "read_waves",
    "sound_source",
]
