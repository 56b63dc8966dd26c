"""What every part of a recipe is: settings as plain numbers, and classes that are dataclasses."""

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from chainrule import nn
from chainrule.errors import ConfigError
from chainrule.nn.part import names_class
from chainrule.nn.tree import to_plain

BASES = (nn.Layer, nn.Loss, nn.Initializer, nn.Penalty, nn.Schedule, nn.Transform, nn.Mixing)

numpy: Any = np  # whose numbers are no int and no float to a type checker

SAME = [
    (nn.Dense(numpy.int64(4), numpy.str_("relu")), nn.Dense(4, "relu")),
    (nn.Dropout(numpy.float32(0.25)), nn.Dropout(0.25)),
    (
        nn.Conv2D(numpy.int32(4), (numpy.int64(3), numpy.int64(2)), use_bias=numpy.bool_(False)),
        nn.Conv2D(4, (3, 2), use_bias=False),
    ),
    (nn.Conv2D(4, numpy.array([3, 2])), nn.Conv2D(4, (3, 2))),
    (nn.adam(numpy.float32(0.5), numpy.float64(0.75)), nn.adam(0.5, 0.75)),
    (nn.sgd(nn.CosineDecay(numpy.float16(0.5), numpy.uint8(10))), nn.sgd(nn.CosineDecay(0.5, 10))),
    (nn.Huber(numpy.array(2.0)), nn.Huber(2.0)),
    (nn.Quantile(numpy.array([0.25, 0.5])), nn.Quantile((0.25, 0.5))),
    (nn.SoftmaxCrossEntropy(label_smoothing=numpy.float32(0.5)), nn.SoftmaxCrossEntropy(label_smoothing=0.5)),
    (nn.normal(numpy.float32(1.0), numpy.longdouble(0.5)), nn.normal(1.0, 0.5)),
    (nn.FilledParts([numpy.float32(0.5), 1.0]), nn.filled_parts(0.5, 1.0)),
    (nn.L2(numpy.float32(0.5)), nn.L2(0.5)),
    (nn.Activity(0.5, numpy.int64(2)), nn.Activity(0.5, 2)),
    (nn.MixUp(numpy.float32(0.5)), nn.MixUp(0.5)),
    (nn.ClipByGlobalNorm(numpy.int64(1)), nn.ClipByGlobalNorm(1)),
    (nn.Accumulate(nn.sgd(1.0), numpy.int64(2)), nn.Accumulate(nn.sgd(1.0), 2)),
]


def types_in(plain: object) -> set[type]:
    if isinstance(plain, dict):
        return set().union(*map(types_in, plain.values()))
    return set().union(*map(types_in, plain)) if isinstance(plain, list) else {type(plain)}


@pytest.mark.parametrize(("given", "plain"), SAME, ids=lambda part: type(part).__name__)
def test_numbers_of_numpy_become_those_of_python(given, plain):
    assert given == plain
    assert hash(given) == hash(plain)
    assert to_plain(given) == to_plain(plain)
    assert types_in(to_plain(given)) <= {bool, int, float, str}


@pytest.mark.parametrize("value", [np.float64("nan"), np.array([[1.0]]), np.datetime64(3, "s"), np.int64(-1)])
def test_what_is_no_number_in_the_range_is_refused_as_ever(value):
    with pytest.raises(ConfigError, match="Dropout: rate is"):
        nn.Dropout(value)


@dataclass(frozen=True)
class Checked(nn.Layer):
    """With a check of its own, which sees plain settings."""

    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        assert type(self.sizes) is tuple
        assert all(type(size) is int for size in self.sizes)


def test_settings_of_own_classes_are_plain_before_they_are_checked():
    assert Checked([np.int64(2), 3]) == Checked((2, 3))  # type: ignore[arg-type]


@pytest.mark.parametrize("base", BASES)
def test_a_class_with_settings_that_is_no_dataclass_is_refused_when_it_is_called(base):
    def remember(self: object, size: int = 3) -> None:
        self.size = size  # type: ignore[attr-defined]

    message = (
        r"^Own{}; write @dataclass\(frozen=True\) above class Own, its settings as fields, .*no __init__"
    )
    own = type("Own", (base,), {"__init__": remember})
    with pytest.raises(ConfigError, match=message.format(" has an __init__ of its own")):
        own()
    own = type("Own", (base,), {"__annotations__": {"size": int}})
    with pytest.raises(ConfigError, match=message.format(": size is not one of its fields")):
        own(3)


class Doubled(nn.Dense):
    """A subclass without settings of its own needs no decorator."""

    kind: ClassVar[str] = "doubled"

    def __call__(self, x):
        return 2.0 * super().__call__(x)


def test_a_subclass_without_settings_needs_no_decorator():
    assert Doubled(3) == Doubled(numpy.int64(3))
    assert Doubled(3) != nn.Dense(3)
    assert copy.deepcopy(Doubled(3)) == Doubled(3)


def test_a_stored_name_is_that_of_a_class_wherever_it_ran():
    theirs = type("Dense", (nn.Dense,), {"__module__": "layers"})
    assert names_class("Dense", nn.Dense)
    assert not names_class("Dense", theirs)
    assert not names_class("layers:Dense", nn.Dense)
    assert names_class("layers:Dense", theirs)
    assert names_class("__main__:make.<locals>.Dense", theirs)
    assert not names_class("layers:Denser", theirs)


SHORT = [
    (nn.Dense(64, "relu"), "Dense(64, activation='relu')"),
    (nn.Dense(64, weight=nn.glorot_normal()), "Dense(64, weight=VarianceScaling(mode='fan_average'))"),
    (nn.zeros, "Filled(0.0)"),
    (nn.adam(0.01), "Chain([ScaleByAdam(), ScaleByLearningRate(0.01)])"),
    (nn.Dropout(0.5), "Dropout(0.5)"),
    (nn.Sequential([]), "Sequential(())"),
    (nn.Sequential([nn.Flatten(), nn.Dense(3)]), "Sequential([Flatten(), Dense(3)])"),
    (
        nn.Sequential([nn.Residual([nn.Dense(4, "relu"), nn.BatchNorm(0.5)]), *[nn.Dense(1, "tanh")] * 2]),
        "Sequential([\n    Residual([Dense(4, activation='relu'), BatchNorm(momentum=0.5)]),\n"
        "    Dense(1, activation='tanh'),\n    Dense(1, activation='tanh'),\n])",
    ),
]


@pytest.mark.parametrize(("part", "text"), SHORT, ids=range(len(SHORT)))
def test_a_part_prints_as_the_call_that_makes_it_without_defaults(part, text):
    assert repr(part) == str(part) == text
    assert eval(text, {**vars(nn)}) == part


def test_a_part_of_ones_own_prints_in_its_own_way():
    @dataclass(frozen=True)
    class Loud(nn.Layer):
        units: int

        def __repr__(self) -> str:
            return "LOUD"

    assert repr(nn.Sequential([Loud(3)])) == "Sequential([LOUD])"
