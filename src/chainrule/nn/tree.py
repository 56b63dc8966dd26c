"""Frozen dataclasses as plain data, for TOML and JSON, and back."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from chainrule.errors import ConfigError, did_you_mean

Plain = Any  # None, bool, int, float, str, or a list or dict of these


def to_plain(item: Any) -> Plain:
    """A tree of frozen dataclasses as dicts and lists; a dataclass becomes {"type": its class, its fields}.

    None is left out, because TOML has none: every field that may be None has that as its default.
    """
    if is_dataclass(item) and not isinstance(item, type):
        values = {each.name: getattr(item, each.name) for each in fields(item)}
        return {"type": type(item).__name__} | {k: to_plain(v) for k, v in values.items() if v is not None}
    if isinstance(item, tuple | list):
        return [to_plain(each) for each in item]
    if isinstance(item, float) and not math.isfinite(item):  # JSON has none, so it goes by its name
        return {"type": "float", "value": str(item)}
    if item is None or isinstance(item, bool | int | float | str):
        return item
    raise ConfigError(f"{item!r} of type {type(item).__name__} can't be written down as plain data")


def from_plain(plain: Plain, kinds: Iterable[type], where: str = "") -> Any:
    """The tree that `to_plain` wrote.

    kinds: the dataclasses that may occur. where: what errors call the place.
    Raises ConfigError for an unknown type or field, naming the nearest, and for what the classes refuse.
    """
    return _from_plain(plain, {kind.__name__: kind for kind in kinds}, where)


def _from_plain(plain: Plain, kinds: Mapping[str, type], where: str) -> Any:
    if isinstance(plain, list):
        return tuple(_from_plain(each, kinds, f"{where}[{i}]") for i, each in enumerate(plain))
    if not isinstance(plain, Mapping):
        return plain
    name = plain.get("type")
    if name == "float":
        return float(plain["value"])
    if not isinstance(name, str) or name not in kinds:
        raise ConfigError(f"{where}: unknown type {name!r}{did_you_mean(str(name), kinds)}")
    kind = kinds[name]
    known = [each.name for each in fields(kind)]
    given = {key: value for key, value in plain.items() if key != "type"}
    for key in given:
        if key not in known:
            raise ConfigError(f"{where}: {name} has no setting '{key}'{did_you_mean(key, known)}")
    values = {key: _from_plain(value, kinds, f"{where}.{key}") for key, value in given.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{where}: {name}: {error}") from None
