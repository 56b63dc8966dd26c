"""The settings of masks, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chainrule.errors import ConfigError
from chainrule.nn.layers.augmentation import FLIPS
from chainrule.nn.settings import (
    check_choice,
    check_flag,
    check_number,
    check_text,
    check_whole,
    plain_fields,
)
from chainrule.tasks.build import SCHEDULES
from chainrule.tasks.segment.network import NETWORKS

Auto = Literal["auto"]
AUTO: Auto = "auto"
OPTIMIZERS = ("adamw", "nesterov")
VIEWS = ("one", "mirrored")
NONE = "none"

HELP: Mapping[str, str] = {
    "test": "share of the images held out for the final evaluation, if the source has no test part",
    "validation": "share of the images for validation during training, if the source has no such part; 0 for "
    "none",
    "void": "number of mask pixels that do not count; none; auto: 255 if the masks hold it and at least two "
    "other numbers, else the number that a file of class names calls void",
    "size": "images with a longer side, in pixels, are scaled down to it; predicted masks have the size of "
    "their images",
    "network": f"{', '.join(NETWORKS)}; auto: medium, or as large as the minutes allow",
    "shift": "augmentation: the most pixels by which images are shifted; auto: an eighth of the shorter side",
    "degrees": "augmentation: the most degrees by which images are rotated, 0 to 180",
    "scale": "augmentation: images are scaled by a factor from 1 / √scale to scale, at least 1",
    "flip": f"augmentation: how images are mirrored at random: {', '.join(FLIPS)}",
    "colour": "augmentation: the most change of brightness, contrast and saturation, 0 to 1",
    "dice": "weight of the Dice loss, which is added to the cross-entropy, at least 0",
    "class_weights": "classes are weighted in the cross-entropy by (1 / frequency) to this power, 0 to 1",
    "label_smoothing": "share of each class target spread over all classes, 0 to below 1",
    "optimizer": f"one of {', '.join(OPTIMIZERS)}",
    "learning_rate": "the largest learning rate, above 0; auto: by optimizer",
    "weight_decay": "strength of decoupled weight decay; auto: by optimizer",
    "schedule": f"of the learning rate: {', '.join(SCHEDULES)}",
    "average": "decay of a moving average of the weights, which is stored instead of them; 0 for none",
    "epochs": "passes over the training images; auto: by their number, or by the minutes",
    "batch_size": "images per step, at least 2; auto: 8, or less for few images",
    "views": "views of an image whose predictions are averaged: one; mirrored (and its mirror image); auto: "
    "mirrored if training mirrors left and right, else one",
    "objects": "true: count the separate objects of all classes but the one of the lowest number; needs "
    "scikit-image; auto: for masks of two classes, if that is installed",
    "minutes": "most minutes of training: a few steps are timed, and the epochs that fit (and the network, "
    "if it is auto) are chosen and stored",
    "from_run": "folder of a run of this task: training starts from its network, with a new last layer",
    "seed": "seed of the split, the initial weights, the order of the images and augmentation",
}


@dataclass(frozen=True)
class SegmentSettings:
    """How images with masks are split, and how a network is trained on them; HELP describes each setting.

    Raises ConfigError for a value of the wrong type, out of range or unknown.
    """

    test: float = 0.2
    validation: float = 0.1
    void: int | str = AUTO
    size: int = 256
    network: str = AUTO
    shift: int | Auto = AUTO
    degrees: float = 0.0
    scale: float = 1.6
    flip: str = "horizontal"
    colour: float = 0.5
    dice: float = 0.5
    class_weights: float = 0.5
    label_smoothing: float = 0.0
    optimizer: str = "adamw"
    learning_rate: float | Auto = AUTO
    weight_decay: float | Auto = AUTO
    schedule: str = "one_cycle"
    average: float = 0.0
    epochs: int | Auto = AUTO
    batch_size: int | Auto = AUTO
    views: str = AUTO
    objects: bool | Auto = AUTO
    minutes: float | None = None
    from_run: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        for name, least in (("shift", 0), ("epochs", 1), ("batch_size", 2)):
            self._unless_auto(check_whole, name, at_least=least)
        if self.void not in (AUTO, NONE):
            check_whole("segment", "void", self.void, at_least=0)
            if int(self.void) > 255:
                raise ConfigError(f"segment: void is {self.void}", remedy="masks hold numbers up to 255")
        check_whole("segment", "size", self.size, at_least=8)
        check_whole("segment", "seed", self.seed, at_least=0)
        if self.seed >= 2**32:
            raise ConfigError(f"segment: seed is {self.seed}", remedy="it must be below 2**32")
        check_number("segment", "test", self.test, above=0, below=1)
        for name in ("validation", "label_smoothing", "average"):
            check_number("segment", name, getattr(self, name), at_least=0, below=1)
        for name in ("colour", "class_weights"):
            check_number("segment", name, getattr(self, name), at_least=0, at_most=1)
        check_number("segment", "dice", self.dice, at_least=0)
        check_number("segment", "degrees", self.degrees, at_least=0, at_most=180)
        check_number("segment", "scale", self.scale, at_least=1, at_most=10)
        self._unless_auto(check_number, "learning_rate", above=0)
        self._unless_auto(check_number, "weight_decay", at_least=0)
        self._unless_auto(check_flag, "objects")
        check_choice("segment", "network", self.network, (AUTO, *NETWORKS))
        check_choice("segment", "flip", self.flip, FLIPS)
        check_choice("segment", "optimizer", self.optimizer, OPTIMIZERS)
        check_choice("segment", "schedule", self.schedule, SCHEDULES)
        check_choice("segment", "views", self.views, (AUTO, *VIEWS))
        if self.minutes is not None:
            check_number("segment", "minutes", self.minutes, above=0)
        if self.from_run is not None:
            check_text("segment", "from_run", self.from_run)
            if self.network != AUTO:
                raise ConfigError(
                    "the network is that of the run that training starts from",
                    remedy="leave network out, or do not start from a run",
                )
        if self.test + self.validation >= 1:
            raise ConfigError(
                f"test {self.test} and validation {self.validation} leave nothing to train on",
                remedy="make their sum smaller than 1",
            )

    def _unless_auto(self, check: Any, name: str, **bounds: Any) -> None:
        if getattr(self, name) != AUTO:
            check("segment", name, getattr(self, name), **bounds)
