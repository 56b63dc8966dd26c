"""The settings of images, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.errors import ConfigError
from chainrule.nn.layers.affine_augmentation import FLIPS
from chainrule.nn.settings import check_choice, check_flag, check_number, check_text, check_whole
from chainrule.tasks.build import SCHEDULES
from chainrule.tasks.image.network import NETWORKS
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

OPTIMIZERS = ("nesterov", "muon", "adamw")
VIEWS = ("one", "mirrored", "shifted", "all")

HELP: Mapping[str, str] = {
    **common_help("test", "validation", "colour", "label_smoothing", "schedule", "average", "epochs"),
    **common_help("minutes", "from_run", "doctor", "seed"),
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
    "cutout": "augmentation: side in pixels of a square that is covered; 0 for none",
    "optimizer": f"one of {', '.join(OPTIMIZERS)}",
    "learning_rate": "the largest learning rate, above 0; auto: by optimizer and batch size",
    "weight_decay": "strength of decoupled weight decay; auto: by optimizer",
    "batch_size": "images per step, at least 2; auto: by their number and size, at most 500",
    "views": "views of an image whose predictions are averaged: one; mirrored (and its mirror image); "
    "shifted (by a pixel, too); all (six); auto: mirrored if training mirrors left and right, else one",
    "freeze": "true: train only the new last layer of a network from another run",
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
    doctor: str = OFF
    seed: int = 0

    def __post_init__(self) -> None:
        check_common("image", self)
        unless_auto(check_whole, "image", self, "size", at_least=4)
        unless_auto(check_whole, "image", self, "shift", at_least=0)
        unless_auto(check_whole, "image", self, "epochs")
        unless_auto(check_whole, "image", self, "batch_size", at_least=2)
        check_whole("image", "cutout", self.cutout, at_least=0)
        for name in ("label_smoothing", "average"):
            check_number("image", name, getattr(self, name), at_least=0, below=1)
        check_number("image", "colour", self.colour, at_least=0, at_most=1)
        unless_auto(check_number, "image", self, "degrees", at_least=0, at_most=180)
        unless_auto(check_number, "image", self, "scale", at_least=1, at_most=10)
        unless_auto(check_number, "image", self, "learning_rate", above=0)
        unless_auto(check_number, "image", self, "weight_decay", at_least=0)
        check_choice("image", "network", self.network, (AUTO, *NETWORKS))
        check_choice("image", "flip", self.flip, (AUTO, "alternating", *FLIPS))
        check_choice("image", "optimizer", self.optimizer, OPTIMIZERS)
        check_choice("image", "schedule", self.schedule, SCHEDULES)
        check_choice("image", "views", self.views, (AUTO, *VIEWS))
        check_minutes("image", self.minutes)
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
        check_rest(self)
