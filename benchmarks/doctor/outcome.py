"""What came of a program, with a doctor or without."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

PROBLEM = "problem"


@dataclass(frozen=True)
class Found:
    """What a doctor, or a rule, says. As of chainrule's findings: causes are the likeliest first."""

    symptom: str
    severity: str = PROBLEM
    causes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a training ended with.

    figure, loss: as of `training.Measured`. seconds: of all; steps: of all trainings and trials.
    findings: the likeliest first. broken: why training broke off, ''. twin_seconds: that its healthy twin
    took beside it; 0 where that was not measured.
    """

    figure: float | None
    loss: float | None
    seconds: float
    steps: int
    findings: tuple[Found, ...] = ()
    broken: str = ""
    twin_seconds: float = 0.0

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @staticmethod
    def from_plain(plain: dict[str, Any]) -> "Outcome":
        """What `to_plain` gave, after JSON; other entries are ignored."""
        findings = tuple(
            Found(each["symptom"], each["severity"], tuple(each["causes"])) for each in plain["findings"]
        )
        names = ("figure", "loss", "seconds", "steps", "broken", "twin_seconds")
        return Outcome(findings=findings, **{name: plain[name] for name in names})


def alarmed(findings: Sequence[Found]) -> bool:
    """Whether any finding is a problem."""
    return any(found.severity == PROBLEM for found in findings)


def named_causes(findings: Sequence[Found]) -> list[str]:
    """Each once, those of problems before those of notes, else as they are said."""
    ordered = sorted(findings, key=lambda found: found.severity != PROBLEM)
    return list(dict.fromkeys(cause for found in ordered for cause in found.causes))
