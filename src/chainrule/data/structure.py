"""The structure in which arrays are given, kept in their names.

One array given as x is called 'x'. Those of a tuple are 'x.0', 'x.1', …; those of a mapping 'x.left',
'x.right', by their keys; structures may hold structures, 'x.left.0'. So everything that works with named
arrays works with any structure, and the names give it back.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from chainrule.errors import DataError

_Leaf = TypeVar("_Leaf")

Structure = Any
"""A leaf, such as an array; or a tuple or mapping of structures."""


def flattened(name: str, given: Structure) -> dict[str, Any]:
    """The leaves of a structure by name, in its order; {name: given} of what is one leaf.

    A tuple of numbers and texts is one leaf, as a list is. Raises DataError for a tuple or mapping that is
    empty, and for keys that would not come back: other than texts, empty, with a point in them, or of digits
    alone.
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
    """The structure whose `flattened` names these are, others left out: a leaf, a tuple or a dict of them.

    Where no name is one of it, `named` is asked for the name itself, so that a dict raises KeyError.
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
    """Those of these names that are of the structure of this name."""
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
