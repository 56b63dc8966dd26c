"""Errors in the words of the estimators, whose settings have scikit-learn's names."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chainrule.errors import ChainruleError, in_python

_NAMES = {
    "learning_rate": "learning_rate_init",
    "epochs": "max_iter",
    "patience": "n_iter_no_change",
    "validation": "validation_fraction",
}


def in_estimators(name: str, value: Any) -> str:
    """A setting as the estimators' arguments have it, such as max_iter=50."""
    if name == "clip":
        return f"solver={in_python(name, value)}"
    return in_python(_NAMES.get(name, name), value)


@contextmanager
def words_of_estimators() -> Iterator[None]:
    """Errors that pass through here speak of the estimators' arguments."""
    try:
        yield
    except ChainruleError as error:
        error.door = in_estimators
        raise
