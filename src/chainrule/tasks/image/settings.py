"""The settings of images, as people write them on the command line and in config.toml."""

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
from chainrule.tasks.image.network import NETWORKS

Auto = Literal["auto"]
AUTO: Auto = "auto"
OPTIMIZERS = ("nesterov", "muon", "adamw")
VIEWS = ("one", "mirrored", "shifted", "all")

HELP: Mapping[str, str] = {
    "test": "share of the images held out for the final evaluation, if the source has no test part",
    "validation": "share of the images for validation during training, if the source has no such part; 0 for "
    "none",
    "size": "side in pixels of the square to which images are scaled and cropped; auto: unchanged if all "
    "have one size of at most 64, else the shortest side of all, at most 64",
    "network": f"{', '.join(NETWORKS)}; auto: small for grey images, medium for coloured ones, or as large "
    "as the minutes allow",
    "shift": "augmentation: the most pixels by which images are shifted; auto: a sixteenth of the shorter "
    "side",
    "degrees": "augmentation: the most degrees by which images are rotated; auto: 10 for grey images, 0 for "
    "coloured ones",
    "scale": "augmentation: images are scaled by a factor from 1 / scale to scale, at least 1; auto: 1.1 for "
    "grey images, 1 for coloured ones",
    "flip": "augmentation: how images are mirrored: none, horizontal, alternating (horizontal in every other "
    "epoch), vertical, both; auto: none for grey images, alternating for coloured ones",
    "colour": "augmentation: the most change of brightness, contrast and saturation, 0 to 1",
    "cutout": "augmentation: side in pixels of a square that is covered; 0 for none",
    "label_smoothing": "share of each class target spread over all classes, 0 to below 1",
    "optimizer": f"one of {', '.join(OPTIMIZERS)}",
    "learning_rate": "the largest learning rate, above 0; auto: by optimizer and batch size",
    "weight_decay": "strength of decoupled weight decay; auto: by optimizer",
    "schedule": f"of the learning rate: {', '.join(SCHEDULES)}",
    "average": "decay of a moving average of the weights, which is stored instead of them; 0 for none",
    "epochs": "passes over the training images; auto: by their number, or by the minutes",
    "batch_size": "images per step, at least 2; auto: by their number and size, at most 500",
    "views": "views of an image whose predictions are averaged: one; mirrored (and its mirror image); "
    "shifted (by a pixel, too); all (six); auto: mirrored if training mirrors left and right, else one",
    "minutes": "most minutes of training: a few steps are timed, and the epochs that fit (and the network, "
    "if it is auto) are chosen and stored",
    "from_run": "folder of a run of this task: training starts from its network, with a new last layer",
    "freeze": "true: train only the new last layer of a network from another run",
    "seed": "seed of the split, the initial weights, the order of the images and augmentation",
}


@dataclass(frozen=True)
class ImageSettings:
    """How images are split, and how a network is trained on them; HELP describes each setting.

    Raises ConfigError for a value of the wrong type, out of range or unknown.
    """

    test: float = 0.2
    validation: float = 0.1
    size: int | Auto = AUTO
    network: str = AUTO
    shift: int | Auto = AUTO
    degrees: float | Auto = AUTO
    scale: float | Auto = AUTO
    flip: str = AUTO
    colour: float = 0.0
    cutout: int = 0
    label_smoothing: float = 0.1
    optimizer: str = "nesterov"
    learning_rate: float | Auto = AUTO
    weight_decay: float | Auto = AUTO
    schedule: str = "one_cycle"
    average: float = 0.0
    epochs: int | Auto = AUTO
    batch_size: int | Auto = AUTO
    views: str = AUTO
    minutes: float | None = None
    from_run: str | None = None
    freeze: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        for name, least in (("size", 4), ("shift", 0), ("epochs", 1), ("batch_size", 2)):
            _unless_auto(check_whole, name, getattr(self, name), at_least=least)
        check_whole("image", "cutout", self.cutout, at_least=0)
        check_whole("image", "seed", self.seed, at_least=0)
        if self.seed >= 2**32:
            raise ConfigError(f"image: seed is {self.seed}", remedy="it must be below 2**32")
        check_number("image", "test", self.test, above=0, below=1)
        for name in ("validation", "label_smoothing", "average"):
            check_number("image", name, getattr(self, name), at_least=0, below=1)
        check_number("image", "colour", self.colour, at_least=0, at_most=1)
        _unless_auto(check_number, "degrees", self.degrees, at_least=0, at_most=180)
        _unless_auto(check_number, "scale", self.scale, at_least=1, at_most=10)
        _unless_auto(check_number, "learning_rate", self.learning_rate, above=0)
        _unless_auto(check_number, "weight_decay", self.weight_decay, at_least=0)
        check_choice("image", "network", self.network, (AUTO, *NETWORKS))
        check_choice("image", "flip", self.flip, (AUTO, "alternating", *FLIPS))
        check_choice("image", "optimizer", self.optimizer, OPTIMIZERS)
        check_choice("image", "schedule", self.schedule, SCHEDULES)
        check_choice("image", "views", self.views, (AUTO, *VIEWS))
        if self.minutes is not None:
            check_number("image", "minutes", self.minutes, above=0)
        check_flag("image", "freeze", self.freeze)
        if self.from_run is not None:
            check_text("image", "from_run", self.from_run)
            if self.network != AUTO or self.size != AUTO:
                raise ConfigError(
                    "network and size are those of the run that training starts from",
                    remedy="leave them out, or do not start from a run",
                )
        elif self.freeze:
            raise ConfigError(
                "freeze is for a network from another run",
                remedy="name one ({from_run})",
                settings={"from_run": ...},
            )
        if self.test + self.validation >= 1:
            raise ConfigError(
                f"test {self.test} and validation {self.validation} leave nothing to train on",
                remedy="make their sum smaller than 1",
            )


def _unless_auto(check: Any, name: str, value: Any, **bounds: Any) -> None:
    if value != AUTO:
        check("image", name, value, **bounds)
