"""The doctor: looks at a training now and then, tries what may help, and in its last mode does it.

It looks at the end of epochs 1, 2, 4, 8 … and of the last one, and where a number stops being finite: at
places that depend on the training alone, never on the clock, so that a resumed training is treated as the
unbroken one would be.
"""

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from chainrule.doctor.checks import CHECKS
from chainrule.doctor.concluding import finding_of, suspected, unusual_settings
from chainrule.doctor.examined import Examined
from chainrule.doctor.going_back import keep_lowest
from chainrule.doctor.journal import Journal
from chainrule.doctor.judging import BUDGET, Judge
from chainrule.doctor.symptoms import SYMPTOMS, WATCHED, Course, Suspicion
from chainrule.doctor.treating import Treatment, look_for_more_data
from chainrule.doctor.unusual import CERTAIN
from chainrule.doctor.yardstick import are_numbers, constant_score, measuring_examples, scores_now
from chainrule.errors import TrainingError
from chainrule.training.attending import Patient, TrainingEndsError
from chainrule.training.events import Amend, Amended, BrokenDown, Ended, EpochDone, Event, Listener, Started
from chainrule.training.probes import Probe
from chainrule.training.state import Record, RunState

_HOPELESS_BUDGET = 0.5
"""Of the steps of the whole training, for trials where it broke down or learns nothing."""
_SLOW_CHECKS = ("learning_rate", "memorization")
"""Trials answer the same questions."""
_ENDINGS = ("epochs", "early stopping")


@dataclass(frozen=True)
class Doctor:
    """What `doctor=` names by its mode.

    mode: 'watch' says what it sees; 'advise' tries repairs on forks and says what they did; 'repair' amends
    the training by the one that helps, too.
    """

    mode: str

    def watch(self, epoch: int) -> tuple[Probe, ...]:
        """What is measured in epochs after which the doctor looks for symptoms."""
        return WATCHED if _is_visited(epoch) else ()

    def attend(self, patient: Patient) -> Listener:
        """The listener of one training."""
        return _Attending(self.mode, patient)


def _is_visited(epoch: int) -> bool:
    return epoch & (epoch - 1) == 0


class _Attending:
    """Attends one training. All that it must remember is in the journal of the state, and in `kept`."""

    def __init__(self, mode: str, patient: Patient) -> None:
        self._mode = mode
        self._patient = patient
        self._examples = measuring_examples(patient)
        self._constant = constant_score(patient, self._examples)
        self._of_numbers = are_numbers(patient, self._examples)

    def __call__(self, event: Event) -> None:
        """Look, where it is time; what Ctrl-C interrupts is given up."""
        with suppress(TrainingEndsError):
            self._look(event)

    def _look(self, event: Event) -> None:
        if isinstance(event, Amended):
            self._patient = self._patient.by(event.recipe)
        elif isinstance(event, Started):
            if event.state.step == 0 and not Journal(event.state.journal).is_begun:
                self._begin(event.state, event.amend)
        elif isinstance(event, EpochDone):
            ending = event.ending()
            self._keep_lowest(event)
            if ending in _ENDINGS or (not ending and _is_visited(event.state.epoch)):
                self._visit(event.state, event.amend, ending)
            self._forget_measured(event.record)
        elif isinstance(event, BrokenDown):
            self._rescue(event.state, event.error, event.amend)
        elif isinstance(event, Ended) and event.reason in _ENDINGS:
            look_for_more_data(self._mode, self._patient, event.state, self._judge(event.state))

    def _begin(self, state: RunState, amend: Amend) -> None:
        """Look before the first step, and treat what is certain."""
        journal = Journal(state.journal)
        journal.visited(0, float(self._scores(state).mean()))
        self._check(journal, state)
        seen, unusual = suspected(journal), unusual_settings(self._patient)
        certain = any(likely >= CERTAIN for each in unusual for likely in each.causes.values())
        if self._mode != "watch" and (seen or certain):
            self._treatment(state, amend).of_suspicions([*seen, *unusual])

    def _check(self, journal: Journal, state: RunState) -> None:
        """The checks before training. What is seen is a note until a trial proves it."""
        patient = self._patient
        examined = Examined(
            patient.recipe,
            patient.programs,
            patient.data,
            patient.held_out,
            state.tree,
            self._judge(state).planned,
        )
        for name, look in CHECKS.items():
            if name not in _SLOW_CHECKS:
                for finding in look(examined):
                    journal.found(replace(finding, severity="note"))
                    journal.suspects(finding)

    def _visit(self, state: RunState, amend: Amend, ending: str = "") -> None:
        """Look for symptoms and treat them. ending: why training ends here, '' where it goes on."""
        journal, each_now = Journal(state.journal), self._scores(state)
        treatment = self._treatment(state, amend)
        if treatment.by_going_back(each_now):
            return
        journal.visited(state.step, float(each_now.mean()))
        judge, seen = treatment.judge, self._suspicions(state, each_now)
        if ending == "epochs":
            if not treatment.by_more_epochs() and judge.is_hopeless:
                treatment.without_proof(seen)
            return
        stopped = ending and float(each_now.mean()) > judge.margin(0.0)
        if self._mode == "watch" or stopped or (judge.is_slow and not judge.is_too_early):
            treatment.of_suspicions(seen, _HOPELESS_BUDGET if judge.is_flat else BUDGET)

    def _suspicions(self, state: RunState, each_now: np.ndarray) -> list[Suspicion]:
        """What is to be tried; what is sure without a trial is written down."""
        journal = Journal(state.journal)
        course = Course(self._patient, state, tuple(journal.scores), self._constant, self._examples, each_now)
        seen = [each for look in SYMPTOMS.values() for each in look(course)]
        for each in seen:
            if each.severity and not journal.knows(each.symptom):
                journal.found(finding_of(each, each.severity, state.step))
        unusual = [] if self._mode == "watch" else unusual_settings(self._patient)
        return [*suspected(journal), *(each for each in seen if not each.severity), *unusual]

    def _rescue(self, state: RunState, error: TrainingError, amend: Amend) -> None:
        """Training broke down: by a repair, or whatever keeps it finite is better."""
        broken = Suspicion(
            "not_finite",
            f"{error.what[0].upper()}{error.what[1:]}.",
            {"learning_rate_too_high": 0.9, "exploding_recurrence": 0.6, "unscaled_inputs": 0.6}
            | {"initial_weights_too_large": 0.5, "unscaled_targets": 0.5},
            error.layer or "",
        )
        treatment = self._treatment(state, amend)
        last = treatment.journal.last_repair
        if last is not None and last["steps"]:
            treatment.undo()
            return
        treatment.journal.visited(state.step, float(self._scores(state).mean()))
        treatment.of_suspicions([broken], _HOPELESS_BUDGET)

    def _treatment(self, state: RunState, amend: Amend) -> Treatment:
        return Treatment(self._mode, self._patient, state, amend, self._judge(state), self._examples)

    def _judge(self, state: RunState) -> Judge:
        losses = [record["loss"] for record in state.history]
        return Judge(self._patient, Journal(state.journal), self._constant, self._of_numbers, losses)

    def _scores(self, state: RunState) -> np.ndarray:
        """The yardstick of every example that it measures with."""
        return scores_now(self._patient, state, self._examples)

    def _keep_lowest(self, event: EpochDone) -> None:
        """Keep the weights of the best epoch, where training itself does not."""
        state = event.state
        if self._mode != "watch" and self._patient.recipe.keep == "last" and state.best_epoch == state.epoch:
            keep_lowest(state, event.weights())

    def _forget_measured(self, record: Record) -> None:
        """Take out of the record what nobody but the doctor asked for: it would grow with every step."""
        own = {*WATCHED} - {*self._patient.watch}
        for kept, names in (
            ("watch_steps", {each.name for each in own if each.every == "step"}),
            ("watch", {each.name for each in own if each.every == "epoch"}),
        ):
            if kept in record:
                left = {
                    path: {name: value for name, value in each.items() if name not in names}
                    for path, each in record[kept].items()
                }
                record[kept] = {path: each for path, each in left.items() if each}
                if not record[kept]:
                    del record[kept]
