"""What settings of several tasks have in common: 'auto', descriptions, and checks."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Literal, TypeVar

from chainrule.errors import ConfigError
from chainrule.nn.settings import check_choice, check_number, check_whole, plain_fields
from chainrule.tasks.build import SCHEDULES
from chainrule.training.attending import MODES

Auto = Literal["auto"]
AUTO: Auto = "auto"
"""The value of a setting that is chosen by the data."""
Chosen = TypeVar("Chosen")

_HELP: Mapping[str, str] = {
    "test": "share of the images held out for the final evaluation, if the source has no test part",
    "validation": "share of the images for validation during training, if the source has no such part; 0 for "
    "none",
    "degrees": "augmentation: the most degrees by which images are rotated, 0 to 180",
    "scale": "augmentation: images are scaled by a factor from 1 / scale to scale, at least 1",
    "colour": "augmentation: the most change of brightness, contrast and saturation, 0 to 1",
    "label_smoothing": "share of each class target spread over all classes, 0 to below 1",
    "learning_rate": "the largest learning rate, above 0",
    "weight_decay": "strength of decoupled weight decay, at least 0",
    "schedule": f"of the learning rate: {', '.join(SCHEDULES)}",
    "average": "decay of a moving average of the weights, which is stored instead of them; 0 for none",
    "epochs": "passes over the training images; auto: by their number, or by the minutes",
    "batch_size": "images per step, at least 2",
    "minutes": "most minutes of training: a few steps are timed, and the epochs that fit (and the network, "
    "if it is auto) are chosen and stored",
    "from_run": "folder of a run of this task: training starts from its network, with a new last layer",
    "doctor": f"one of {', '.join(MODES)}: watch reports what looks wrong with the training, advise also "
    "tries on copies of it what helps, repair also applies that",
    "seed": "seed of the split, the initial weights, the order of the images and augmentation",
}


def common_help(*names: str) -> dict[str, str]:
    """The descriptions of settings of these names that mean the same in several tasks."""
    return {name: _HELP[name] for name in names}


def check_common(task: str, settings: Any) -> None:
    """Check what the settings of many tasks have: test, validation, doctor, seed.

    task: its name in errors. Lists become tuples. Raises ConfigError.
    """
    plain_fields(settings)
    check_choice(task, "doctor", settings.doctor, MODES)
    check_whole(task, "seed", settings.seed, at_least=0)
    if settings.seed >= 2**32:
        raise ConfigError(f"{task}: seed is {settings.seed}", remedy="it must be below 2**32")
    check_number(task, "test", settings.test, above=0, below=1)
    check_number(task, "validation", settings.validation, at_least=0, below=1)


def check_rest(settings: Any) -> None:
    """ConfigError if `test` and `validation` leave nothing to train on."""
    if settings.test + settings.validation >= 1:
        raise ConfigError(
            f"test {settings.test} and validation {settings.validation} leave nothing to train on",
            remedy="make their sum smaller than 1",
        )


def check_minutes(task: str, minutes: float | None) -> None:
    """Check the setting `minutes`, above 0, or None; raises ConfigError."""
    if minutes is not None:
        check_number(task, "minutes", minutes, above=0)


def unless_auto(check: Any, task: str, settings: Any, *names: str, **bounds: Any) -> None:
    """Call check(task, name, value, **bounds) for the settings of these names that are not 'auto'."""
    for name in names:
        if getattr(settings, name) != AUTO:
            check(task, name, getattr(settings, name), **bounds)


def with_given(known: Chosen, settings: Any) -> Chosen:
    """`known` with the values of the settings of the same names, where they are not 'auto'.

    known: a dataclass, with the values for 'auto'.
    """
    given = {each.name: getattr(settings, each.name) for each in fields(known)}  # type: ignore[arg-type]
    chosen = {name: value for name, value in given.items() if value != AUTO}
    return replace(known, **chosen)  # type: ignore[type-var] (it is a dataclass)
