"""The evaluation of a run on sounds on those held out, beside the most frequent class."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data.sounds import Sounds, read_waves
from chainrule.tasks.classes import class_figures, recalls, surest_mistakes
from chainrule.tasks.images import outputs_of, softmax
from chainrule.tasks.sound.prepare import PreparedSounds
from chainrule.tasks.sound.recipe import SoundShape
from chainrule.tasks.trainer import training_facts
from chainrule.training import Run

MISTAKES = 12
"""The most mistakes that the report shows, those of the largest probability."""
_BLOCK = 4096


def guess(evaluation: Mapping[str, Any]) -> str:
    """The name of the baseline."""
    return "most frequent class"


def probabilities(run: Run, shape: SoundShape, sounds: Sounds, rows: np.ndarray) -> np.ndarray:
    """(rows, classes) float32: the softmax of the logits of each sound.

    rows: indices of the sounds, which are decoded block by block. The result for a sound does not depend on
    the other sounds, to the bit. Raises as `read_waves` does.
    """
    said = np.empty((len(rows), len(shape.classes)), np.float32)
    for first in range(0, len(rows), _BLOCK):
        block = slice(first, first + _BLOCK)
        waves = read_waves(sounds, rows[block], shape.rate, shape.samples)
        said[block] = softmax(outputs_of(run, waves, raw=True))
    return said


def evaluate(run: Run, prepared: PreparedSounds) -> dict[str, Any]:
    """The evaluation on the held-out sounds, with the most confident mistakes, as plain data."""
    shape, held_out = prepared.shape, prepared.rows["test"]
    said, truth = probabilities(run, shape, prepared.sounds, held_out), prepared.truth("test")
    figures = class_figures(said, truth, prepared.truth("train"))
    mistakes = [
        {
            "sound": prepared.sounds.name_of(int(held_out[place])),
            "row": int(held_out[place]),
            "true": shape.classes[truth[place]],
            "predicted": shape.classes[said[place].argmax()],
            "probability": float(said[place].max()),
        }
        for place in surest_mistakes(said, truth, MISTAKES)
    ]
    return figures | {
        "problem": "classification",
        "target": prepared.subject.target,
        "classes": list(shape.classes),
        "recall": recalls(figures["confusion"], shape.classes),
        "mistakes": mistakes,
        "rows": {part: len(each) for part, each in prepared.rows.items()},
        **training_facts(run),
    }
