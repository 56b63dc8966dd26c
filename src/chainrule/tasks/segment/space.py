"""The search space of masks: settings of training and of augmentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule.errors import ConfigError
from chainrule.tasks.segment.opening import MaskSet
from chainrule.tasks.segment.prepare import PreparedMasks, prepare_masks
from chainrule.tasks.segment.recipe import MOST_EPOCHS
from chainrule.tasks.segment.run import SegmentRun, evaluated, fit
from chainrule.tasks.segment.settings import AUTO, SegmentSettings
from chainrule.tasks.task import Search
from chainrule.training import Listener, Run
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Categorical((AUTO, 0.0003, 0.001, 0.002, 0.005, 0.01), first=AUTO),
        "weight_decay": Categorical((AUTO, 0.001, 0.003, 0.03, 0.1), first=AUTO),
        "batch_size": Categorical((AUTO, 4, 8, 16), first=AUTO),
        "shift": Categorical((AUTO, 0, 8, 16, 32), first=AUTO),
        "degrees": Categorical((0.0, 5.0, 10.0, 20.0), first=0.0),
        "scale": Float(1.0, 2.5, first=1.6),
        "colour": Float(0.0, 0.8, first=0.5),
    }
)
"""The first trial has the default settings of `train`. Those of the loss are fixed, as it compares trials."""


@dataclass(frozen=True, eq=False)
class SegmentTrials:
    """Images with masks that are prepared once for all trials."""

    prepared: PreparedMasks

    @property
    def found(self) -> Sequence[str]:
        """Sentences on the images."""
        return self.prepared.found

    def fit(
        self, settings: SegmentSettings, *, listeners: Sequence[Listener] = (), progress: bool | None = None
    ) -> Run:
        """Train on the training images, with validation."""
        return fit(self.prepared, self.prepared.recipe(settings), listeners=listeners, progress=progress)

    def evaluated(self, run: Run, settings: SegmentSettings) -> SegmentRun:
        """A run of `fit`, evaluated on the held-out images."""
        return evaluated(self.prepared, run, settings)


def _trial(values: Mapping[str, Any], settings: SegmentSettings) -> SegmentSettings:
    return replace(settings, **values)


def _prepare(subject: MaskSet, settings: SegmentSettings) -> SegmentTrials:
    prepared = prepare_masks(subject, settings)
    if prepared.validation is None:
        raise ConfigError(
            "trials are compared by their validation loss, and there are no validation images",
            remedy="set a share of the images aside ({validation})",
            settings={"validation": 0.1},
        )
    return SegmentTrials(prepared)


SEARCH = Search(
    spaces={"training": TRAINING_SPACE},
    usual=lambda settings: "training",
    settings=_trial,
    prepare=_prepare,
    most_epochs=lambda settings: MOST_EPOCHS if settings.epochs == AUTO else settings.epochs,
)
