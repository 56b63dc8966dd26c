"""Search spaces: the values that a trial may draw for each parameter."""

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chainrule.errors import ConfigError
from chainrule.nn.settings import check_flag, check_number, check_whole, plain_fields

if TYPE_CHECKING:
    import optuna

Value = str | int | float | bool


@dataclass(frozen=True)
class Float:
    """A number from low to high, both included.

    log: uniform in its logarithm, as for learning rates; low must then be above 0. first: the value of the
    first trial, from low to high; None draws it. Raises ConfigError.
    """

    low: float
    high: float
    log: bool = False
    first: float | None = None

    def __post_init__(self) -> None:
        plain_fields(self)
        for name in ("low", "high"):
            check_number(self, name, getattr(self, name))
        _check_range(self)

    def draw(self, trial: "optuna.Trial", name: str) -> float:
        """A value for a trial; the sampler of its study chooses."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)


@dataclass(frozen=True)
class Integer:
    """A whole number from low to high, both included; log and first as in Float. Raises ConfigError."""

    low: int
    high: int
    log: bool = False
    first: int | None = None

    def __post_init__(self) -> None:
        plain_fields(self)
        for name in ("low", "high"):
            check_whole(self, name, getattr(self, name), at_least=-(2**53))
        _check_range(self)

    def draw(self, trial: "optuna.Trial", name: str) -> int:
        """A value for a trial; the sampler of its study chooses."""
        return trial.suggest_int(name, self.low, self.high, log=self.log)


@dataclass(frozen=True)
class Categorical:
    """One of at least two different texts, numbers or booleans; first as in Float. Raises ConfigError."""

    values: tuple[Value, ...]
    first: Value | None = None

    def __post_init__(self) -> None:
        plain_fields(self)
        if not isinstance(self.values, tuple):
            raise ConfigError(
                f"Categorical: values is {self.values!r}", remedy="give a tuple, such as ('a', 'b')"
            )
        for value in self.values:
            if not isinstance(value, Value) or (isinstance(value, float) and not math.isfinite(value)):
                raise ConfigError(
                    f"Categorical: {value!r} is in values", remedy="give texts, numbers or flags"
                )
        if len(set(self.values)) != len(self.values) or len(self.values) < 2:
            raise ConfigError(
                f"Categorical: values is {self.values!r}",
                remedy="give at least two, all different from each other",
            )
        if self.first is not None and self.first not in self.values:
            raise ConfigError(
                f"Categorical: first is {self.first!r}", remedy=f"it must be one of {self.values!r}"
            )

    def draw(self, trial: "optuna.Trial", name: str) -> Value:
        """A value for a trial; the sampler of its study chooses."""
        value = trial.suggest_categorical(name, self.values)
        assert value is not None  # None is no Value
        return value


Parameter = Float | Integer | Categorical
"""The range or the choice of one parameter."""


@dataclass(frozen=True)
class Space:
    """What a study searches: a range or a choice for each parameter, by name.

    parameters: at least one. Raises ConfigError.
    """

    parameters: Mapping[str, Parameter]

    def __post_init__(self) -> None:
        if not self.parameters:
            raise ConfigError("the search space is empty", remedy="leave at least one parameter to search")
        for name, parameter in self.parameters.items():
            if not isinstance(parameter, Parameter):
                raise ConfigError(
                    f"Space: {name} is {parameter!r}",
                    remedy="give Float(low, high), Integer(low, high) or Categorical(values)",
                )
        object.__setattr__(self, "parameters", dict(self.parameters))

    def draw(self, trial: "optuna.Trial") -> dict[str, Value]:
        """A value for every parameter."""
        return {name: parameter.draw(trial, name) for name, parameter in self.parameters.items()}

    def first(self) -> dict[str, Value]:
        """The given values of the first trial, for the parameters that have one."""
        named = {name: parameter.first for name, parameter in self.parameters.items()}
        return {name: value for name, value in named.items() if value is not None}

    def example(self) -> dict[str, Value]:
        """A value for every parameter, without drawing: its first, else its lowest or the first choice."""
        return {
            name: each.values[0] if isinstance(each, Categorical) else each.low
            for name, each in self.parameters.items()
        } | self.first()

    def without(self, names: Collection[str]) -> "Space":
        """The space without some parameters. Raises ConfigError if none is left."""
        return Space({name: each for name, each in self.parameters.items() if name not in names})

    def to_plain(self) -> dict[str, dict[str, Any]]:
        """Plain data for TOML and JSON."""
        return {
            name: {"kind": type(each).__name__}
            | {key: _plain(value) for key, value in asdict(each).items() if value is not None}
            for name, each in self.parameters.items()
        }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _check_range(parameter: Float | Integer) -> None:
    check_flag(parameter, "log", parameter.log)
    kind = type(parameter).__name__
    if parameter.low >= parameter.high:
        raise ConfigError(
            f"{kind}: low is {parameter.low} and high is {parameter.high}", remedy="make low the smaller one"
        )
    if parameter.log and parameter.low <= 0:
        raise ConfigError(f"{kind}: low is {parameter.low}", remedy="with log it must be above 0")
    first = parameter.first
    if first is not None and not parameter.low <= first <= parameter.high:
        raise ConfigError(
            f"{kind}: first is {first}", remedy=f"it must be from {parameter.low} to {parameter.high}"
        )
