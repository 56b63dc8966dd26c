"""Findings: what was found wrong with a training, before it or while it ran, and what repairs did."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from chainrule.data.plain_json import plain
from chainrule.errors import ConfigError, DataError

SEVERITIES = ("note", "problem")
"""'problem': this training will end clearly worse than it need. 'note': worth knowing."""
_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class Trial:
    """A repair that was tried on a fork of the training, beside the unchanged run on the same batches.

    repair: as a person reads it, such as 'learning rate 0.003 in place of 0.3'. cause: the name of the cause
    that it is meant for. steps: of both. before, after: the held-out loss of the unchanged run, and of the
    repaired one, after them. error: the standard error of their difference, paired by example. helped:
    whether the repaired one is better beyond doubt, by an amount that matters.
    """

    repair: str
    cause: str
    steps: int
    before: float
    after: float
    error: float
    helped: bool

    def to_plain(self) -> dict[str, Any]:
        """Plain data for JSON; a number that is not finite is None."""
        return _to_plain(self)

    @staticmethod
    def from_plain(given: Any) -> "Trial":
        """What `to_plain` gave; DataError for what is none."""
        return _from_plain(Trial, given, lambda name, value: value)


@dataclass(frozen=True)
class Finding:
    """One thing that was found, with its evidence.

    symptom: the name of what found it, a check before training or a symptom while it ran. severity: of
    SEVERITIES. said: one or two sentences for a person, with numbers, and layer and step where they belong.
    remedy: what to do about it. layer: path of the layer, '' where it is about the whole. step: steps done
    when it was found; None before training. causes: names of causes, the likeliest first. evidence: plain
    data, such as numbers and short series. trials: repairs that were tried. action: what was done, if
    anything.
    Raises ConfigError for another severity.
    """

    symptom: str
    severity: str
    said: str
    remedy: str = ""
    layer: str = ""
    step: int | None = None
    causes: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    action: str = ""

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ConfigError(
                f"Finding: severity is {self.severity!r}", remedy=f"it must be one of {', '.join(SEVERITIES)}"
            )

    def __str__(self) -> str:
        what = self.said if not self.remedy else f"{self.said.removesuffix('.')}; {self.remedy}"
        return f"{self.severity}: {what}"

    def to_plain(self) -> dict[str, Any]:
        """Plain data for JSON; a number that is not finite is None."""
        return _to_plain(self)

    @staticmethod
    def from_plain(given: Any) -> "Finding":
        """What `to_plain` gave; DataError for what is none."""
        return _from_plain(Finding, given, _of_finding)


def _of_finding(name: str, value: Any) -> Any:
    if name == "trials":
        return tuple(Trial.from_plain(each) for each in value)
    return tuple(value) if name == "causes" else value


def _to_plain(record: Any) -> dict[str, Any]:
    given = {each.name: getattr(record, each.name) for each in fields(record)}
    if "trials" in given:
        given["trials"] = [trial.to_plain() for trial in given["trials"]]
    return plain(given)


def _from_plain(kind: type[_Kind], given: Any, read: Any) -> _Kind:
    known = {each.name: each.type for each in fields(kind)}  # type: ignore[arg-type] (it is a dataclass)
    try:
        values = {name: read(name, value) for name, value in given.items()}
        for name, value in values.items():
            if value is None and known[name] is float:
                values[name] = float("nan")
        return kind(**values)
    except (AttributeError, KeyError, TypeError, ConfigError) as error:
        raise DataError(
            f"a {kind.__name__.lower()} that was stored is damaged ({error!r})", remedy="train again"
        ) from None
