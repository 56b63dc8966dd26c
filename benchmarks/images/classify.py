"""Classes of images: digits, clothes and CIFAR-10, by the task's `train` within minutes."""

import time
from dataclasses import replace
from typing import Any

from benchmarks.images.pytorch import train_pytorch
from chainrule.tasks.image import IMAGE
from chainrule.tasks.image.prepare import prepare_images
from chainrule.tasks.image.settings import ImageSettings

VIEWS = "mirrored"
"""What CIFAR-10 averages in prediction, on both sides."""


def measure(source: str, minutes: float, seed: int) -> dict[str, Any]:
    """Accuracy on the test part, as `chainrule train SOURCE --minutes M --seed N` gives it.

    seconds: of all, the timing of the first steps and the figures on the test part included.
    """
    begun = time.perf_counter()
    opened = IMAGE.open(source, None, ImageSettings(), print)
    settings = IMAGE.settle(opened, _settings(minutes, seed), print)
    found = IMAGE.train(opened, settings, progress=False, say=print)
    return {
        "accuracy": found.evaluation["metrics"]["accuracy"],
        "seconds": time.perf_counter() - begun,
        "network": prepare_images(opened, settings).choices(settings).network,
        "epochs": settings.epochs,
    }


def measure_pytorch(source: str, minutes: float, seed: int) -> dict[str, Any]:
    """The same for the same network in PyTorch, which fits as many epochs as it can into the minutes."""
    opened = IMAGE.open(source, None, ImageSettings(), print)
    settings = IMAGE.settle(opened, _settings(minutes, seed), print)
    return train_pytorch(prepare_images(opened, replace(settings, views=VIEWS)), settings, minutes)


def _settings(minutes: float, seed: int) -> ImageSettings:
    # The test part is given; no images are kept from training to watch it, on either side.
    return ImageSettings(minutes=minutes, seed=seed, validation=0.0)
