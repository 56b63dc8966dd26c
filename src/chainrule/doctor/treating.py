"""Treatment: what is tried of what was seen and, in the last mode, done. The journal tells of all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.data import Arrays
from chainrule.doctor.concluding import finding_of, likely_causes, problem_of, unproven_of
from chainrule.doctor.going_back import before_repair, lowest_of, remembering
from chainrule.doctor.journal import Journal
from chainrule.doctor.judging import BUDGET, Judge
from chainrule.doctor.learning_curve import learning_curve
from chainrule.doctor.proposing import proposals
from chainrule.doctor.repairs import REPAIRS, proposal_of
from chainrule.doctor.surgery import own_parts
from chainrule.doctor.symptoms import Suspicion
from chainrule.doctor.trials import (
    IF_LONGER,
    IF_LONGER_AGAIN,
    Proposal,
    beside_lowest,
    continued,
    fall_if_longer,
    tried,
)
from chainrule.doctor.yardstick import right, scores_now, some_of, tree_now
from chainrule.training.attending import Patient
from chainrule.training.events import Amend
from chainrule.training.findings import Trial
from chainrule.training.state import RunState

_MOST_REPAIRS = 3
_MOST_LONGER = 64
"""Times as many epochs as were asked for: what training goes on for at most while it still falls."""
_LONGER, _OVERFITTING = "too_few_epochs", "overfitting"
_BY_HEART, _CURVE = "known_by_heart", "learning_curve"
_SURE_ENOUGH = 0.9
"""How likely a cause is that is mended without proof where nothing is learned."""
_PATIENCE = 10
_POINTS, _MANY_POINTS, _SURE = 0.02, 0.05, 2.0
"""By how much a smaller share of classes is right, where a network is overfitted, and where that is a
problem; and the first in standard errors."""
_BELOW = 0.75
"""Of the held-out error: that of the examples trained on is below, where a network is overfitted."""


@dataclass(frozen=True, eq=False)
class Treatment:
    """What is done about a training at one place of it.

    mode: of the doctor. patient, state: the training as it stands. amend: changes it. judge: what it judges
    by. examples: that the yardstick measures with.
    """

    mode: str
    patient: Patient
    state: RunState
    amend: Amend
    judge: Judge
    examples: Arrays

    @property
    def journal(self) -> Journal:
        """Of the training."""
        return self.judge.journal

    def of_suspicions(self, suspicions: Sequence[Suspicion], budget: float = BUDGET) -> None:
        """Try what may help against what was seen; do it where it does. budget: as BUDGET."""
        journal, judge = self.journal, self.judge
        if self.mode == "watch":
            for each in suspicions:
                if not journal.knows(each.symptom):
                    journal.found(finding_of(each, "note", self.state.step))
            return
        repairs = self.mode == "repair" and journal.repairs < _MOST_REPAIRS
        if not repairs and journal.has_problem:
            return  # it is proven; trials would say the same again
        likely = likely_causes(suspicions)
        proposed = proposals(
            self.patient,
            self.state,
            likely,
            better=journal.trials[-1]["better"] if journal.trials else {},
            refused=journal.undone_repairs,
            anew_first=judge.is_lost,
            wanted=max(judge.affordable(budget)[0], int(judge.is_hopeless)),
        )
        steps = judge.affordable(budget, len(proposed))[1] if proposed else 0
        verdict = None
        if steps:
            begun = self.state.step - journal.scores[-1][0]
            verdict = tried(
                self.patient,
                self.state,
                proposed,
                steps,
                judge.planned,
                past=[(begun + step, score) for step, score in journal.scores],
                level=judge.level,
                flat=judge.is_flat,
            )
            journal.tried(self.state.step, verdict)
        if verdict is None or not judge.is_problem(verdict):
            self._note_untouched(suspicions)
            if judge.is_hopeless:
                sure = [each for each in proposed[:1] if likely[each.cause] >= _SURE_ENOUGH]
                self.without_proof(suspicions, sure if repairs else [])
            return
        assert verdict.best is not None
        journal.found(problem_of(suspicions, proposed, verdict, self.state.step, applied=repairs))
        if repairs:
            self._write_down(verdict.trials[verdict.best])
            chosen = proposed[verdict.best]
            went_on = replace(chosen.state, tree=dict(verdict.tree))
            self.amend(chosen.recipe, remembering(self.state, went_on))

    def without_proof(self, suspicions: Sequence[Suspicion], sure: Sequence[Proposal] = ()) -> None:
        """Nothing is learned, and no trial says why: a problem all the same.

        sure: at most one repair, of a cause so likely that it is done without proof.
        """
        journal = self.journal
        if journal.has_problem or not suspicions or self.mode == "watch":
            return
        journal.found(unproven_of(suspicions, self.state.step, *sure))
        for each in sure:
            now = journal.scores[-1][1]
            self._write_down(Trial(each.said, each.cause, 1, now, now, 0.0, helped=False))
            self.amend(each.recipe, remembering(self.state, each.state))

    def by_more_epochs(self) -> bool:
        """Whether the yardstick still falls where training ends, so that more epochs help."""
        journal, judge = self.journal, self.judge
        if self.mode == "advise" and journal.has_problem:
            return False  # the reason is known
        _, score = journal.scores[-1]
        times = IF_LONGER_AGAIN if journal.goes_on else IF_LONGER
        falls, enough = fall_if_longer(journal.scores, times), judge.enough(score)
        unknown = [step for step, _ in journal.scores[:-1]] == [0]  # of a single epoch
        if score <= enough or (falls <= enough and not unknown):
            return False
        falling = Suspicion(
            "still_falling",
            f"The held-out error still falls where training ends, after epoch {self.state.epoch}.",
            {_LONGER: 0.9, "learning_rate_too_low": 0.5},
            evidence={"yardstick": [each for _, each in journal.scores]},
        )
        if self.mode == "watch":
            journal.found(finding_of(falling, "note", self.state.step))
            return True
        (change,) = REPAIRS["train_longer"](self.patient, self.state)
        proposal = proposal_of("train_longer", _LONGER, change, self.patient, self.state)
        verdict = continued(self.patient, self.state, judge.affordable_at_end(BUDGET), proposal, times)
        journal.tried(self.state.step, verdict)
        if not judge.is_problem(verdict, enough):
            return False
        most = _MOST_LONGER * journal.first_epochs(self.patient.recipe.epochs)
        applied = self.mode == "repair" and change.recipe.epochs <= most
        journal.found(problem_of([falling], [proposal], verdict, self.state.step, applied=applied))
        if applied:
            self._write_down(verdict.trials[0], goes_on=True)
            self.amend(change.recipe, remembering(self.state, proposal.state))
        return True

    def by_going_back(self, each_now: np.ndarray) -> bool:
        """Whether it goes back: to before a repair that made it worse, or to weights of an earlier epoch.

        each_now: the yardstick of every example.
        """
        state, journal = self.state, self.journal
        lowest, best = lowest_of(state), state.best_epoch
        if self.judge.is_worse(state.step, float(each_now.mean())):
            self.undo()
            return True
        if not lowest or self.patient.recipe.keep != "last" or best == state.epoch:
            return False
        if state.epoch < self.patient.recipe.epochs and best >= state.epoch // 2:
            return False  # it may pass, such as while the rate rises
        said = f"the weights of epoch {best}, and early stopping"
        verdict = beside_lowest(self.patient, each_now, lowest, said, _OVERFITTING)
        repairs = self.mode == "repair"
        if not self.judge.is_far_above(verdict) or (not repairs and journal.knows(_OVERFITTING)):
            return False
        trained_on = some_of(self.patient.data.sample, self.patient.recipe.seed)
        if scores_now(self.patient, state, trained_on).mean() > _BELOW * each_now.mean():
            return False  # what is as bad on the examples trained on has another cause
        severity = self._severity(lowest)
        if not severity:
            return False  # it is only surer of what it says
        rising = Suspicion(
            _OVERFITTING,
            f"The held-out loss was lowest in epoch {best}, and has risen since.",
            {_OVERFITTING: 0.9, "label_noise": 0.4},
            evidence={"held_out": [each.get("validation_loss") for each in state.history]},
        )
        recipe = replace(self.patient.recipe, keep="best", patience=_PATIENCE)
        stopping = replace(state, best=lowest, kept={})
        proposal = Proposal("early_stopping", _OVERFITTING, said, self.patient.by(recipe), stopping)
        found = problem_of([rising], [proposal], verdict, state.step, applied=repairs)
        journal.found(replace(found, severity=severity))
        if repairs:
            self._write_down(verdict.trials[0], goes_on=True)
            self.amend(recipe, stopping)
        return repairs

    def _severity(self, lowest: Mapping[str, np.ndarray]) -> str:
        """Of having gone past the weights of an earlier epoch: '' where as many classes are right now."""
        trees = tree_now(self.patient, self.state), lowest
        now, then = (right(self.patient, tree, self.examples) for tree in trees)
        if now is None or then is None:
            return "problem"
        lost = then.astype(float) - now
        if lost.mean() <= max(_POINTS, _SURE * lost.std() / np.sqrt(len(lost))):
            return ""
        return "problem" if lost.mean() > _MANY_POINTS else "note"

    def undo(self) -> None:
        """Go on from where the last repair was done, without it."""
        repair = self.journal.last_repair
        assert repair is not None
        self.journal.undone(repair["step"], self.state.step)
        self.amend(*before_repair(self.patient.recipe, self.state, repair))

    def _write_down(self, trial: Trial, *, goes_on: bool = False) -> None:
        state, recipe = self.state, self.patient.recipe.to_plain()
        self.journal.repaired(state.step, state.epoch, trial, recipe, goes_on=goes_on)

    def _note_untouched(self, suspicions: Sequence[Suspicion]) -> None:
        """Where no repair can look into a part of the network, tell what was seen: it may lie there."""
        own = own_parts(self.patient.recipe)
        for each in suspicions if own else ():
            if not self.journal.knows(each.symptom):
                found = finding_of(each, "note", self.state.step)
                whose = f"No repair can change {' and '.join(own)}, so that this is to be looked at by hand."
                self.journal.found(replace(found, remedy=f"{found.remedy} {whose}".strip()))


def look_for_more_data(mode: str, patient: Patient, state: RunState, judge: Judge) -> None:
    """Whether more examples would help, where the network knows those that it has by heart."""
    journal = judge.journal
    if mode == "watch" or not journal.knows(_BY_HEART) or journal.knows(_CURVE):
        return
    best = next((each["step"] for each in state.history if each["epoch"] == state.best_epoch), state.step)
    steps = min(best, int(max(judge.left(BUDGET), judge.cheap)))
    lowest = state.best or lowest_of(state)
    if lowest and 2 * steps >= best:
        found = learning_curve(patient, state, lowest, steps)
        if found is not None:
            journal.found(found)
