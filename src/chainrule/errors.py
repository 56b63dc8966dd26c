"""Every error a user can meet: one line that says what, where, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class ChainruleError(ValueError):
    """A mistake in the input, told in one line.

    what: what is wrong and where (file, column, layer, key), what was found and what was expected.
    remedy: what to do about it.

    `str(error)` is "what; remedy". Every error chainrule raises on purpose is one of these, and all are
    ValueErrors, so that code written for scikit-learn catches them too.
    """

    def __init__(self, what: str, *, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}; {remedy}" if remedy else what)


class ShapeError(ChainruleError):
    """Shapes that do not fit an operation, a layer or a loss."""


class DTypeError(ChainruleError):
    """A dtype that an operation or a layer does not take."""


class DataError(ChainruleError):
    """Data that can't be read or can't be trained on."""


class ConfigError(ChainruleError):
    """A setting that does not exist or is out of range."""


class TrainingError(ChainruleError):
    """Training that can't go on, such as a loss that became NaN."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, ignoring case, or None where none is close."""
    by_folded = {each.casefold().strip(): each for each in known}
    matches = get_close_matches(word.casefold().strip(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ " (did you mean 'age'?)", or nothing where no known word is close."""
    match = nearest(word, known)
    return f" (did you mean '{match}'?)" if match is not None else ""
