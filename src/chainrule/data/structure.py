"""Names of arrays that keep the structure in which they were given.

A single array given as x is called 'x'. Those of a tuple are 'x.0', 'x.1', …; those of a mapping 'x.left',
'x.right', by their keys; structures may be nested, as in 'x.left.0'. So everything that works with named
arrays works with any structure, which can be restored from the names.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from chainrule.errors import DataError

_Leaf = TypeVar("_Leaf")

Structure = Any
"""A leaf, such as an array; or a tuple or mapping of structures."""


def flattened(name: str, given: Structure) -> dict[str, Any]:
    """The leaves of a structure by name, in its order; {name: given} for a single leaf.

    A tuple of numbers and texts is one leaf, and so is a list. Raises DataError for an empty tuple or
    mapping, and for keys that could not be restored: other than texts, empty, with a point, or only digits.
    """
    if not _is_inner(given):
        return {name: given}
    parts = given.items() if isinstance(given, Mapping) else enumerate(given)
    if isinstance(given, Mapping):
        _check_keys(name, given)
    leaves = {inner: leaf for key, part in parts for inner, leaf in flattened(f"{name}.{key}", part).items()}
    if not leaves:
        raise DataError(f"{name} is an empty {type(given).__name__}", remedy="give at least one array")
    return leaves


def nested(name: str, named: Mapping[str, _Leaf]) -> Structure:
    """The structure with this name, the inverse of `flattened`: a leaf, a tuple or a dict.

    Other names are ignored. If none belongs to it, `named[name]` decides, so a dict raises KeyError.
    """
    if name in named:
        return named[name]
    keys = dict.fromkeys(
        each[len(name) + 1 :].partition(".")[0] for each in named if each.startswith(f"{name}.")
    )
    if not keys:
        return named[name]
    parts = {key: nested(f"{name}.{key}", named) for key in keys}
    if all(key.isdecimal() for key in keys):
        return tuple(parts[str(number)] for number in range(len(parts)))
    return parts


def belonging(name: str, named: Mapping[str, _Leaf]) -> dict[str, _Leaf]:
    """The entries that belong to the structure with this name."""
    return {each: leaf for each, leaf in named.items() if each == name or each.startswith(f"{name}.")}


def _is_inner(given: Structure) -> bool:
    if isinstance(given, tuple):
        return not any(part is None or isinstance(part, int | float | str) for part in given)
    return isinstance(given, Mapping)


def _check_keys(name: str, given: Mapping[Any, Any]) -> None:
    for key in given:
        if not isinstance(key, str) or not key or "." in key or key.isdecimal():
            raise DataError(
                f"{name} has the key {key!r}", remedy="use texts without dots as keys, such as 'left'"
            )
