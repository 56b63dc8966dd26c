"""What settings of several tasks have in common: checks, and values in place of 'auto'."""

from dataclasses import dataclass, replace

import pytest

from chainrule.errors import ConfigError
from chainrule.nn.settings import check_whole
from chainrule.tasks.settings import (
    check_common,
    check_minutes,
    check_rest,
    common_help,
    unless_auto,
    with_given,
)
from chainrule.training.attending import OFF


@dataclass(frozen=True)
class Some:
    test: float = 0.2
    validation: float = 0.0
    doctor: str = OFF
    seed: int = 0
    epochs: int | str = "auto"
    rate: float | str = "auto"


@dataclass(frozen=True)
class Choices:
    epochs: int
    rate: float


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"seed": 2**32}, r"mine: seed is 4294967296; it must be below 2\*\*32"),
        ({"seed": -1}, "mine: seed is -1"),
        ({"test": 0.0}, "mine: test is 0.0; it must be above 0 and below 1"),
        ({"validation": 1.0}, "mine: validation is 1.0"),
        ({"doctor": "wach"}, "mine: doctor is 'wach' .did you mean 'watch'"),
    ],
)
def test_common_settings_are_checked(wrong, told):
    check_common("mine", Some())
    with pytest.raises(ConfigError, match=told):
        check_common("mine", replace(Some(), **wrong))


def test_something_is_left_to_train_on():
    check_rest(Some(0.5, 0.4))
    with pytest.raises(ConfigError, match=r"test 0\.6 and validation 0\.4 leave nothing to train on"):
        check_rest(Some(0.6, 0.4))


def test_minutes_are_positive_or_not_given():
    check_minutes("mine", None)
    check_minutes("mine", 0.5)
    with pytest.raises(ConfigError, match=r"mine: minutes is 0\.0"):
        check_minutes("mine", 0.0)


def test_auto_is_not_checked_and_other_values_are():
    unless_auto(check_whole, "mine", Some(), "epochs")
    unless_auto(check_whole, "mine", Some(epochs=1), "epochs")
    with pytest.raises(ConfigError, match="mine: epochs is 0"):
        unless_auto(check_whole, "mine", Some(epochs=0), "epochs", at_least=1)


def test_given_values_replace_those_of_auto():
    assert with_given(Choices(5, 0.1), Some(rate=0.3)) == Choices(5, 0.3)
    assert with_given(Choices(5, 0.1), Some()) == Choices(5, 0.1)


def test_descriptions_are_taken_by_name():
    assert list(common_help("seed", "test")) == ["seed", "test"]
    with pytest.raises(KeyError):
        common_help("sed")
