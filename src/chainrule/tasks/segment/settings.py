"""The settings of masks, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.errors import ConfigError
from chainrule.nn.layers.affine_augmentation import FLIPS
from chainrule.nn.settings import check_choice, check_flag, check_number, check_text, check_whole
from chainrule.tasks.build import SCHEDULES
from chainrule.tasks.segment.network import NETWORKS
from chainrule.tasks.settings import (
    AUTO,
    Auto,
    check_common,
    check_minutes,
    check_rest,
    common_help,
    unless_auto,
)
from chainrule.training.attending import OFF

OPTIMIZERS = ("adamw", "nesterov")
VIEWS = ("one", "mirrored")
NONE = "none"

HELP: Mapping[str, str] = {
    **common_help("test", "validation", "degrees", "colour", "label_smoothing", "schedule", "average"),
    **common_help("epochs", "minutes", "from_run", "doctor", "seed"),
    "void": "number of mask pixels that do not count; none; auto: 255 if the masks hold it and at least two "
    "other numbers, else the number that a file of class names calls void",
    "size": "images with a longer side, in pixels, are scaled down to it; predicted masks have the size of "
    "their images",
    "network": f"{', '.join(NETWORKS)}; auto: medium, or as large as the minutes allow",
    "shift": "augmentation: the most pixels by which images are shifted; auto: an eighth of the shorter side",
    "scale": "augmentation: images are scaled by a factor from 1 / √scale to scale, at least 1",
    "flip": f"augmentation: how images are mirrored at random: {', '.join(FLIPS)}",
    "dice": "weight of the Dice loss, which is added to the cross-entropy, at least 0",
    "class_weights": "classes are weighted in the cross-entropy by (1 / frequency) to this power, 0 to 1",
    "optimizer": f"one of {', '.join(OPTIMIZERS)}",
    "learning_rate": "the largest learning rate, above 0; auto: by optimizer",
    "weight_decay": "strength of decoupled weight decay; auto: by optimizer",
    "batch_size": "images per step, at least 2; auto: 8, or less for few images",
    "views": "views of an image whose predictions are averaged: one; mirrored (and its mirror image); auto: "
    "mirrored if training mirrors left and right, else one",
    "objects": "true: count the separate objects of all classes but the one of the lowest number; needs "
    "scikit-image; auto: for masks of two classes, if that is installed",
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
    doctor: str = OFF
    seed: int = 0

    def __post_init__(self) -> None:
        check_common("segment", self)
        unless_auto(check_whole, "segment", self, "shift", at_least=0)
        unless_auto(check_whole, "segment", self, "epochs")
        unless_auto(check_whole, "segment", self, "batch_size", at_least=2)
        if self.void not in (AUTO, NONE):
            check_whole("segment", "void", self.void, at_least=0)
            if int(self.void) > 255:
                raise ConfigError(f"segment: void is {self.void}", remedy="masks hold numbers up to 255")
        check_whole("segment", "size", self.size, at_least=8)
        for name in ("label_smoothing", "average"):
            check_number("segment", name, getattr(self, name), at_least=0, below=1)
        for name in ("colour", "class_weights"):
            check_number("segment", name, getattr(self, name), at_least=0, at_most=1)
        check_number("segment", "dice", self.dice, at_least=0)
        check_number("segment", "degrees", self.degrees, at_least=0, at_most=180)
        check_number("segment", "scale", self.scale, at_least=1, at_most=10)
        unless_auto(check_number, "segment", self, "learning_rate", above=0)
        unless_auto(check_number, "segment", self, "weight_decay", at_least=0)
        unless_auto(check_flag, "segment", self, "objects")
        check_choice("segment", "network", self.network, (AUTO, *NETWORKS))
        check_choice("segment", "flip", self.flip, FLIPS)
        check_choice("segment", "optimizer", self.optimizer, OPTIMIZERS)
        check_choice("segment", "schedule", self.schedule, SCHEDULES)
        check_choice("segment", "views", self.views, (AUTO, *VIEWS))
        check_minutes("segment", self.minutes)
        if self.from_run is not None:
            check_text("segment", "from_run", self.from_run)
            if self.network != AUTO:
                raise ConfigError(
                    "the network is that of the run that training starts from",
                    remedy="leave network out, or do not start from a run",
                )
        check_rest(self)
