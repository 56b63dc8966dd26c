"""Findings: what was found wrong with a training, before it or while it ran, and what repairs did."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from chainrule.data.plain_json import json_text, plain
from chainrule.errors import ChainruleWarning, ConfigError, DataError, warn

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
    data, such as numbers and short series. trials: repairs that were tried, the best first. action: what was
    done, if anything.
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
        sentences = [as_sentence(each) for each in (self.said, self.remedy, self.action) if each]
        return f"{self.severity}: {' '.join(sentences)}"

    @property
    def brief(self) -> str:
        """A line for a person: the likeliest cause, and what was done about it, or what would help."""
        what = (self.causes[0] if self.causes else self.symptom).replace("_", " ")
        helped = [trial for trial in self.trials if trial.helped]
        if self.action:
            return f"{what}; {self.action}"
        if helped:
            change = f"from {helped[0].before:.3g} to {helped[0].after:.3g}"
            return f"{what}; on a copy, {helped[0].repair} lowered the error {change}"
        return f"{what}; {self.remedy or self.said}"

    def to_plain(self) -> dict[str, Any]:
        """Plain data for JSON; a number that is not finite is None."""
        return _to_plain(self)

    @staticmethod
    def from_plain(given: Any) -> "Finding":
        """What `to_plain` gave; DataError for what is none."""
        return _from_plain(Finding, given, _of_finding)


def as_sentence(text: str) -> str:
    """The clause with a capital letter at its beginning and a full stop at its end."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


DIAGNOSIS = "doctor.json"
"""The file in the folder of a run that has its findings."""
FINDING = "finding"
"""The kind of the entries of a journal that are findings, which have their fields."""


def findings_in(journal: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """The findings among the entries of a state's journal, in their order."""
    return [
        Finding.from_plain({name: value for name, value in each.items() if name != "kind"})
        for each in journal
        if each.get("kind") == FINDING
    ]


def write_findings(folder: Path, diagnosis: Sequence[Finding]) -> None:
    """Write the findings into the folder of a run; nothing where there are none."""
    if diagnosis:
        content = {"findings": [each.to_plain() for each in diagnosis]}
        (folder / DIAGNOSIS).write_text(json_text(content, indent=1) + "\n", encoding="utf-8")


def problems_in(journal: Sequence[Mapping[str, Any]], after: int = 0) -> list[Finding]:
    """The problems among the findings of a state's journal, without the first few of them."""
    found = [each for each in journal if each.get("kind") == FINDING and each.get("severity") == "problem"]
    return findings_in(found[after:])


def read_findings(folder: Path) -> list[Finding]:
    """What `write_findings` wrote; none where there is no such file. DataError where it is damaged."""
    path = folder / DIAGNOSIS
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["findings"]
        return [Finding.from_plain(each) for each in listed]
    except FileNotFoundError:
        return []
    except (OSError, KeyError, TypeError, ValueError) as error:
        why = error.what if isinstance(error, DataError) else repr(error)
        raise DataError(f"{path} is damaged ({why})", remedy="remove it; the run itself is whole") from None


def findings_of(folder: Path) -> list[Finding]:
    """`read_findings`; none, and a warning, where the file is damaged, since the run itself is whole."""
    try:
        return read_findings(folder)
    except DataError as error:
        warn(ChainruleWarning(error.what, remedy=error.remedy))
        return []


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
