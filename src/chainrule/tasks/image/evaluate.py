"""The evaluation of a run on images on those held out, beside the most frequent class."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.tasks.classes import class_figures, recalls, surest_mistakes
from chainrule.tasks.image.prepare import PreparedImages
from chainrule.tasks.image.views import probabilities
from chainrule.tasks.trainer import training_facts
from chainrule.training import Run

MISTAKES = 24
"""The most mistakes that the report shows, those of the largest probability."""


def guess(evaluation: Mapping[str, Any]) -> str:
    """The name of the baseline."""
    return "most frequent class"


def evaluate(run: Run, prepared: PreparedImages, views: str) -> dict[str, Any]:
    """The evaluation on the held-out images, with the most confident mistakes, as plain data."""
    shape, rows = prepared.shape, prepared.rows
    said = probabilities(run, shape, prepared.images, rows["test"], views)
    truth = prepared.truth("test")
    figures = class_figures(said, truth, prepared.truth("train"))
    return figures | {
        "problem": "classification",
        "target": prepared.subject.target,
        "classes": list(shape.classes),
        "recall": recalls(figures["confusion"], shape.classes),
        "mistakes": _mistakes(prepared, said, truth),
        "rows": {part: len(each) for part, each in rows.items()},
        **training_facts(run),
    }


def _mistakes(prepared: PreparedImages, said: np.ndarray, truth: np.ndarray) -> list[dict[str, Any]]:
    chosen, classes = said.argmax(1), prepared.shape.classes
    held_out = prepared.rows["test"]
    return [
        {
            "image": prepared.images.name_of(int(held_out[place])),
            "row": int(held_out[place]),
            "true": classes[truth[place]],
            "predicted": classes[chosen[place]],
            "probability": float(said[place, chosen[place]]),
        }
        for place in surest_mistakes(said, truth, MISTAKES)
    ]
