"""Part, the base of layers, losses, optimizers and recipes: a frozen dataclass that is its fields."""

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from textwrap import indent
from types import FunctionType
from typing import Any, Self

from chainrule.calls import refuse_settings
from chainrule.errors import ConfigError
from chainrule.nn.results import described
from chainrule.nn.settings import plain_fields
from chainrule.program import functions

OURS = "chainrule"
_LINE = 88


class Part:
    """Base of the classes that a recipe is made of.

    A part is defined by its fields, so it can be compared, stored and loaded. In its settings, numbers of
    NumPy become those of Python, and lists and arrays of one axis become tuples. Calling a subclass that has
    settings but is no dataclass raises ConfigError.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__repr__" not in cls.__dict__:  # before the dataclass gives it one that tells every default
            cls.__repr__ = Part.__repr__
        if "__post_init__" in cls.__dict__:
            cls.__post_init__ = _after_plain_fields(cls.__post_init__)  # type: ignore[method-assign]

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Raises ConfigError for unknown settings, and for a class with settings that is no dataclass."""
        if "__dataclass_fields__" not in cls.__dict__:
            _check_adds_nothing(cls)
        known = getattr(cls, "__dataclass_fields__", {})
        if len(args) > len(known) or not options.keys() <= known.keys():
            refuse_settings(cls.__name__, cls.__init__, (None, *args), options)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        plain_fields(self)

    def __repr__(self) -> str:
        """The call that makes it, without default settings; on several lines if it is long."""
        arguments: list[tuple[str, str | list[str]]] = []
        for each in fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            if each.repr and not _is_default(each, value):
                needed = each.default is MISSING and each.default_factory is MISSING and not each.kw_only
                several = isinstance(value, tuple) and value and all(isinstance(v, Part) for v in value)
                text = [repr(v) for v in value] if several else repr(value)
                arguments.append(("" if needed else f"{each.name}=", text))
        line = ", ".join(n + (t if isinstance(t, str) else f"[{', '.join(t)}]") for n, t in arguments)
        if len(line) > _LINE or "\n" in line:
            line = ", ".join(n + (t if isinstance(t, str) else _below_each_other(t)) for n, t in arguments)
        return f"{type(self).__name__}({line})"


def _is_default(setting: Field[Any], value: Any) -> bool:
    default = setting.default if setting.default_factory is MISSING else setting.default_factory()
    return type(value) is type(default) and bool(value == default)


def _below_each_other(texts: list[str]) -> str:
    lines = indent("".join(f"{text},\n" for text in texts), "    ")
    return f"[\n{lines}]"


def is_ours(kind: type | FunctionType) -> bool:
    """Whether a class is chainrule's own."""
    return kind.__module__.partition(".")[0] == OURS


def class_name(kind: type | FunctionType) -> str:
    """The name of a class in a stored tree: 'Dense' for ours, 'my_layers:Dense' for any other."""
    return kind.__name__ if is_ours(kind) else f"{kind.__module__}:{kind.__qualname__}"


def function_name(function: Any) -> str:
    """The name of a function in a stored tree: 'sin' for one of program.functions, else 'my_layers:gate'.

    Raises ConfigError for one that can't be found by its module and name: a lambda, a function defined within
    another, a method of an instance, and any other callable.
    """
    if not isinstance(function, FunctionType):
        what = f"{described(function)} is no plain function"
    elif function.__name__ == "<lambda>":
        what = "a lambda has no name"
    elif "<locals>" in function.__qualname__:
        what = f"{described(function)} is defined within another, and may keep what it found there"
    else:
        name = function.__name__
        ours = name in functions.__all__ and getattr(functions, name) is function
        return name if ours else f"{function.__module__}:{function.__qualname__}"
    raise ConfigError(
        f"{what}, so that a stored run could not find it again",
        remedy="write it with def at the top of a module, or as a layer, a frozen dataclass with __call__",
    )


def short_name(name: str) -> str:
    """The class's own name within its `class_name`: 'my_layers:make.<locals>.Gated' -> 'Gated'."""
    return name.rpartition(":")[2].rpartition(".")[2]


def names_class(name: str, kind: type) -> bool:
    """Whether a stored name means a class, whose module may have another name since (moved, or a script)."""
    if is_ours(kind) or ":" not in name:
        return name == class_name(kind)
    return short_name(name) == kind.__name__


def how_to_write(kind: type) -> str:
    """The remedy for a class that is not a frozen dataclass."""
    return (
        f"write @dataclass(frozen=True) above class {kind.__name__}, its settings as fields, "
        "such as 'units: int', and no __init__"
    )


def _after_plain_fields(check: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(check)
    def checked(self: Any) -> None:
        plain_fields(self)
        check(self)

    return checked


def _check_adds_nothing(kind: type) -> None:
    """Raises ConfigError for a subclass that adds settings but is no dataclass, which would ignore them."""
    settings = [name for name, each in inspect.get_annotations(kind).items() if "ClassVar" not in str(each)]
    if "__init__" in kind.__dict__:
        raise ConfigError(f"{kind.__name__} has an __init__ of its own", remedy=how_to_write(kind))
    if settings:
        raise ConfigError(
            f"{kind.__name__}: {settings[0]} is not one of its fields", remedy=how_to_write(kind)
        )


def snake_case(name: str) -> str:
    """'LayerNorm' -> 'layer_norm', 'Conv2D' -> 'conv2d'."""
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", name).lower()
