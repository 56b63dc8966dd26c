"""The doctor: looks at a training now and then, tries what may help, and in its last mode does it.

It looks at the end of epochs 1, 2, 4, 8 …, and where a number stops being finite: at places that depend on the
training alone, never on the clock, so that a resumed training is treated as the unbroken one. What it found and
did stands in the state's journal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.doctor.causes import CAUSES
from chainrule.doctor.repairs import REPAIRS, Change, proposal_of
from chainrule.doctor.symptoms import SYMPTOMS, WATCHED, Course, Suspicion
from chainrule.doctor.trials import DOUBT, Proposal, Verdict, tried
from chainrule.doctor.yardstick import constant_score, measuring_examples, scores
from chainrule.errors import ChainruleError
from chainrule.training.attending import Patient
from chainrule.training.events import Amend, Amended, BrokenDown, EpochDone, Event, Listener, Started
from chainrule.training.findings import Finding
from chainrule.training.probes import Probe
from chainrule.training.state import RunState

BUDGET = 0.2
"""Of the steps of the whole training, for all trials together."""
_PROPOSALS = (12, 8, 5)
"""So many are tried at the first visit, the second, and those after it."""
_FEWEST_STEPS = 10
_MOST_REPAIRS = 3
_MARGIN = 0.05
"""Of the yardstick of a constant answer: by so much the repaired training must end better, to be a problem."""
_OPTIMISM = 0.95
"""By so much the yardstick of the unchanged training is thought to fall more with each doubling of its steps."""


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
    """Attends one training. All that it must remember is in the journal of the state."""

    def __init__(self, mode: str, patient: Patient) -> None:
        self._mode = mode
        self._patient = patient
        self._examples = measuring_examples(patient)
        self._constant = constant_score(patient, self._examples)

    def __call__(self, event: Event) -> None:
        """Look, where it is time."""
        if isinstance(event, Amended):
            self._patient = self._patient.by(event.recipe)
        elif isinstance(event, Started):
            if event.state.step == 0 and not event.state.journal:
                self._note_visit(event.state)
        elif isinstance(event, EpochDone):
            epoch = event.state.epoch
            if epoch & (epoch - 1) == 0 and epoch < self._patient.recipe.epochs:
                self._note_visit(event.state)
                self._visit(event.state, event.amend)
            event.record.pop("watch_steps", None)
        elif isinstance(event, BrokenDown):
            self._visit(event.state, event.amend)

    def _note_visit(self, state: RunState) -> None:
        score = float(scores(self._patient, self._predicting(state), self._examples).mean())
        state.journal.append({"kind": "visit", "step": state.step, "epoch": state.epoch, "score": score})

    def _visit(self, state: RunState, amend: Amend) -> None:
        course = Course(self._patient, state, _scores_of(state), self._constant)
        suspicions = [each for look in SYMPTOMS.values() for each in look(course)]
        if not suspicions:
            return
        if self._mode == "watch":
            for each in suspicions:
                self._note(state, each, "note")
            return
        wanted, steps = self._affordable(state)
        proposals = self._proposals(suspicions, state, wanted)
        if not proposals:
            return
        verdict = tried(self._patient, state, proposals, steps, self._planned)
        gains = {each.repair: each.before - each.after for each in verdict.trials if each.helped}
        state.journal.append({"kind": "trials", "step": state.step, "steps": verdict.steps, "helped": gains})
        self._judge(suspicions, proposals, verdict, state, amend)

    def _judge(
        self,
        suspicions: list[Suspicion],
        proposals: list[Proposal],
        verdict: Verdict,
        state: RunState,
        amend: Amend,
    ) -> None:
        best = verdict.best
        if best is None:
            return
        trial = verdict.trials[best]
        if verdict.ends[best] + DOUBT * trial.error > verdict.unchanged - _MARGIN * self._constant:
            return
        ranked = sorted(
            (each for each in range(len(proposals)) if verdict.trials[each].helped),
            key=lambda each: verdict.ends[each],
        )
        causes = _ranked_causes([proposals[each].repair for each in ranked], _likely(suspicions))
        suspicion = max(suspicions, key=lambda each: each.causes.get(causes[0], 0.0))
        repaired = self._mode == "repair" and self._repairs_done(state) < _MOST_REPAIRS
        finding = Finding(
            suspicion.symptom,
            "problem",
            f"{suspicion.said} Tried {len(proposals)} repairs: after {trial.steps} steps "
            f"{trial.repair} brought the yardstick from {trial.before:.3g} to {trial.after:.3g} "
            f"(± {trial.error:.2g}).",
            CAUSES[causes[0]].meaning,
            suspicion.layer,
            state.step,
            causes,
            dict(suspicion.evidence),
            verdict.trials,
            f"applied: {trial.repair}" if repaired else "",
        )
        state.journal.append({"kind": "finding", **finding.to_plain()})
        if repaired:
            chosen = proposals[best]
            chosen.state.journal = list(state.journal)
            chosen.state.journal.append({"kind": "repair", "step": state.step, "repair": trial.repair})
            amend(chosen.recipe, chosen.state)

    def _proposals(self, suspicions: list[Suspicion], state: RunState, wanted: int) -> list[Proposal]:
        """As many as are wanted, those of the likeliest causes first."""
        likely = _likely(suspicions)
        known = [each for each in state.journal if each["kind"] == "trials"]
        helped = known[-1]["helped"] if known else {}
        changes = {
            change.said: (name, cause, change)
            for cause in sorted(likely, key=likely.__getitem__)
            for name, change in self._changes(cause, state)
        }
        found: list[Proposal] = []
        # What helped at the last visit comes first, then what is likely; the likeliest cause was entered last.
        for said in sorted(reversed(changes), key=lambda each: -helped.get(each, 0.0)):
            if len(found) < wanted:
                try:
                    found.append(proposal_of(*changes[said], self._patient, state))
                except ChainruleError:
                    continue  # a network that does not fit the data once it is changed
        return found

    def _changes(self, cause: str, state: RunState) -> Iterator[tuple[str, Change]]:
        for name in CAUSES[cause].repairs:
            if name in REPAIRS:
                for change in REPAIRS[name](self._patient, state):
                    yield name, change

    def _affordable(self, state: RunState) -> tuple[int, int]:
        """How many repairs are tried now, and for how many steps at first."""
        trials = [each["steps"] for each in state.journal if each["kind"] == "trials"]
        now = (BUDGET * self._planned - sum(trials)) / 2
        for wanted in range(_PROPOSALS[min(len(trials), len(_PROPOSALS) - 1)], 1, -1):
            steps = int(now / (2 * wanted + 4))
            if steps >= _FEWEST_STEPS:
                return wanted, steps
        return 0, 0

    @property
    def _planned(self) -> int:
        """Steps of the whole training."""
        rows = self._patient.data.rows(self._patient.recipe.batch_size)
        return max(1, (self._patient.data.examples or rows) // rows) * self._patient.recipe.epochs

    def _repairs_done(self, state: RunState) -> int:
        return sum(each["kind"] == "repair" for each in state.journal)

    def _predicting(self, state: RunState) -> Mapping[str, np.ndarray]:
        from chainrule.training.step import evaluated

        patient = self._patient
        program = patient.programs.step(
            patient.data.sample, patient.data.rows(patient.recipe.batch_size)
        ).program
        return evaluated(patient.recipe, program, state.tree)

    def _note(self, state: RunState, suspicion: Suspicion, severity: str) -> None:
        causes = tuple(sorted(suspicion.causes, key=lambda each: -suspicion.causes[each]))
        finding = Finding(
            suspicion.symptom,
            severity,
            suspicion.said,
            "",
            suspicion.layer,
            state.step,
            causes,
            dict(suspicion.evidence),
        )
        state.journal.append({"kind": "finding", **finding.to_plain()})


def _likely(suspicions: Sequence[Suspicion]) -> dict[str, float]:
    """Cause -> how likely it is in the light of all suspicions, each by itself."""
    likely: dict[str, float] = {}
    for suspicion in suspicions:
        for cause, share in suspicion.causes.items():
            likely[cause] = 1 - (1 - likely.get(cause, 0.0)) * (1 - share)
    return likely


def _ranked_causes(repairs: Sequence[str], likely: Mapping[str, float]) -> tuple[str, ...]:
    """The causes that repairs are for, those of the best repair first.

    Of several causes with the same repair that one comes first which is likely and whose first repair it is.
    """
    found: dict[str, None] = {}
    for repair in dict.fromkeys(repairs):
        weighed = {
            name: likely.get(name, 0.0) / (1 + cause.repairs.index(repair))
            for name, cause in CAUSES.items()
            if repair in cause.repairs and name in likely
        }
        found |= dict.fromkeys(sorted(weighed, key=weighed.__getitem__, reverse=True)[:2])
    return tuple(found)


def _scores_of(state: RunState) -> tuple[tuple[int, float], ...]:
    """(steps, yardstick) at the visits since the last repair; steps count from there."""
    begun, found = 0, []
    for each in state.journal:
        if each["kind"] == "repair":
            begun, found = each["step"], []
        elif each["kind"] == "visit":
            found.append((each["step"] - begun, float(each["score"])))
    return tuple(found)


_ = (Any, replace)
