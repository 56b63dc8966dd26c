"""Sentences on what was found of images, and of what was left out, with paths."""

from collections.abc import Iterable, Sequence

from chainrule.data.wording import counted
from chainrule.errors import DataError

NAMED_PATHS = 3
"""Of what is left out, so many are named."""
_LEFT_OUT = "Left out: "


def left_out(noun: str, what: str, examples: Sequence[str]) -> str:
    """'Left out: 12 images that can't be used: … ; … ; … ; and 9 more.'

    noun: takes an s if there are several. what: which of them, a clause for one and for many. examples: a
    path each, or what is wrong with the file at a path.
    """
    return f"{_LEFT_OUT}{counted(len(examples), noun)} {what}: {few(examples)}."


def few(examples: Sequence[str]) -> str:
    """The first of some, and how many more there are."""
    shown = "; ".join(examples[:NAMED_PATHS])
    more = f"; and {len(examples) - NAMED_PATHS:,} more" if len(examples) > NAMED_PATHS else ""
    return f"{shown}{more}"


def of_left_out(findings: Iterable[str]) -> tuple[str, ...]:
    """Those of the findings that say what was left out."""
    return tuple(finding for finding in findings if finding.startswith(_LEFT_OUT))


def none_left(what: str, findings: Iterable[str], remedy: str) -> DataError:
    """An error that says what was left out, until nothing remained."""
    told = "; ".join(finding.removeprefix(_LEFT_OUT).rstrip(".") for finding in of_left_out(findings))
    return DataError(f"{what} (left out: {told})" if told else what, remedy=remedy)
