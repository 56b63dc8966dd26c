"""Classes of the user in a recipe: whatever their fields do not tell is refused before training."""

import functools
from dataclasses import dataclass, field

import numpy as np
import pytest

from chainrule import nn
from chainrule.errors import ConfigError
from chainrule.nn.own import check_own_parts
from chainrule.training import Recipe, Supervised


@dataclass(frozen=True)
class Holding(nn.Layer):
    """Holds anything."""

    held: object = None

    def __call__(self, x):
        return x


@dataclass(frozen=True)
class Settings:
    """No part, but frozen."""

    size: int = 3


@dataclass
class Loose:
    """Can be changed behind a recipe's back."""

    size: int = 3


@dataclass(frozen=True)
class WithInit(nn.Layer):
    units: int = 4

    def __init__(self, width: int) -> None:
        object.__setattr__(self, "units", width)


@dataclass(frozen=True)
class Forgetful(nn.Layer):
    """More than its fields say."""

    units: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "born", object())


@dataclass(frozen=True)
class Unequal(nn.Layer):
    scale: float = field(default=1.0, compare=False)


@dataclass(frozen=True)
class Following(nn.Layer):
    """What follows from the fields may be kept."""

    units: int
    half: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "half", self.units // 2)
        object.__setattr__(self, "table", np.arange(self.units))

    @functools.cached_property
    def doubled(self) -> int:
        return 2 * self.units


FINE = [
    Holding(),
    Holding((1, None, ("a", 2.0), nn.Dense(3))),
    Holding([1, 2]),
    Holding(Settings()),
    Following(8),
]


@pytest.mark.parametrize("part", FINE, ids=repr)
def test_what_fields_tell_whole_is_taken(part):
    assert check_own_parts(nn.Sequential([part])) is None


def test_a_cached_property_is_no_setting():
    part = Following(8)
    assert part.doubled == 16
    check_own_parts(part)


REFUSED = [
    (
        Holding(np.zeros((2, 2))),
        r"Holding: 'held' holds an array of shape \(2, 2\), which .* can't store; .*tuple",
    ),
    (Holding(np.tanh), r"Holding: 'held' holds the function tanh, .*; name it by a text"),
    (Holding((1, lambda x: x)), r"Holding: 'held' holds the function <lambda>"),
    (Holding(nn.Dense), r"Holding: 'held' holds the class Dense"),
    (Holding({"a": 1}), r"Holding: 'held' holds a dict, .*; make it a number, a text, a tuple"),
    (Holding(Loose()), r"Loose is not frozen; write @dataclass\(frozen=True\) above class Loose"),
    (WithInit(5), r"WithInit can't be made again from its fields .*; write @dataclass\(frozen=True\)"),
    (Forgetful(5), r"Forgetful: its 'born' does not follow from its fields"),
    (Unequal(2.0), r"Unequal: 'scale' is not compared, so that two which differ count as one"),
]


@pytest.mark.parametrize(("part", "message"), REFUSED)
def test_what_fields_do_not_tell_is_refused_before_training(part, message):
    for model in (part, nn.Sequential([nn.Dense(2), nn.Residual([part])])):
        with pytest.raises(ConfigError, match=message):
            Recipe(Supervised(model, nn.MeanSquaredError()))


def test_two_classes_that_a_stored_recipe_could_not_tell_apart_are_refused():
    def another() -> type[nn.Layer]:
        @dataclass(frozen=True)
        class Twin(nn.Layer):
            pass

        return Twin

    with pytest.raises(ConfigError, match=r"two classes are both called .*Twin, in tests\.nn\.test_own"):
        check_own_parts((another()(), another()()))
