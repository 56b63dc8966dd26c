"""Part: what every layer, loss, optimizer and recipe is, a frozen dataclass that its fields tell whole."""

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
    """Root of the classes that a recipe is made of.

    A part is nothing but its fields, so that it can be compared, stored and read again. Of its settings,
    NumPy's numbers become Python's, lists and arrays of one axis become tuples. A class that has settings but
    is no dataclass is refused as soon as it is called.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__repr__" not in cls.__dict__:  # before the dataclass gives it one that tells every default
            cls.__repr__ = Part.__repr__
        if "__post_init__" in cls.__dict__:
            cls.__post_init__ = _after_plain_fields(cls.__post_init__)  # type: ignore[method-assign]

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Refuse a class that has settings but is no dataclass, and settings that it does not have.

        ConfigError says what to write.
        """
        if "__dataclass_fields__" not in cls.__dict__:
            _check_adds_nothing(cls)
        known = getattr(cls, "__dataclass_fields__", {})
        if len(args) > len(known) or not options.keys() <= known.keys():
            refuse_settings(cls.__name__, cls.__init__, (None, *args), options)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        plain_fields(self)

    def __repr__(self) -> str:
        """The call that makes it, without what is as by default; parts below each other where it is long."""
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
    """What a stored tree calls a class: ours 'Dense', any other by its module, 'my_layers:Dense'."""
    return kind.__name__ if is_ours(kind) else f"{kind.__module__}:{kind.__qualname__}"


def function_name(function: Any) -> str:
    """What a stored tree calls a function: one of program.functions 'sin', any other 'my_layers:gate'.

    Raises ConfigError for one that its module and name don't tell: a lambda, a function defined within
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
    """Of what `class_name` gave, what stands behind 'class': 'my_layers:make.<locals>.Gated' -> 'Gated'."""
    return name.rpartition(":")[2].rpartition(".")[2]


def names_class(name: str, kind: type) -> bool:
    """Whether a stored name is that of a class, which may have moved since, or may have run as a script."""
    if is_ours(kind) or ":" not in name:
        return name == class_name(kind)
    return short_name(name) == kind.__name__


def how_to_write(kind: type) -> str:
    """The remedy for a class that is not what its fields say."""
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
    """A subclass that is no dataclass may define methods; settings it would forget."""
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
