"""Checks of the settings of layers, losses and optimizers; the errors name owner, field and range."""

import math
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, did_you_mean

_PLAIN = frozenset({bool, int, float, str, type(None)})


def plain_fields(item: Any) -> None:
    """Convert the fields of a frozen dataclass by `plain_setting`, in place."""
    given = vars(item)
    for each in fields(item):
        value = given.get(each.name)
        if type(value) not in _PLAIN:
            object.__setattr__(item, each.name, plain_setting(value))


def plain_setting(value: Any) -> Any:
    """Numbers and texts of NumPy as those of Python; lists, and arrays of one axis, as tuples.

    Other values are unchanged. So equal settings are equal and stored alike, wherever they come from.
    """
    if isinstance(value, np.ndarray) and value.ndim < 2 and value.dtype.kind in "biufU":
        return plain_setting(value.tolist())
    if isinstance(value, np.floating):
        return float(value)
    if isinstance(value, np.bool_ | np.integer | np.str_):
        return value.item()
    if type(value) not in (list, tuple):
        return value
    return tuple(value) if _PLAIN.issuperset(map(type, value)) else tuple([plain_setting(v) for v in value])


def check_number(
    owner: object,
    name: str,
    value: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> None:
    """Accept a finite number in the range; None means no bound.

    owner: the object that the field belongs to, or its name.
    Raises ConfigError such as "Momentum: momentum is 1.5; it must be at least 0 and below 1".
    """
    value = plain_setting(value)
    bounds = (("above", above), ("at least", at_least), ("below", below), ("at most", at_most))
    wanted = " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -math.inf < value < math.inf:
        raise _refused(owner, name, value, f"a finite number {wanted}".rstrip())
    fits = (
        (above is None or value > above)
        and (at_least is None or value >= at_least)
        and (below is None or value < below)
        and (at_most is None or value <= at_most)
    )
    if not fits:
        raise _refused(owner, name, value, wanted)


def check_whole(owner: object, name: str, value: object, *, at_least: int = 1) -> None:
    """Accept a whole number of at least this size; raises ConfigError."""
    value = plain_setting(value)
    if not _is_whole(value, at_least):
        raise _refused(owner, name, value, f"a whole number, at least {at_least}")


def check_flag(owner: object, name: str, value: object) -> None:
    """Accept True or False; raises ConfigError."""
    if not isinstance(plain_setting(value), bool):
        raise _refused(owner, name, value, "True or False")


def checked_lengths(owner: object, name: str, value: Any, axes: int) -> int | tuple[int, ...]:
    """A whole number of at least 1 for all axes, or one for each; a list becomes a tuple.

    Raises ConfigError.
    """
    listed = tuple(value) if isinstance(value, list | tuple) else (value,) * axes
    if len(listed) != axes or not all(_is_whole(each, 1) for each in listed):
        each_axis = "" if axes == 1 else f", or {axes} of them, one for each axis"
        raise _refused(owner, name, value, f"a whole number, at least 1{each_axis}")
    return listed if isinstance(value, list | tuple) else listed[0]


def checked_padding(owner: object, value: Any, axes: int) -> str | tuple[tuple[int, int], ...]:
    """'valid', 'same', or (before, after) for each axis, at least 0; lists become tuples.

    Raises ConfigError.
    """
    if isinstance(value, str) and value in ("valid", "same"):
        return value
    listed = value if isinstance(value, list | tuple) else ()
    pairs: tuple[Any, ...] = tuple([tuple(pair) if isinstance(pair, list | tuple) else () for pair in listed])
    if len(pairs) != axes or not all(len(pair) == 2 and all(_is_whole(n, 0) for n in pair) for pair in pairs):
        example = ((1, 1),) * axes
        raise _refused(
            owner, "padding", value, f"'valid', 'same', or (before, after) for each axis, {example}"
        )
    return pairs


def check_text(owner: object, name: str, value: object) -> None:
    """Accept a text that is not empty; raises ConfigError."""
    if not isinstance(value, str) or not value:
        raise _refused(owner, name, value, "a text that is not empty")


def check_choice(owner: object, name: str, value: object, choices: Iterable[str]) -> None:
    """Accept one of the choices; raises ConfigError that suggests the nearest."""
    listed = tuple(choices)
    if isinstance(value, str) and value in listed:
        return
    raise ConfigError(
        f"{owner_name(owner)}: {name} is {value!r}{did_you_mean(str(value), listed)}",
        remedy=f"it must be one of {', '.join(listed)}",
    )


def owner_name(owner: object) -> str:
    """The name of a field's owner in errors."""
    return owner if isinstance(owner, str) else type(owner).__name__


def _is_whole(value: object, at_least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= at_least


def _refused(owner: object, name: str, value: object, wanted: str) -> ConfigError:
    return ConfigError(f"{owner_name(owner)}: {name} is {value!r}", remedy=f"it must be {wanted}")
