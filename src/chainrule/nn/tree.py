"""Frozen dataclasses as plain data, for TOML and JSON, and back."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import FunctionType
from typing import Any

from chainrule.errors import ConfigError, did_you_mean
from chainrule.nn.part import class_name, function_name, is_ours, short_name
from chainrule.program import functions

Plain = Any  # None, bool, int, float, str, or a list or dict of these

_NONE = {"type": "None"}
_FUNCTION = "function"


def to_plain(item: Any) -> Plain:
    """A tree of frozen dataclasses as dicts and lists; a dataclass becomes {"type": its class, its fields}.

    A class of chainrule is written as its name, any other as 'module:name'; a function as
    {"type": "function", "value": its name}. TOML has no None: a field that is None by default is left out,
    any other None is {"type": "None"}.
    """
    if is_dataclass(item) and not isinstance(item, type):
        plain = {"type": class_name(type(item))}
        for each in fields(item):
            value = getattr(item, each.name)
            if each.init and not (value is None and each.default is None):
                plain[each.name] = to_plain(value)
        return plain
    if isinstance(item, tuple | list):
        return [to_plain(each) for each in item]
    if item is None:
        return dict(_NONE)
    if isinstance(item, float) and not math.isfinite(item):  # JSON has none, so it goes by its name
        return {"type": "float", "value": str(item)}
    if isinstance(item, bool | int | float | str):
        return item
    if callable(item) and not isinstance(item, type):
        return {"type": _FUNCTION, "value": function_name(item)}
    raise ConfigError(f"{item!r} of type {type(item).__name__} can't be written down as plain data")


def from_plain(plain: Plain, kinds: Iterable[type | FunctionType], where: str = "") -> Any:
    """The tree that `to_plain` wrote.

    kinds: the dataclasses and functions of the user that may occur. where: the place of `plain`, for errors.
    Raises ConfigError for an unknown type or field, suggesting the nearest name; for a class or function that
    is neither chainrule's nor among `kinds`; and for settings that a class refuses.
    """
    return _from_plain(plain, _Kinds(tuple(kinds), set(_names_in(plain))), where)


def checked_classes(classes: Any) -> tuple[type | FunctionType, ...]:
    """The `kinds` of `from_plain`; raises ConfigError unless it is a tuple of dataclasses and functions."""
    listed = tuple(classes) if isinstance(classes, list | tuple) else (None,)
    for each in listed:
        if not isinstance(each, FunctionType) and not (isinstance(each, type) and is_dataclass(each)):
            raise ConfigError(
                f"classes is {classes!r}",
                remedy="give a tuple of the classes and functions themselves, such as (Gated,)",
            )
    return listed  # type: ignore[return-value] (the check above says so)


class _Kinds:
    """Classes and functions that may occur, by their names in `to_plain`. stored: the names that occur."""

    def __init__(self, kinds: tuple[type | FunctionType, ...], stored: set[str]) -> None:
        self._stored = stored
        self._ours = {kind.__name__: kind for kind in kinds if is_ours(kind)}
        self._own: dict[str, type | FunctionType] = {}
        for kind in kinds:
            if not is_ours(kind) and self._own.setdefault(class_name(kind), kind) is not kind:
                raise ConfigError(
                    f"classes holds two that are called {class_name(kind)}",
                    remedy="give the one that was used",
                )

    def class_of(self, name: str, where: str) -> type:
        """The class of this name; raises ConfigError if there is none."""
        found: Any = self._ours.get(name) or self._own_of(name, type)
        if found is None:
            raise self._unknown(name, where, "classes", self._ours)
        return found

    def function_of(self, name: Any, where: str) -> Any:
        """The function of this name; raises ConfigError if there is none."""
        ours = {each: getattr(functions, each) for each in functions.__all__}
        found = ours.get(name) or self._own_of(str(name), FunctionType)
        if found is None:
            raise self._unknown(str(name), where, "functions", ours)
        return found

    def _own_of(self, name: str, kind: type) -> Any:
        """A class or function of the user, by its last name if its module has another name since."""
        own = {known: each for known, each in self._own.items() if isinstance(each, kind)}
        if name in own:
            return own[name]
        short = short_name(name)
        alike = [each for known, each in own.items() if short_name(known) == short]
        if len(alike) == 1 and sum(short_name(each) == short for each in self._stored) == 1:
            return alike[0]
        return None

    def _unknown(self, name: str, where: str, what: str, ours: Iterable[str]) -> ConfigError:
        module, colon, _ = name.partition(":")
        if not colon:
            known = (*ours, *map(short_name, self._own))
            kind = "type" if what == "classes" else "function"
            return ConfigError(f"{where}: unknown {kind} {name!r}{did_you_mean(name, known)}")
        short = short_name(name)
        return ConfigError(
            f"{where}: {short} is none of chainrule's {what}; it was defined in {module}",
            remedy=f"give {short} in the argument 'classes' of what loads it, such as chainrule.load_run",
        )


def _names_in(plain: Plain) -> Iterator[str]:
    if isinstance(plain, list):
        for each in plain:
            yield from _names_in(each)
    elif isinstance(plain, Mapping):
        yield str(plain.get("value") if plain.get("type") == _FUNCTION else plain.get("type"))
        for each in plain.values():
            yield from _names_in(each)


def _from_plain(plain: Plain, kinds: _Kinds, where: str) -> Any:
    if isinstance(plain, list):
        return tuple(_from_plain(each, kinds, f"{where}[{i}]") for i, each in enumerate(plain))
    if not isinstance(plain, Mapping):
        return plain
    if plain == _NONE:
        return None
    name = plain.get("type")
    if name == "float":
        return float(plain["value"])
    if name == _FUNCTION:
        return kinds.function_of(plain.get("value"), where)
    if not isinstance(name, str):
        raise ConfigError(f"{where}: unknown type {name!r}", remedy="it must be the name of a class")
    kind = kinds.class_of(name, where)
    name = kind.__name__
    known = [each.name for each in fields(kind) if each.init]
    given = {key: value for key, value in plain.items() if key != "type"}
    for key in given:
        if key not in known:
            raise ConfigError(f"{where}: {name} has no setting '{key}'{did_you_mean(key, known)}")
    values = {key: _from_plain(value, kinds, f"{where}.{key}") for key, value in given.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{where}: {name}: {error}") from None
