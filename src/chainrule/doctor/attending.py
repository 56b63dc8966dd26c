"""The doctor: looks at a training now and then, tries what may help, and in its last mode does it.

It looks before the first step and at the end of epochs 1, 2, 4, 8 …: at places that depend on the training
alone, never on the clock, so that a resumed training is treated as the unbroken one. What it found and did
stands in the state's journal.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.doctor.causes import CAUSES
from chainrule.doctor.repairs import REPAIRS, proposal_of
from chainrule.doctor.symptoms import SYMPTOMS, WATCHED, Course
from chainrule.doctor.trials import Proposal, Verdict, tried
from chainrule.errors import ChainruleError
from chainrule.training.attending import Patient
from chainrule.training.events import Amend, Amended, BrokenDown, EpochDone, Event, Listener, Started
from chainrule.training.findings import Finding
from chainrule.training.probes import Probe
from chainrule.training.state import RunState

BUDGET = 0.2
"""Of the steps of the whole training, for all trials together."""
_STEPS = 40
_FEWEST_STEPS = 10
_MOST_REPAIRS = 3


@dataclass(frozen=True)
class Doctor:
    """What `doctor=` names by its mode.

    mode: 'watch' says what it sees; 'advise' tries repairs on forks and says what they did; 'repair' amends
    the training by the one that helps, too.
    """

    mode: str

    @property
    def watch(self) -> tuple[Probe, ...]:
        """What is measured at every step."""
        return WATCHED

    def attend(self, patient: Patient) -> Listener:
        """The listener of one training."""
        return _Attending(self.mode, patient)


class _Attending:
    def __init__(self, mode: str, patient: Patient) -> None:
        self._mode = mode
        self._patient = patient

    def __call__(self, event: Event) -> None:
        """Look, where it is time."""
        if isinstance(event, Amended):
            self._patient = self._patient.by(event.recipe)
        elif isinstance(event, Started):
            if not event.state.journal and event.state.step == 0:
                self._visit(event.state, event.amend)
        elif isinstance(event, EpochDone):
            epoch = event.state.epoch
            if epoch & (epoch - 1) == 0 and epoch < self._patient.recipe.epochs:
                self._visit(event.state, event.amend)
        elif isinstance(event, BrokenDown):
            self._visit(event.state, event.amend)

    def _visit(self, state: RunState, amend: Amend) -> None:
        course = Course(self._patient, state)
        for name, look in SYMPTOMS.items():
            finding = look(course)
            if finding is not None and not _is_known(state, name, finding.layer):
                self._treat(finding, state, amend)

    def _treat(self, finding: Finding, state: RunState, amend: Amend) -> None:
        del amend
        state.journal.append(finding.to_plain())


def _is_known(state: RunState, symptom: str, layer: str) -> bool:
    return any((each.get("symptom"), each.get("layer")) == (symptom, layer) for each in state.journal)
