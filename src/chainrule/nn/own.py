"""Classes of the user in a recipe: refused unless their fields describe them completely."""

import functools
from collections.abc import Iterator
from dataclasses import Field, fields, is_dataclass
from typing import Any

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.part import class_name, how_to_write, is_ours
from chainrule.nn.results import described

_NUMBERS = {bool, int, float, str, type(None)}


def check_own_parts(tree: Any) -> None:
    """Raises ConfigError for a class of the user that could not be compared, stored and loaded.

    Every dataclass in the tree that is not chainrule's must be frozen, compare all its fields, hold nothing
    but numbers, texts, tuples and such dataclasses, and have no data outside of its fields. The error names
    the class and says what to write.
    """
    known: dict[str, type] = {}
    for item in _own_parts(tree):
        kind = type(item)
        if known.setdefault(class_name(kind), kind) is not kind:
            raise ConfigError(
                f"two classes are both called {kind.__qualname__}, in {kind.__module__}, so that a stored "
                "recipe could not tell them apart",
                remedy="give each a name of its own",
            )
        _check_part(item)


def _own_parts(item: Any) -> Iterator[Any]:
    if isinstance(item, tuple | list):
        if not _NUMBERS.issuperset(
            map(type, item)
        ):  # breaks of a table's columns may be thousands of numbers
            for each in item:
                yield from _own_parts(each)
    elif is_dataclass(item) and not isinstance(item, type):
        if not is_ours(type(item)):
            yield item
        for each in fields(item):
            yield from _own_parts(getattr(item, each.name, None))


def _check_part(item: Any) -> None:
    kind = type(item)
    if not kind.__dataclass_params__.frozen:
        raise ConfigError(f"{kind.__name__} is not frozen", remedy=how_to_write(kind))
    for each in fields(item):
        if not each.compare:
            raise ConfigError(
                f"{kind.__name__}: '{each.name}' is not compared, so that two which differ count as one",
                remedy="let dataclass compare it",
            )
        if each.init:
            _check_value(item, each, getattr(item, each.name))
    try:
        again = kind(**{each.name: getattr(item, each.name) for each in fields(item) if each.init})
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{kind.__name__} can't be made again from its fields ({error})", remedy=how_to_write(kind)
        ) from None
    held, made = _held(item), _held(again)
    for name in sorted({*held, *made}):
        if not _same(held.get(name), made.get(name)):
            raise ConfigError(
                f"{kind.__name__}: its '{name}' does not follow from its fields", remedy=how_to_write(kind)
            )


def _check_value(item: Any, each: Field[Any], value: Any) -> None:
    if isinstance(value, tuple):
        for inner in value:
            _check_value(item, each, inner)
        return
    if value is None or isinstance(value, bool | int | float | str):
        return
    if is_dataclass(value) and not isinstance(value, type):
        return
    remedy = "make it a number, a text, a tuple of them, or a frozen dataclass"
    if isinstance(value, np.ndarray):
        remedy = "make it a tuple of numbers, array.tolist(), and an array in the method that needs one"
    elif callable(value):
        remedy = "name it by a text that the method looks up, or make it a frozen dataclass with __call__"
    elif isinstance(value, list):
        remedy = "make it a tuple"
    raise ConfigError(
        f"{type(item).__name__}: '{each.name}' holds {described(value)}, which a recipe can't store",
        remedy=remedy,
    )


def _held(item: Any) -> dict[str, Any]:
    """The attributes of an instance, without those that cached properties stored."""
    kind = type(item)
    cached = functools.cached_property
    return {n: v for n, v in vars(item).items() if not isinstance(getattr(kind, n, None), cached)}


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return one is other or bool(one == other)
