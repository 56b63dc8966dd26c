"""The settings of boxes, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.errors import ConfigError
from chainrule.nn.layers.affine_augmentation import FLIPS
from chainrule.nn.settings import check_choice, check_number, check_whole
from chainrule.tasks.build import SCHEDULES
from chainrule.tasks.detect.network import NETWORKS, STRIDES
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

OPTIMIZERS = ("adamw", "muon")
VIEWS = ("one", "mirrored", "all")

HELP: Mapping[str, str] = {
    **common_help("test", "validation", "scale", "colour", "learning_rate", "weight_decay", "schedule"),
    **common_help("epochs", "batch_size", "doctor", "seed"),
    "size": "longer side in pixels to which images are scaled, without distortion; auto: at most 320",
    "network": f"width of the network: {', '.join(NETWORKS)}",
    "stride": f"pixels of the scaled image from one place of the map to the next: {STRIDES[0]} or "
    f"{STRIDES[1]}; 8 suffices if all objects are large",
    "shift": "augmentation: the most pixels by which scaled images are shifted; auto: a tenth of the longer "
    "side",
    "flip": f"augmentation: how images are mirrored at random: {', '.join(FLIPS)}",
    "optimizer": f"one of {', '.join(OPTIMIZERS)}",
    "views": "views of an image whose predictions are averaged: one; mirrored (and its mirror image); all "
    "(four mirrored ones); auto: as training mirrors images",
    "overlap": "largest intersection over union at which two boxes of a class are both kept, 0 to 1",
    "threshold": "least probability of a predicted box; auto: that of the best F1 on validation images, 0.3 "
    "without any",
    "minutes": "most minutes of training: a few steps are timed, and the epochs that fit are chosen and "
    "stored",
}


@dataclass(frozen=True)
class DetectSettings:
    """How images with boxes are split, and how a network is trained on them; HELP describes each setting.

    Raises ConfigError for a value of the wrong type, out of range or unknown.
    """

    test: float = 0.2
    validation: float = 0.1
    size: int | Auto = AUTO
    network: str = "medium"
    stride: int = 4
    shift: int | Auto = AUTO
    scale: float = 1.3
    flip: str = "horizontal"
    colour: float = 0.2
    optimizer: str = "adamw"
    learning_rate: float = 0.002
    weight_decay: float = 0.05
    schedule: str = "one_cycle"
    epochs: int | Auto = AUTO
    batch_size: int = 8
    views: str = AUTO
    overlap: float = 0.45
    threshold: float | Auto = AUTO
    minutes: float | None = None
    doctor: str = OFF
    seed: int = 0

    def __post_init__(self) -> None:
        check_common("detect", self)
        unless_auto(check_whole, "detect", self, "size", at_least=32)
        unless_auto(check_whole, "detect", self, "shift", at_least=0)
        unless_auto(check_whole, "detect", self, "epochs")
        check_whole("detect", "batch_size", self.batch_size, at_least=2)
        check_number("detect", "colour", self.colour, at_least=0, at_most=1)
        check_number("detect", "scale", self.scale, at_least=1, at_most=10)
        check_number("detect", "learning_rate", self.learning_rate, above=0)
        check_number("detect", "weight_decay", self.weight_decay, at_least=0)
        check_number("detect", "overlap", self.overlap, at_least=0, at_most=1)
        unless_auto(check_number, "detect", self, "threshold", at_least=0, below=1)
        check_choice("detect", "network", self.network, NETWORKS)
        if self.stride not in STRIDES:
            raise ConfigError(f"detect: stride is {self.stride}", remedy="give 4 or 8")
        check_choice("detect", "flip", self.flip, FLIPS)
        check_choice("detect", "optimizer", self.optimizer, OPTIMIZERS)
        check_choice("detect", "schedule", self.schedule, SCHEDULES)
        check_choice("detect", "views", self.views, (AUTO, *VIEWS))
        check_minutes("detect", self.minutes)
        check_rest(self)
