"""Boxes of blood cells: mean average precision on the test part, by the task's `train` within minutes."""

import time
from typing import Any

from chainrule.tasks.detect import DETECT
from chainrule.tasks.detect.settings import DetectSettings


def measure(folder: str, minutes: float, seed: int) -> dict[str, Any]:
    """As `chainrule train FOLDER --minutes M --seed N -s flip=both` gives it.

    folder: BCCD, in the layout of Pascal VOC, with its three parts: 205 images to train on, 87 that choose
    the threshold, 72 of the test. Cells have no upright, thus flip: the rest are defaults, which were chosen
    by the validation part alone.
    seconds: of all, the timing of the first steps and the figures on the test part included.
    """
    begun = time.perf_counter()
    opened = DETECT.open(folder, None, DetectSettings(), print)
    settings = DETECT.settle(opened, DetectSettings(minutes=minutes, seed=seed, flip="both"), print)
    evaluation = DETECT.train(opened, settings, progress=False, say=print).evaluation
    return {
        **evaluation["metrics"],
        "by_class": evaluation["by_class"],
        "baseline": evaluation["baseline"],
        "threshold": evaluation["threshold"],
        "seconds": time.perf_counter() - begun,
        "training_seconds": evaluation["seconds"],
        "epochs": settings.epochs,
    }
