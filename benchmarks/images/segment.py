"""Masks of streets: mean intersection over union on the test part, by the task's `train` within minutes."""

import time
from typing import Any

from benchmarks.images.pytorch_masks import train_pytorch
from chainrule.tasks.segment import SEGMENT
from chainrule.tasks.segment.prepare import prepare_masks
from chainrule.tasks.segment.settings import SegmentSettings

VOID = 11
"""Number of the pixels of CamVid that do not count."""


def measure(folder: str, minutes: float, seed: int) -> dict[str, Any]:
    """As `chainrule train FOLDER --minutes M --seed N -s void=11` gives it.

    folder: CamVid with its three parts: 367 images to train on, 101 that watch the training, 233 of the test.
    All but the number of void are defaults, which were chosen by images to train on and to validate with.
    seconds: of all, the timing of the first steps and the figures on the test part included.
    """
    begun = time.perf_counter()
    opened = SEGMENT.open(folder, None, _settings(minutes, seed), print)
    settings = SEGMENT.settle(opened, _settings(minutes, seed), print)
    evaluation = SEGMENT.train(opened, settings, progress=False, say=print).evaluation
    return {
        **evaluation["metrics"],
        "by_class": evaluation["iou"],
        "baseline": evaluation["baseline"],
        "seconds": time.perf_counter() - begun,
        "training_seconds": evaluation["seconds"],
        "network": settings.network,
        "epochs": settings.epochs,
    }


def measure_pytorch(folder: str, minutes: float, seed: int) -> dict[str, Any]:
    """The network that `measure` chooses in PyTorch, which fits as many epochs as it can into the minutes."""
    opened = SEGMENT.open(folder, None, _settings(minutes, seed), print)
    settings = SEGMENT.settle(opened, _settings(minutes, seed), print)
    return train_pytorch(prepare_masks(opened, settings), settings, minutes)


def _settings(minutes: float, seed: int) -> SegmentSettings:
    return SegmentSettings(void=VOID, minutes=minutes, seed=seed)
