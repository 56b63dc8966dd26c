"""The doctor: looks at a training now and then, tries what may help, and in its last mode does it.

It looks at the end of epochs 1, 2, 4, 8 … and of the last one, and where a number stops being finite: at
places that depend on the training alone, never on the clock, so that a resumed training is treated as the
unbroken one would be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.doctor.causes import CAUSES
from chainrule.doctor.checks import CHECKS
from chainrule.doctor.concluding import finding_of, likely_causes, problem_of, suspected
from chainrule.doctor.examined import Examined
from chainrule.doctor.journal import Journal
from chainrule.doctor.repairs import REPAIRS, Change, proposal_of
from chainrule.doctor.surgery import own_parts
from chainrule.doctor.symptoms import SYMPTOMS, WATCHED, Course, Suspicion
from chainrule.doctor.trials import (
    DOUBT,
    Proposal,
    Verdict,
    beside_lowest,
    continued,
    fall_by_doubling,
    tried,
)
from chainrule.doctor.yardstick import constant_score, measuring_examples, scores_now
from chainrule.errors import ChainruleError, TrainingError
from chainrule.training.attending import Patient
from chainrule.training.events import Amend, Amended, BrokenDown, EpochDone, Event, Listener, Started
from chainrule.training.probes import Probe
from chainrule.training.recipe import amended_recipe
from chainrule.training.state import Record, RunState

BUDGET = 0.2
"""Of the steps of the whole training, for all trials together."""
_BROKEN_BUDGET = 0.5
"""The same where training can't go on as it is."""
_PROPOSALS = (12, 8, 5)
"""So many are tried at the first visit, the second, and those after it."""
_FEWEST_STEPS = 10
_MOST_REPAIRS = 3
_MOST_LONGER = 32
"""Times as many epochs as were asked for: what training goes on for at most while it still falls."""
_MARGIN = 0.05
"""Of the yardstick of a constant answer: a repaired training must end better by this to be a problem."""
_PROGRESS = 0.03
"""Of that yardstick: what falls by less from one visit to the next makes no progress."""
_LOST = 0.9
"""Of that yardstick: above it there is nothing to lose, and repairs that start afresh come first."""
_SLOW_CHECKS = ("learning_rate", "memorization")
"""Trials answer the same questions."""
_LONGER, _OVERFITTING = "too_few_epochs", "overfitting"
_LOWEST = "lowest/"
"""Before the names, in the state's `kept`, of the weights of the epoch with the lowest held-out loss."""
_PATIENCE = 10
_EARLY = 0.05
"""Of the training."""
_FAST = 0.75
"""What is left of the yardstick after twice the steps, where it falls fast."""


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
    """Attends one training. All that it must remember is in the journal of the state, and in `kept`."""

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
            journal = Journal(event.state.journal)
            if event.state.step == 0 and not journal.is_begun:
                journal.visited(0, float(self._scores(event.state).mean()))
                self._check(journal, event.state)
        elif isinstance(event, EpochDone):
            epoch = event.state.epoch
            self._keep_lowest(event)
            if epoch == self._patient.recipe.epochs:
                self._visit_at_end(event.state, event.amend)
            elif epoch & (epoch - 1) == 0:
                self._visit(event.state, event.amend)
            self._forget_measured(event.record)
        elif isinstance(event, BrokenDown):
            self._rescue(event.state, event.error, event.amend)

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
            patient.recipe, patient.programs, patient.data, patient.held_out, state.tree, self._planned
        )
        for name, look in CHECKS.items():
            if name not in _SLOW_CHECKS:
                for finding in look(examined):
                    journal.found(replace(finding, severity="note"), suspected=finding.severity == "problem")

    def _keep_lowest(self, event: EpochDone) -> None:
        """Keep the weights of the best epoch, where training itself does not."""
        state = event.state
        if self._mode != "watch" and self._patient.recipe.keep == "last" and state.best_epoch == state.epoch:
            state.kept |= {_LOWEST + name: array.copy() for name, array in event.weights().items()}

    def _visit(self, state: RunState, amend: Amend) -> None:
        journal, each_now = Journal(state.journal), self._scores(state)
        if self._went_back(journal, state, each_now, amend):
            return
        journal.visited(state.step, float(each_now.mean()))
        course = Course(self._patient, state, tuple(journal.scores), self._constant, self._examples, each_now)
        seen = [each for look in SYMPTOMS.values() for each in look(course)]
        for each in seen:
            if each.severity and not journal.knows(each.symptom):
                journal.found(finding_of(each, each.severity, state.step))
        seen = [each for each in seen if not each.severity]
        if self._mode == "watch" or self._is_slow(journal):
            self._treat([*suspected(journal), *seen], state, amend)

    def _visit_at_end(self, state: RunState, amend: Amend) -> None:
        """Whether the last repair was one, and whether the yardstick still falls so that more epochs help."""
        journal, each_now = Journal(state.journal), self._scores(state)
        if self._went_back(journal, state, each_now, amend):
            return
        score = float(each_now.mean())
        journal.visited(state.step, score)
        falls, enough = fall_by_doubling(journal.scores), _MARGIN * self._constant
        unknown = [step for step, _ in journal.scores[:-1]] == [0]  # of a single epoch
        if score <= enough or (falls <= enough and not unknown):
            return
        falling = Suspicion(
            "still_falling",
            f"The held-out error still falls where training ends, after epoch {state.epoch}.",
            {_LONGER: 0.9, "learning_rate_too_low": 0.5},
            evidence={"yardstick": [each for _, each in journal.scores]},
        )
        if self._mode == "watch":
            journal.found(finding_of(falling, "note", state.step))
            return
        (change,) = REPAIRS["train_longer"](self._patient, state)
        proposal = proposal_of("train_longer", _LONGER, change, self._patient, state)
        verdict = continued(
            self._patient, state, max(_FEWEST_STEPS, int(BUDGET * self._planned) - journal.spent), proposal
        )
        journal.tried(state.step, verdict)
        if not self._is_problem(journal, verdict):
            return
        applied = self._mode == "repair" and change.recipe.epochs <= _MOST_LONGER * journal.first_epochs(
            self._patient.recipe.epochs
        )
        journal.found(problem_of([falling], [proposal], verdict, state.step, applied=applied))
        if applied:
            self._write_down(journal, state, verdict, goes_on=True)
            amend(change.recipe, self._remembering(state, proposal.state))

    def _went_back(self, journal: Journal, state: RunState, each_now: np.ndarray, amend: Amend) -> bool:
        """Whether it goes back: to before a repair that made it worse, or to weights of an earlier epoch."""
        if self._is_worse(journal, state, float(each_now.mean())):
            self._undo(journal, state, amend)
            return True
        lowest = {
            name.removeprefix(_LOWEST): array
            for name, array in state.kept.items()
            if name.startswith(_LOWEST)
        }
        if not lowest or self._patient.recipe.keep != "last" or state.best_epoch == state.epoch:
            return False
        said = f"the weights of epoch {state.best_epoch}, and early stopping"
        verdict = beside_lowest(self._patient, each_now, lowest, said, _OVERFITTING)
        repairs = self._mode == "repair"
        if not self._is_problem(journal, verdict) or (not repairs and journal.knows(_OVERFITTING)):
            return False
        rising = Suspicion(
            _OVERFITTING,
            f"The held-out loss was lowest in epoch {state.best_epoch}, and has risen since.",
            {_OVERFITTING: 0.9, "label_noise": 0.4},
            evidence={"held_out": [each.get("validation_loss") for each in state.history]},
        )
        recipe = replace(self._patient.recipe, keep="best", patience=_PATIENCE)
        stopping = replace(state, best=lowest, kept={})
        proposal = Proposal("early_stopping", _OVERFITTING, said, recipe, stopping)
        journal.found(problem_of([rising], [proposal], verdict, state.step, applied=repairs))
        if repairs:
            self._write_down(journal, state, verdict, goes_on=True)
            amend(recipe, stopping)
        return repairs

    def _write_down(
        self, journal: Journal, state: RunState, verdict: Verdict, *, goes_on: bool = False
    ) -> None:
        recipe = self._patient.recipe.to_plain()
        journal.repaired(state.step, state.epoch, verdict, recipe, goes_on=goes_on)

    def _rescue(self, state: RunState, error: TrainingError, amend: Amend) -> None:
        """Training broke down: whatever keeps it finite is better."""
        broken = Suspicion(
            "not_finite",
            f"{error.what[0].upper()}{error.what[1:]}.",
            {"learning_rate_too_high": 0.9, "exploding_recurrence": 0.6, "unscaled_inputs": 0.6}
            | {"initial_weights_too_large": 0.5, "unscaled_targets": 0.5},
            error.layer or "",
        )
        Journal(state.journal).visited(state.step, float(self._scores(state).mean()))
        self._treat([broken], state, amend, budget=_BROKEN_BUDGET)

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
        wanted, steps = self._affordable(journal, budget)
        proposals = self._proposals(suspicions, state, wanted) if suspicions else []
        if not proposals:
            self._note_untouched(journal, suspicions, state.step)
            return
        verdict = tried(self._patient, state, proposals, steps, self._planned)
        journal.tried(state.step, verdict)
        if not self._is_problem(journal, verdict):
            self._note_untouched(journal, suspicions, state.step)
            return
        assert verdict.best is not None
        journal.found(problem_of(suspicions, proposals, verdict, state.step, applied=repairs))
        if repairs:
            self._write_down(journal, state, verdict)
            chosen = proposals[verdict.best]
            amend(chosen.recipe, self._remembering(state, chosen.state))

    def _note_untouched(self, journal: Journal, suspicions: Sequence[Suspicion], step: int) -> None:
        """Where no repair can look into a part of the network, tell what was seen: it may lie there."""
        own = own_parts(self._patient.recipe)
        for each in suspicions if own else ():
            if not journal.knows(each.symptom):
                found = finding_of(each, "note", step)
                whose = f"No repair can change {' and '.join(own)}, so that this is to be looked at by hand."
                journal.found(replace(found, remedy=f"{found.remedy} {whose}".strip()))

    def _is_problem(self, journal: Journal, verdict: Verdict) -> bool:
        """Whether the training would end better beyond doubt, by an amount that matters."""
        if verdict.best is None:
            return False
        margin = DOUBT * verdict.trials[verdict.best].error + _MARGIN * self._constant
        return verdict.ends[verdict.best] < verdict.unchanged - margin

    def _is_slow(self, journal: Journal) -> bool:
        """Whether the yardstick falls so slowly that trials can say how training will end.

        While it falls fast there is nothing to mend, and nobody knows where it will end; early in training
        that is so unless it hardly falls at all.
        """
        if len(journal.scores) < 2:
            return True
        (earlier, before), (step, now) = journal.scores[-2:]
        if step < _EARLY * self._planned:
            return before - now < _PROGRESS * self._constant
        doublings = max(1.0, float(np.log2(step / max(earlier, 1))))  # of an epoch of one step, too
        return bool((now / max(before, 1e-12)) ** (1 / doublings) > _FAST)

    def _proposals(self, suspicions: Sequence[Suspicion], state: RunState, wanted: int) -> list[Proposal]:
        """As many as are wanted: what helped at the last visit, then repairs of the likeliest causes."""
        likely, journal = likely_causes(suspicions), Journal(state.journal)
        helped = journal.trials[-1]["helped"] if journal.trials else {}
        lost = not journal.scores or journal.scores[-1][1] > _LOST * self._constant
        changes: dict[str, tuple[str, str, Change]] = {}
        for cause in sorted(likely, key=likely.__getitem__, reverse=True):
            for name, change in sorted(self._changes(cause, state), key=lambda each: each[1].anew != lost):
                if change.said not in journal.undone_repairs:
                    changes.setdefault(change.said, (name, cause, change))
        found: list[Proposal] = []
        for said in sorted(changes, key=lambda each: -helped.get(each, 0.0)):
            if len(found) < wanted:
                try:
                    found.append(proposal_of(*changes[said], self._patient, state))
                except ChainruleError:
                    continue  # a network that does not fit the data once it is changed
        return found

    def _changes(self, cause: str, state: RunState) -> Iterator[tuple[str, Change]]:
        for name in CAUSES[cause].repairs:
            for change in REPAIRS[name](self._patient, state):
                yield name, change

    def _affordable(self, journal: Journal, budget: float) -> tuple[int, int]:
        """How many repairs are tried now, and for how many steps at first."""
        now = (budget * self._planned - journal.spent) / 2
        for wanted in range(_PROPOSALS[min(len(journal.trials), len(_PROPOSALS) - 1)], 0, -1):
            steps = int(now / (2 * wanted + 4))
            if steps >= _FEWEST_STEPS:
                return wanted, steps
        return 0, 0

    @property
    def _planned(self) -> int:
        """Steps of the whole training."""
        rows = self._patient.data.rows(self._patient.recipe.batch_size)
        return max(1, (self._patient.data.examples or rows) // rows) * self._patient.recipe.epochs

    def _scores(self, state: RunState) -> np.ndarray:
        """The yardstick of every example that it measures with."""
        return scores_now(self._patient, state, self._examples)

    def _is_worse(self, journal: Journal, state: RunState, score: float) -> bool:
        """Whether the repaired training is behind where the unrepaired one was after fewer steps."""
        repair = journal.last_repair
        if repair is None or not repair["steps"] or state.step - repair["step"] < repair["steps"]:
            return False
        return score > repair["before"] + _PROGRESS * self._constant

    def _undo(self, journal: Journal, state: RunState, amend: Amend) -> None:
        """Go on from where the last repair was done, without it."""
        repair = journal.last_repair
        assert repair is not None
        recipe = amended_recipe(self._patient.recipe, repair["recipe"])
        recipe = replace(recipe, epochs=repair["recipe"]["epochs"])  # it may be that which is undone
        arrays: dict[str, dict[str, np.ndarray]] = {"tree": {}, "best": {}}
        for name, array in state.kept.items():
            kind, _, key = name.partition("/")
            arrays.setdefault(kind, {})[key] = array
        history = state.history[: repair["epoch"]]
        losses = [each["validation_loss"] for each in history if each.get("validation_loss") is not None]
        best = int(np.argmin(losses)) if losses and arrays["best"] else -1
        journal.undone(repair["step"])
        before = replace(
            state,
            tree=arrays["tree"],
            best=arrays["best"],
            best_epoch=best + 1,
            best_loss=losses[best] if best >= 0 else float("inf"),
            epoch=repair["epoch"],
            step=repair["step"],
            history=history,
            kept={},
        )
        amend(recipe, before)

    def _remembering(self, old: RunState, new: RunState) -> RunState:
        """The new state with the journal, and with what is needed to go back to the old one."""
        kept = {f"tree/{name}": array.copy() for name, array in old.tree.items()}
        kept |= {f"best/{name}": array.copy() for name, array in old.best.items()}
        return replace(new, journal=old.journal, kept=kept)
