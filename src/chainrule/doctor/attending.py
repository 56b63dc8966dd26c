"""The doctor: looks at a training now and then, tries what may help, and in its last mode does it.

It looks at the end of epochs 1, 2, 4, 8 … and of the last one, and where a number stops being finite: at
places that depend on the training alone, never on the clock, so that a resumed training is treated as the
unbroken one would be.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from chainrule.doctor.checks import CHECKS
from chainrule.doctor.concluding import (
    finding_of,
    likely_causes,
    problem_of,
    suspected,
    unproven_of,
    unusual_settings,
)
from chainrule.doctor.examined import Examined
from chainrule.doctor.going_back import before_repair, keep_lowest, lowest_of, remembering
from chainrule.doctor.journal import Journal
from chainrule.doctor.judging import BUDGET, Judge
from chainrule.doctor.learning_curve import learning_curve
from chainrule.doctor.proposing import proposals
from chainrule.doctor.repairs import REPAIRS, proposal_of
from chainrule.doctor.surgery import own_parts
from chainrule.doctor.symptoms import SYMPTOMS, WATCHED, Course, Suspicion
from chainrule.doctor.trials import (
    IF_LONGER,
    IF_LONGER_AGAIN,
    Proposal,
    beside_lowest,
    continued,
    fall_if_longer,
    tried,
)
from chainrule.doctor.unusual import CERTAIN
from chainrule.doctor.yardstick import (
    are_numbers,
    constant_score,
    measuring_examples,
    right,
    scores_now,
    some_of,
    tree_now,
)
from chainrule.errors import TrainingError
from chainrule.training.attending import Patient, TrainingEndsError
from chainrule.training.events import Amend, Amended, BrokenDown, Ended, EpochDone, Event, Listener, Started
from chainrule.training.findings import Trial
from chainrule.training.probes import Probe
from chainrule.training.state import Record, RunState

_HOPELESS_BUDGET = 0.5
"""Of the steps of the whole training, for trials where it broke down or learns nothing."""
_MOST_REPAIRS = 3
_MOST_LONGER = 64
"""Times as many epochs as were asked for: what training goes on for at most while it still falls."""
_SLOW_CHECKS = ("learning_rate", "memorization")
"""Trials answer the same questions."""
_LONGER, _OVERFITTING = "too_few_epochs", "overfitting"
_BY_HEART, _CURVE = "known_by_heart", "learning_curve"
_SURE_ENOUGH = 0.9
"""How likely a cause is that is mended without proof where nothing is learned."""
_ENDINGS = ("epochs", "early stopping")
_PATIENCE = 10
_POINTS, _SURE = 0.02, 2.0
"""By how much a smaller share of classes is right, where a network is overfitted; in standard errors."""
_BELOW = 0.75
"""Of the held-out error: that of the examples trained on is below, where a network is overfitted."""


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
            journal = Journal(event.state.journal)
            if event.state.step == 0 and not journal.is_begun:
                journal.visited(0, float(self._scores(event.state).mean()))
                self._check(journal, event.state)
                seen, unusual = suspected(journal), unusual_settings(self._patient)
                certain = any(likely >= CERTAIN for each in unusual for likely in each.causes.values())
                if self._mode != "watch" and (seen or certain):
                    self._treat([*seen, *unusual], event.state, event.amend)
        elif isinstance(event, EpochDone):
            ending = event.ending()
            self._keep_lowest(event)
            if ending in _ENDINGS or (not ending and _is_visited(event.state.epoch)):
                self._visit(event.state, event.amend, ending)
            self._forget_measured(event.record)
        elif isinstance(event, BrokenDown):
            self._rescue(event.state, event.error, event.amend)
        elif isinstance(event, Ended) and event.reason in _ENDINGS:
            self._look_for_more_data(event.state)

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

    def _check(self, journal: Journal, state: RunState) -> None:
        """Look before the first step. What is seen is a note until a trial proves it."""
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

    def _keep_lowest(self, event: EpochDone) -> None:
        """Keep the weights of the best epoch, where training itself does not."""
        state = event.state
        if self._mode != "watch" and self._patient.recipe.keep == "last" and state.best_epoch == state.epoch:
            keep_lowest(state, event.weights())

    def _visit(self, state: RunState, amend: Amend, ending: str = "") -> None:
        """Look for symptoms and treat them. ending: why training ends here, '' where it goes on."""
        journal, each_now = Journal(state.journal), self._scores(state)
        if self._went_back(journal, state, each_now, amend):
            return
        journal.visited(state.step, float(each_now.mean()))
        judge, seen = self._judge(state), self._suspicions(state, each_now)
        if ending == "epochs":
            if not self._train_longer(state, amend) and judge.is_hopeless:
                self._without_proof(seen, (), state, amend)
            return
        stopped = ending and float(each_now.mean()) > judge.margin(0.0)
        if self._mode == "watch" or stopped or (judge.is_slow and not judge.is_too_early):
            self._treat(seen, state, amend, _HOPELESS_BUDGET if judge.is_flat else BUDGET)

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

    def _train_longer(self, state: RunState, amend: Amend) -> bool:
        """Whether the yardstick still falls where training ends, so that more epochs help."""
        journal, judge = Journal(state.journal), self._judge(state)
        if self._mode == "advise" and journal.has_problem:
            return False  # the reason is known
        _, score = journal.scores[-1]
        times = IF_LONGER_AGAIN if journal.goes_on else IF_LONGER
        falls, enough = fall_if_longer(journal.scores, times), judge.margin(score)
        unknown = [step for step, _ in journal.scores[:-1]] == [0]  # of a single epoch
        if score <= enough or (falls <= enough and not unknown):
            return False
        falling = Suspicion(
            "still_falling",
            f"The held-out error still falls where training ends, after epoch {state.epoch}.",
            {_LONGER: 0.9, "learning_rate_too_low": 0.5},
            evidence={"yardstick": [each for _, each in journal.scores]},
        )
        if self._mode == "watch":
            journal.found(finding_of(falling, "note", state.step))
            return True
        (change,) = REPAIRS["train_longer"](self._patient, state)
        proposal = proposal_of("train_longer", _LONGER, change, self._patient, state)
        verdict = continued(self._patient, state, judge.affordable_at_end(BUDGET), proposal, times)
        journal.tried(state.step, verdict)
        if not judge.is_problem(verdict):
            return False
        applied = self._mode == "repair" and change.recipe.epochs <= _MOST_LONGER * journal.first_epochs(
            self._patient.recipe.epochs
        )
        journal.found(problem_of([falling], [proposal], verdict, state.step, applied=applied))
        if applied:
            self._write_down(journal, state, verdict.trials[0], goes_on=True)
            amend(change.recipe, remembering(state, proposal.state))
        return True

    def _went_back(self, journal: Journal, state: RunState, each_now: np.ndarray, amend: Amend) -> bool:
        """Whether it goes back: to before a repair that made it worse, or to weights of an earlier epoch."""
        judge, lowest, best = self._judge(state), lowest_of(state), state.best_epoch
        if judge.is_worse(state.step, float(each_now.mean())):
            self._undo(state, amend)
            return True
        if not lowest or self._patient.recipe.keep != "last" or best == state.epoch:
            return False
        if state.epoch < self._patient.recipe.epochs and best >= state.epoch // 2:
            return False  # it may pass, such as while the rate rises
        said = f"the weights of epoch {best}, and early stopping"
        verdict = beside_lowest(self._patient, each_now, lowest, said, _OVERFITTING)
        repairs = self._mode == "repair"
        if not judge.is_far_above(verdict) or (not repairs and journal.knows(_OVERFITTING)):
            return False
        trained_on = some_of(self._patient.data.sample, self._patient.recipe.seed)
        if scores_now(self._patient, state, trained_on).mean() > _BELOW * each_now.mean():
            return False  # what is as bad on the examples trained on has another cause
        if not self._is_less_often_right(state, lowest):
            return False  # it is only surer of what it says
        rising = Suspicion(
            _OVERFITTING,
            f"The held-out loss was lowest in epoch {best}, and has risen since.",
            {_OVERFITTING: 0.9, "label_noise": 0.4},
            evidence={"held_out": [each.get("validation_loss") for each in state.history]},
        )
        recipe = replace(self._patient.recipe, keep="best", patience=_PATIENCE)
        stopping = replace(state, best=lowest, kept={})
        proposal = Proposal("early_stopping", _OVERFITTING, said, self._patient.by(recipe), stopping)
        journal.found(problem_of([rising], [proposal], verdict, state.step, applied=repairs))
        if repairs:
            self._write_down(journal, state, verdict.trials[0], goes_on=True)
            amend(recipe, stopping)
        return repairs

    def _is_less_often_right(self, state: RunState, lowest: Mapping[str, np.ndarray]) -> bool:
        """Whether fewer classes are right than with earlier weights; True where targets are numbers."""
        trees = tree_now(self._patient, state), lowest
        now, then = (right(self._patient, tree, self._examples) for tree in trees)
        if now is None or then is None:
            return True
        lost = then.astype(float) - now
        return bool(lost.mean() > max(_POINTS, _SURE * lost.std() / np.sqrt(len(lost))))

    def _write_down(self, journal: Journal, state: RunState, trial: Trial, *, goes_on: bool = False) -> None:
        recipe = self._patient.recipe.to_plain()
        journal.repaired(state.step, state.epoch, trial, recipe, goes_on=goes_on)

    def _rescue(self, state: RunState, error: TrainingError, amend: Amend) -> None:
        """Training broke down: by a repair, or whatever keeps it finite is better."""
        broken = Suspicion(
            "not_finite",
            f"{error.what[0].upper()}{error.what[1:]}.",
            {"learning_rate_too_high": 0.9, "exploding_recurrence": 0.6, "unscaled_inputs": 0.6}
            | {"initial_weights_too_large": 0.5, "unscaled_targets": 0.5},
            error.layer or "",
        )
        journal = Journal(state.journal)
        if journal.last_repair is not None and journal.last_repair["steps"]:
            self._undo(state, amend)
            return
        journal.visited(state.step, float(self._scores(state).mean()))
        self._treat([broken], state, amend, _HOPELESS_BUDGET)

    def _treat(
        self, suspicions: Sequence[Suspicion], state: RunState, amend: Amend, budget: float = BUDGET
    ) -> None:
        journal = Journal(state.journal)
        if self._mode == "watch":
            for each in suspicions:
                if not journal.knows(each.symptom):
                    journal.found(finding_of(each, "note", state.step))
            return
        repairs = self._mode == "repair" and journal.repairs < _MOST_REPAIRS
        if not repairs and journal.has_problem:
            return  # it is proven; trials would say the same again
        judge = self._judge(state)
        likely = likely_causes(suspicions)
        proposed = proposals(
            self._patient,
            state,
            likely,
            better=journal.trials[-1]["better"] if journal.trials else {},
            refused=journal.undone_repairs,
            anew_first=judge.is_lost,
            wanted=max(judge.affordable(budget)[0], int(judge.is_hopeless)),
        )
        steps = judge.affordable(budget, len(proposed))[1] if proposed else 0
        verdict = None
        if steps:
            begun, planned = state.step - journal.scores[-1][0], judge.planned
            past = [(begun + step, score) for step, score in journal.scores]
            verdict = tried(self._patient, state, proposed, steps, planned, past=past, flat=judge.is_flat)
            journal.tried(state.step, verdict)
        if verdict is None or not judge.is_problem(verdict):
            self._note_untouched(journal, suspicions, state.step)
            if judge.is_hopeless:
                sure = [each for each in proposed[:1] if likely[each.cause] >= _SURE_ENOUGH]
                self._without_proof(suspicions, sure if repairs else [], state, amend)
            return
        assert verdict.best is not None
        journal.found(problem_of(suspicions, proposed, verdict, state.step, applied=repairs))
        if repairs:
            self._write_down(journal, state, verdict.trials[verdict.best])
            chosen = proposed[verdict.best]
            amend(chosen.recipe, remembering(state, replace(chosen.state, tree=dict(verdict.tree))))

    def _without_proof(
        self, suspicions: Sequence[Suspicion], sure: Sequence[Proposal], state: RunState, amend: Amend
    ) -> None:
        """Nothing is learned, and no trial says why: a problem all the same.

        sure: at most one repair, of a cause so likely that it is done without proof.
        """
        journal = Journal(state.journal)
        if journal.has_problem or not suspicions or self._mode == "watch":
            return
        journal.found(unproven_of(suspicions, state.step, *sure))
        for each in sure:
            now = journal.scores[-1][1]
            self._write_down(journal, state, Trial(each.said, each.cause, 1, now, now, 0.0, helped=False))
            amend(each.recipe, remembering(state, each.state))

    def _note_untouched(self, journal: Journal, suspicions: Sequence[Suspicion], step: int) -> None:
        """Where no repair can look into a part of the network, tell what was seen: it may lie there."""
        own = own_parts(self._patient.recipe)
        for each in suspicions if own else ():
            if not journal.knows(each.symptom):
                found = finding_of(each, "note", step)
                whose = f"No repair can change {' and '.join(own)}, so that this is to be looked at by hand."
                journal.found(replace(found, remedy=f"{found.remedy} {whose}".strip()))

    def _look_for_more_data(self, state: RunState) -> None:
        """Whether more examples would help, where the network knows those that it has by heart."""
        journal, judge = Journal(state.journal), self._judge(state)
        if self._mode == "watch" or not journal.knows(_BY_HEART) or journal.knows(_CURVE):
            return
        best = next((each["step"] for each in state.history if each["epoch"] == state.best_epoch), state.step)
        steps = min(best, int(max(judge.left(BUDGET), judge.cheap)))
        lowest = state.best or lowest_of(state)
        if lowest and 2 * steps >= best:
            found = learning_curve(self._patient, state, lowest, steps)
            if found is not None:
                journal.found(found)

    def _judge(self, state: RunState) -> Judge:
        losses = [record["loss"] for record in state.history]
        return Judge(self._patient, Journal(state.journal), self._constant, self._of_numbers, losses)

    def _scores(self, state: RunState) -> np.ndarray:
        """The yardstick of every example that it measures with."""
        return scores_now(self._patient, state, self._examples)

    def _undo(self, state: RunState, amend: Amend) -> None:
        """Go on from where the last repair was done, without it."""
        journal = Journal(state.journal)
        repair = journal.last_repair
        assert repair is not None
        journal.undone(repair["step"], state.step)
        amend(*before_repair(self._patient.recipe, state, repair))
