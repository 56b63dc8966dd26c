"""The settings of sounds, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.data.sounds.opening import TRIM
from chainrule.nn.settings import check_choice, check_number, check_whole
from chainrule.tasks.settings import (
    AUTO,
    Auto,
    check_common,
    check_minutes,
    check_rest,
    common_help,
    unless_auto,
)
from chainrule.tasks.sound.network import NETWORKS
from chainrule.training.attending import OFF

HELP: Mapping[str, str] = {
    "test": "share of the sounds held out for the final evaluation, if the source has no test part",
    "validation": "share of the sounds for validation during training, if the source has no such part; 0 for "
    "none",
    "rate": "samples a second to which sounds are converted, at least 1,000; auto: the most frequent rate, "
    "at most 16,000",
    "seconds": "length to which sounds are cut or filled up, above 0; auto: so long that 98 of 100 training "
    "sounds are whole, at most 10",
    "trim": "decibels below the loudest moment of a sound that count as silence and are cut off at its ends; "
    "0 cuts nothing off",
    "network": f"{', '.join(NETWORKS)}; auto: small for fewer than 10,000 training sounds, else medium",
    "speed": "augmentation: sounds are played faster or slower, and so higher or lower, by at most this "
    "share, 0 to 1",
    "shift": "augmentation: the most seconds by which sounds are shifted; auto: a tenth of their length",
    "noise": "augmentation: the most noise, as a share of the loudness of a sound, 0 to 1",
    "equalizer": "augmentation: the most decibels by which frequencies get louder or quieter, as by another "
    "microphone, at least 0",
    "masked": "augmentation: the most share of the frames, and of the bands, that a mask covers, 0 to 1",
    "mixup": "augmentation: sounds are mixed, with shares drawn from Beta(mixup, mixup); 0 for none",
    "dropout": "share of the features dropped before the last layer, 0 to below 1",
    "label_smoothing": "share of each class target spread over all classes, 0 to below 1",
    "learning_rate": "the largest learning rate of AdamW, above 0",
    "weight_decay": "strength of decoupled weight decay, at least 0",
    "epochs": "passes over the training sounds; auto: by their number, or by the minutes",
    "batch_size": "sounds per step, at least 2; auto: by their number, at most 64",
    **common_help("minutes", "doctor"),
    "seed": "seed of the split, the initial weights, the order of the sounds and augmentation",
}


@dataclass(frozen=True)
class SoundSettings:
    """How sounds are read and split, and how a network is trained on them; HELP describes each setting.

    Raises ConfigError for a value of the wrong type, out of range or unknown.
    """

    test: float = 0.2
    validation: float = 0.1
    rate: int | Auto = AUTO
    seconds: float | Auto = AUTO
    trim: float = TRIM
    network: str = AUTO
    speed: float = 0.15
    shift: float | Auto = AUTO
    noise: float = 0.1
    equalizer: float = 6.0
    masked: float = 0.2
    mixup: float = 0.0
    dropout: float = 0.2
    label_smoothing: float = 0.1
    learning_rate: float = 0.004
    weight_decay: float = 0.05
    epochs: int | Auto = AUTO
    batch_size: int | Auto = AUTO
    minutes: float | None = None
    doctor: str = OFF
    seed: int = 0

    def __post_init__(self) -> None:
        check_common("sound", self)
        unless_auto(check_whole, "sound", self, "rate", at_least=1000)
        unless_auto(check_whole, "sound", self, "epochs")
        unless_auto(check_whole, "sound", self, "batch_size", at_least=2)
        unless_auto(check_number, "sound", self, "seconds", above=0)
        unless_auto(check_number, "sound", self, "shift", at_least=0)
        for name in ("trim", "equalizer", "mixup", "weight_decay"):
            check_number("sound", name, getattr(self, name), at_least=0)
        for name in ("speed", "noise", "masked"):
            check_number("sound", name, getattr(self, name), at_least=0, at_most=1)
        for name in ("dropout", "label_smoothing"):
            check_number("sound", name, getattr(self, name), at_least=0, below=1)
        check_number("sound", "learning_rate", self.learning_rate, above=0)
        check_choice("sound", "network", self.network, (AUTO, *NETWORKS))
        check_minutes("sound", self.minutes)
        check_rest(self)
