"""What a symptom gives: something that looks wrong, and what may cause it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.doctor.symptoms.course import Course


@dataclass(frozen=True, eq=False)
class Suspicion:
    """Something about a training that looks wrong.

    symptom: a name of SYMPTOMS. said: a sentence for a person. causes: name of a cause -> how likely it is in
    the light of this alone, from 0 to 1. layer: the path, or ''. evidence: plain data. severity: of what is
    sure without a trial, and what no repair is tried for; '' for what is to be tried.
    """

    symptom: str
    said: str
    causes: Mapping[str, float]
    layer: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    severity: str = ""


Symptom = Callable[[Course], Iterable[Suspicion]]
"""Looks at the course of a training; gives nothing where all is well."""
