"""The search space of images: settings of training and of augmentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule.errors import ConfigError
from chainrule.tasks.image.opening import ImageSet
from chainrule.tasks.image.prepare import PreparedImages, prepare_images
from chainrule.tasks.image.recipe import MOST_EPOCHS
from chainrule.tasks.image.run import ImageRun, evaluated, fit
from chainrule.tasks.image.settings import AUTO, ImageSettings
from chainrule.tasks.task import Search
from chainrule.training import Listener, Run
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Categorical((AUTO, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6), first=AUTO),
        "weight_decay": Categorical((AUTO, 0.001, 0.003, 0.01, 0.03, 0.1), first=AUTO),
        "label_smoothing": Float(0.0, 0.3, first=0.1),
        "batch_size": Categorical((AUTO, 64, 128, 256, 512), first=AUTO),
        "shift": Categorical((AUTO, 0, 1, 2, 4), first=AUTO),
        "degrees": Categorical((AUTO, 0, 5, 10, 20), first=AUTO),
        "scale": Categorical((AUTO, 1.0, 1.1, 1.25), first=AUTO),
        "flip": Categorical((AUTO, "none", "horizontal", "alternating"), first=AUTO),
        "cutout": Categorical((0, 2, 4, 8), first=0),
    }
)
"""The first trial has the default settings of `train`."""


@dataclass(frozen=True, eq=False)
class ImageTrials:
    """Images that are prepared once for all trials."""

    prepared: PreparedImages

    @property
    def found(self) -> Sequence[str]:
        """Sentences on the images."""
        return self.prepared.found

    def fit(
        self, settings: ImageSettings, *, listeners: Sequence[Listener] = (), progress: bool | None = None
    ) -> Run:
        """Train on the training images, with validation."""
        recipe = self.prepared.recipe(settings)
        return fit(self.prepared, recipe, listeners=listeners, progress=progress)

    def evaluated(self, run: Run, settings: ImageSettings) -> ImageRun:
        """A run of `fit`, evaluated on the held-out images."""
        return evaluated(self.prepared, run, settings)


def _trial(values: Mapping[str, Any], settings: ImageSettings) -> ImageSettings:
    return replace(settings, **values)


def _prepare(subject: ImageSet, settings: ImageSettings) -> ImageTrials:
    prepared = prepare_images(subject, settings)
    if prepared.validation is None:
        raise ConfigError(
            "trials are compared by their validation loss, and there are no validation images",
            remedy="set a share of the images aside ({validation})",
            settings={"validation": 0.1},
        )
    return ImageTrials(prepared)


SEARCH = Search(
    spaces={"training": TRAINING_SPACE},
    usual=lambda settings: "training",
    settings=_trial,
    prepare=_prepare,
    most_epochs=lambda settings: MOST_EPOCHS if settings.epochs == AUTO else settings.epochs,
)
