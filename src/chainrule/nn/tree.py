"""Frozen dataclasses as plain data, for TOML and JSON, and back."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from chainrule.errors import ConfigError, did_you_mean
from chainrule.nn.part import class_name, is_ours, short_name

Plain = Any  # None, bool, int, float, str, or a list or dict of these

_NONE = {"type": "None"}


def to_plain(item: Any) -> Plain:
    """A tree of frozen dataclasses as dicts and lists; a dataclass becomes {"type": its class, its fields}.

    A class of chainrule is told by its name, any other by 'module:name'. TOML has no None: a field that is
    None as it is by default is left out, any other None is {"type": "None"}.
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
    raise ConfigError(f"{item!r} of type {type(item).__name__} can't be written down as plain data")


def from_plain(plain: Plain, kinds: Iterable[type], where: str = "") -> Any:
    """The tree that `to_plain` wrote.

    kinds: the dataclasses that may occur. where: what errors call the place.
    Raises ConfigError for an unknown type or field, naming the nearest, for a class that is not chainrule's
    and not among the kinds, and for what the classes refuse.
    """
    return _from_plain(plain, _Kinds(tuple(kinds), set(_names_in(plain))), where)


def checked_classes(classes: Any) -> tuple[type, ...]:
    """Classes of one's own, for `from_plain`: ConfigError for what is no tuple of dataclasses."""
    listed = tuple(classes) if isinstance(classes, list | tuple) else (None,)
    if not all(isinstance(each, type) and is_dataclass(each) for each in listed):
        raise ConfigError(
            f"classes is {classes!r}", remedy="give a tuple of the classes themselves, such as (Gated,)"
        )
    return listed  # type: ignore[return-value] (the check above says so)


class _Kinds:
    """The classes that may occur, by what `to_plain` calls them. stored: the names that occur."""

    def __init__(self, kinds: tuple[type, ...], stored: set[str]) -> None:
        self._stored = stored
        self._ours = {kind.__name__: kind for kind in kinds if is_ours(kind)}
        self._own: dict[str, type] = {}
        for kind in kinds:
            if not is_ours(kind) and self._own.setdefault(class_name(kind), kind) is not kind:
                raise ConfigError(
                    f"classes holds two that are called {class_name(kind)}",
                    remedy="give the one that was used",
                )

    def find(self, name: Any, where: str) -> type:
        """The class of this name. One that was moved since, or ran as a script, is known by its last name."""
        if name in self._ours:
            return self._ours[name]
        if name in self._own:
            return self._own[name]
        short = short_name(name)
        alike = [kind for known, kind in self._own.items() if short_name(known) == short]
        if len(alike) == 1 and sum(short_name(each) == short for each in self._stored) == 1:
            return alike[0]
        module, colon, _ = name.partition(":")
        if not colon:
            known = (*self._ours, *map(short_name, self._own))
            raise ConfigError(f"{where}: unknown type {name!r}{did_you_mean(name, known)}")
        raise ConfigError(
            f"{where}: {short} is none of chainrule's classes; it was defined in {module}",
            remedy=f"give {short} in the argument 'classes' of what loads it, such as chainrule.load_run",
        )


def _names_in(plain: Plain) -> Iterator[str]:
    if isinstance(plain, list):
        for each in plain:
            yield from _names_in(each)
    elif isinstance(plain, Mapping):
        yield str(plain.get("type"))
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
    if not isinstance(name, str):
        raise ConfigError(f"{where}: unknown type {name!r}", remedy="it must be the name of a class")
    kind = kinds.find(name, where)
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
