"""The search space of faces: settings of training and of augmentation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chainrule.errors import DataError
from chainrule.tasks.faces.opening import FaceSet
from chainrule.tasks.faces.prepare import MOST_EPOCHS
from chainrule.tasks.faces.run import TRAINER
from chainrule.tasks.faces.settings import FaceSettings
from chainrule.tasks.settings import AUTO
from chainrule.tasks.trainer import PreparedTrials, search_of
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Float(3e-4, 3e-2, log=True, first=3e-3),
        "weight_decay": Float(1e-3, 0.5, log=True, first=0.05),
        "features": Categorical((32, 64, 128, 256), first=128),
        "batch_size": Categorical((32, 50, 100, 200), first=100),
        "shift": Categorical((AUTO, 0, 2, 8), first=AUTO),
        "degrees": Categorical((0.0, 5.0, 10.0, 20.0), first=10.0),
        "scale": Categorical((1.0, 1.08, 1.15, 1.3), first=1.15),
        "contrast": Categorical((0.0, 0.15, 0.3, 0.5), first=0.3),
    }
)
"""The first trial has the default settings of `train`. Margin and sharpness are fixed: they scale the loss.
"""
WATCHING = 0.2
"""Share of each person's images for validation, by which trials are compared, if the settings give none."""


def _trial(values: Mapping[str, Any], settings: FaceSettings) -> FaceSettings:
    """The settings of a trial, with validation on other images of the same people."""
    return replace(settings, validation=settings.validation or WATCHING, **values)


def _prepare(subject: FaceSet, settings: FaceSettings) -> PreparedTrials:
    prepared = TRAINER.prepare(subject, settings)
    if prepared.validation is None:
        raise DataError(
            f"{subject.source}: nobody has enough images for validation",
            remedy="give several images of each person",
        )
    return PreparedTrials(TRAINER, prepared, prepared.found)


SEARCH = replace(search_of(TRAINER, TRAINING_SPACE, MOST_EPOCHS), settings=_trial, prepare=_prepare)
