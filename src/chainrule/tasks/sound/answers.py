"""Predictions of a run on sounds for other sounds."""

import numpy as np

from chainrule.data.sounds import open_sounds
from chainrule.errors import ConfigError
from chainrule.tasks.sound.evaluate import probabilities
from chainrule.tasks.sound.stored import SoundRun
from chainrule.tasks.task import Predictions, Say


def predict(sound_run: SoundRun, source: str | None, say: Say) -> Predictions:
    """The class of each sound in a folder, a table of paths, or a single file, and all probabilities.

    Columns: 'sound', its path; 'prediction', the most probable class; 'probability_<class>' for each class.
    Raises ConfigError without a source, DataError as `open_sounds` does.
    """
    import pandas as pd

    if source is None:
        raise ConfigError("there are no sounds to predict", remedy="name a folder of sounds, or a sound file")
    sounds = open_sounds(source, labelled=False, trim=sound_run.settings.trim)
    for sentence in sounds.left_out:
        say(sentence)
    shape = sound_run.shape
    said = probabilities(sound_run.run, shape, sounds, np.arange(len(sounds)))
    columns = {"sound": sounds.names, "prediction": np.array(shape.classes)[said.argmax(1)]}
    columns |= {f"probability_{name}": said[:, number] for number, name in enumerate(shape.classes)}
    return Predictions(pd.DataFrame(columns))
