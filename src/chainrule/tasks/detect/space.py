"""The search space of boxes: settings of training and of augmentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule.errors import ConfigError
from chainrule.tasks.detect.opening import BoxSet
from chainrule.tasks.detect.prepare import MOST_EPOCHS, PreparedBoxes, prepare_boxes
from chainrule.tasks.detect.run import DetectRun, evaluated, fit
from chainrule.tasks.detect.settings import AUTO, DetectSettings
from chainrule.tasks.task import Search
from chainrule.training import Listener, Run
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Float(5e-4, 1e-2, log=True, first=0.002),
        "weight_decay": Float(0.005, 0.5, log=True, first=0.05),
        "batch_size": Categorical((4, 8, 16), first=8),
        "scale": Categorical((1.0, 1.15, 1.3, 1.6), first=1.3),
        "flip": Categorical(("none", "horizontal", "both"), first="horizontal"),
        "colour": Categorical((0.0, 0.1, 0.2, 0.4), first=0.2),
    }
)
"""The first trial has the default settings of `train`."""


@dataclass(frozen=True, eq=False)
class BoxTrials:
    """Images that are prepared once for all trials."""

    prepared: PreparedBoxes

    @property
    def found(self) -> Sequence[str]:
        """Sentences on the images."""
        return self.prepared.found

    def fit(
        self, settings: DetectSettings, *, listeners: Sequence[Listener] = (), progress: bool | None = None
    ) -> Run:
        """Train on the training images, with validation."""
        return fit(self.prepared, self.prepared.recipe(settings), listeners=listeners, progress=progress)

    def evaluated(self, run: Run, settings: DetectSettings) -> DetectRun:
        """A run of `fit`, evaluated on the held-out images."""
        return evaluated(self.prepared, run, settings)


def _trial(values: Mapping[str, Any], settings: DetectSettings) -> DetectSettings:
    return replace(settings, **values)


def _prepare(subject: BoxSet, settings: DetectSettings) -> BoxTrials:
    prepared = prepare_boxes(subject, settings)
    if prepared.validation is None:
        raise ConfigError(
            "trials are compared by their validation loss, and there are no validation images",
            remedy="set a share of the images aside ({validation})",
            settings={"validation": 0.1},
        )
    return BoxTrials(prepared)


SEARCH = Search(
    spaces={"training": TRAINING_SPACE},
    usual=lambda settings: "training",
    settings=_trial,
    prepare=_prepare,
    most_epochs=lambda settings: MOST_EPOCHS if settings.epochs == AUTO else settings.epochs,
)
