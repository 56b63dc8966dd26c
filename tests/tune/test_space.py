"""Search spaces: what they draw, what the first trial takes, and what they refuse."""

import json
from typing import Any

import numpy as np
import optuna
import pytest

from chainrule.errors import ConfigError
from chainrule.tune import Categorical, Float, Integer, Space

SPACE = Space(
    {
        "rate": Float(1e-4, 1.0, log=True, first=0.01),
        "share": Float(0.0, 0.5),
        "units": Integer(1, 64, log=True, first=8),
        "depth": Integer(-1, 3),
        "kind": Categorical(("a", "b", 3), first=3),
    }
)


def draws(space: Space, count: int) -> list[dict[str, Any]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [space.draw(study.ask()) for _ in range(count)]


def test_every_draw_is_in_range_and_of_its_kind() -> None:
    for values in draws(SPACE, 100):
        assert list(values) == list(SPACE.parameters)
        rate, share, units, depth, kind = values.values()
        assert isinstance(rate, float)
        assert 1e-4 <= rate <= 1.0
        assert isinstance(share, float)
        assert 0.0 <= share <= 0.5
        assert isinstance(units, int)
        assert 1 <= units <= 64
        assert depth in (-1, 0, 1, 2, 3)
        assert kind in ("a", "b", 3)


def test_log_draws_evenly_by_the_logarithm() -> None:
    rates = [values["rate"] for values in draws(SPACE, 400)]
    below = sum(rate < 0.01 for rate in rates)  # the middle of 1e-4 … 1 by the logarithm
    assert 150 < below < 250


def test_first_values_and_smaller_spaces() -> None:
    assert SPACE.first() == {"rate": 0.01, "units": 8, "kind": 3}
    assert list(SPACE.without(["rate", "kind"]).parameters) == ["share", "units", "depth"]
    with pytest.raises(ConfigError, match="search space is empty"):
        SPACE.without(list(SPACE.parameters))


def test_a_space_is_plain_data() -> None:
    plain = SPACE.to_plain()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["rate"] == {"kind": "Float", "low": 1e-4, "high": 1.0, "log": True, "first": 0.01}
    assert plain["kind"] == {"kind": "Categorical", "values": ["a", "b", 3], "first": 3}
    assert "first" not in plain["share"]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Float(1, 1), "low is 1 and high is 1"),
        (lambda: Float(0, 1, log=True), "with log it must be above 0"),
        (lambda: Float(float("nan"), 1), "Float: low is nan"),
        (lambda: Float(0, 1, first=2), "first is 2; it must be from 0 to 1"),
        (lambda: Integer(1.5, 2), "Integer: low is 1.5"),  # pyright: ignore[reportArgumentType]
        (lambda: Integer(3, 2), "make low the smaller one"),
        (lambda: Categorical(("a",)), "at least two"),
        (lambda: Categorical(("a", "a")), "different"),
        (lambda: Categorical("ab"), "give a tuple"),  # pyright: ignore[reportArgumentType]
        (lambda: Categorical(("a", ["b"])), "texts, numbers or flags"),  # pyright: ignore[reportArgumentType]
        (lambda: Categorical(("a", "b"), first="c"), "first is 'c'"),
        (lambda: Space({}), "empty"),
        (lambda: Space({"rate": 0.1}), "rate is 0.1"),  # pyright: ignore[reportArgumentType]
    ],
)
def test_what_is_refused(make, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        make()


def test_numbers_of_numpy_are_bounds_and_choices() -> None:
    numpy: Any = np  # whose numbers are no int and no float to a type checker
    given = Space(
        {
            "rate": Float(numpy.float32(0.25), 1.0, log=numpy.bool_(True), first=numpy.float32(0.5)),
            "units": Integer(numpy.int64(1), numpy.uint8(64)),
            "kind": Categorical(numpy.arange(2)),
        }
    )
    plain = Space(
        {"rate": Float(0.25, 1.0, log=True, first=0.5), "units": Integer(1, 64), "kind": Categorical((0, 1))}
    )
    assert given == plain
    assert json.dumps(given.to_plain()) == json.dumps(plain.to_plain())
