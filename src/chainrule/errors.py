"""Every error and warning a user can meet: one line that says what, where, and what to do."""

import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Self

Door = Callable[[str, Any], str]
"""How a door writes a setting of this name with this value: Python, the command line, the estimators."""


def in_python(name: str, value: Any) -> str:
    """A setting as a call in Python has it, such as epochs=50; '…' stands for a value that is not known."""
    if name == "clip":  # the one that is no keyword argument, but a link of the optimizer
        return f"nn.chain(nn.ClipByGlobalNorm({_value(value)}), …)"
    return f"{name}={_value(value)}"


def _value(value: Any) -> str:
    return "…" if value is ... else repr(value)


def told(what: str, remedy: str, settings: Mapping[str, Any], door: Door) -> str:
    """ "what; remedy", with every {setting} in it as the door writes it."""
    line = f"{what}; {remedy}" if remedy else what
    for name, value in settings.items():
        line = line.replace(f"{{{name}}}", door(name, value))
    return line


class ChainruleError(ValueError):
    """A mistake in the input, told in one line.

    what: what is wrong and where (file, column, layer, key), what was found and what was expected.
    remedy: what to do about it.
    settings: those that the remedy (or what) speaks of, where it has their names in braces: "train longer
    ({epochs})" with {"epochs": 50}. A value that is not known is `...`.
    door: how settings are written, so that nobody is told of options in Python, or of keyword arguments at
    the command line; each door sets its own.

    `str(error)` is "what; remedy". Every error chainrule raises on purpose is one of these, and all are
    ValueErrors, so that code written for scikit-learn catches them too.
    """

    door: Door = staticmethod(in_python)

    def __init__(self, what: str, *, remedy: str = "", settings: Mapping[str, Any] | None = None) -> None:
        self.what = what
        self.remedy = remedy
        self.settings = dict(settings or {})
        super().__init__(told(what, remedy, self.settings, in_python))

    def __str__(self) -> str:
        return told(self.what, self.remedy, self.settings, self.door)

    def at(self, place: str) -> Self:
        """The same error with a place, such as a layer or a file, in front of what it says."""
        return type(self)(f"{place}: {self.what}", remedy=self.remedy, settings=self.settings)


class ChainruleWarning(UserWarning):
    """What is accepted and yet hardly meant, told in one line; its parts are those of ChainruleError."""

    door: Door = staticmethod(in_python)

    def __init__(self, what: str, *, remedy: str = "", settings: Mapping[str, Any] | None = None) -> None:
        self.what = what
        self.remedy = remedy
        self.settings = dict(settings or {})
        super().__init__(told(what, remedy, self.settings, in_python))

    def __str__(self) -> str:
        return told(self.what, self.remedy, self.settings, self.door)


def warn(warning: ChainruleWarning) -> None:
    """Give a warning, as one of the line outside of chainrule that called it."""
    level, frame = 2, sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "chainrule":
        level, frame = level + 1, frame.f_back
    warnings.warn(warning, stacklevel=level)


class ShapeError(ChainruleError):
    """Shapes that do not fit an operation, a layer or a loss."""


class DTypeError(ChainruleError):
    """A dtype that an operation or a layer does not take."""


class DataError(ChainruleError):
    """Data that can't be read or can't be trained on."""


class ConfigError(ChainruleError):
    """A setting that does not exist or is out of range."""


class TrainingError(ChainruleError):
    """Training that can't go on, such as a loss that became NaN.

    step, epoch: where, counted from 1; 0 where no step is to blame. layer: the layer to blame, '' where that
    is not known. value: the name of the value in the program that stopped being finite first.
    run: the `Run` so far: its history, and the best weights, or else those of the last step at which all were
    finite. None where there is none.
    """

    def __init__(
        self,
        what: str,
        *,
        remedy: str = "",
        settings: Mapping[str, Any] | None = None,
        step: int = 0,
        epoch: int = 0,
        layer: str = "",
        value: str = "",
    ) -> None:
        super().__init__(what, remedy=remedy, settings=settings)
        self.step, self.epoch, self.layer, self.value = step, epoch, layer, value
        self.run: Any = None

    @property
    def history(self) -> list[dict[str, Any]]:
        """The records of the epochs that were finished."""
        return self.run.history if self.run is not None else []


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, ignoring case, or None where none is close."""
    by_folded = {each.casefold().strip(): each for each in known}
    matches = get_close_matches(word.casefold().strip(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ " (did you mean 'age'?)", or nothing where no known word is close."""
    match = nearest(word, known)
    return f" (did you mean '{match}'?)" if match is not None else ""
