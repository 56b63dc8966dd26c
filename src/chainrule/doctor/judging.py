"""What the doctor judges by: how far a training is, what is a problem, and what trials may cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.doctor.costs import cheap_steps, steps_to_get_ready
from chainrule.doctor.journal import Journal
from chainrule.doctor.trials import DOUBT, Verdict, steps_in_all
from chainrule.training.attending import Patient

BUDGET = 0.2
"""Of the steps of the whole training, for all trials together."""
_SHORT = 0.5
"""The same where they take no time at all."""
_PROPOSALS, _IF_FLAT = (5, 4, 3), 2
"""So many are tried at the first visit, the second, and those after it: what starts afresh needs longer
trials the farther training has come, and so does what is to leave a plateau."""
_FEWEST_STEPS, _FEWEST_EXAMPLES = 10, 640
"""Of a trial: so many steps, or fewer of more examples."""
_MOST_STEPS = 150
"""Of a trial at first: where very many epochs are planned, early stopping ends training long before."""
_MOST_STEPS_AT_END, _FREE = 1000, 4
"""At the end, and times the steps of the whole training, where they take no time at all."""
MARGIN = 0.05
"""Of the yardstick of a constant answer: a repaired training must end better by this to be a problem."""
_SHARE, _LEAST = 0.15, 0.015
"""Where numbers are predicted: of the error, and of that yardstick; what is more is enough, too."""
_PROGRESS = 0.03
"""Of that yardstick: what falls by less from one visit to the next makes no progress."""
_LOST = 0.9
"""Of that yardstick: above it there is nothing to lose, and repairs that start afresh come first."""
_EARLY, _NOTHING = 0.1, 0.98
"""Of the training, and of the yardstick of a constant answer: what is above the second after the first learns
nothing."""
_WELL, _LEARNS = 0.25, 0.5
"""Of the yardstick of a constant answer: below the first training goes well, and below the second so soon
after its start that trials can't tell how it will end."""
_MUCH = 0.4
"""Of the training: where nothing is learned in so much of it, nothing is to be hoped for."""
_FAST = 0.75
"""What is left of the yardstick after twice the steps, where it falls fast."""


@dataclass(frozen=True, eq=False)
class Judge:
    """One training, as its journal tells of it.

    constant: the yardstick of the best answer that is the same for all examples; 0 where nobody knows.
    of_numbers: whether it measures errors of numbers, not how surprising classes are.
    losses: the mean loss of every epoch so far.
    """

    patient: Patient
    journal: Journal
    constant: float
    of_numbers: bool = False
    losses: Sequence[float] = ()

    @property
    def planned(self) -> int:
        """Steps of the whole training."""
        rows = self.patient.data.rows(self.patient.recipe.batch_size)
        return max(1, (self.patient.data.examples or rows) // rows) * self.patient.recipe.epochs

    @property
    def fewest_steps(self) -> int:
        """Of a trial."""
        rows = self.patient.data.rows(self.patient.recipe.batch_size)
        return min(_FEWEST_STEPS, max(1, _FEWEST_EXAMPLES // rows))

    def left(self, budget: float) -> float:
        """Steps that trials may still take. budget: as BUDGET."""
        return max(budget * self._length, self.cheap) - self.journal.spent

    @property
    def _length(self) -> float:
        """Steps that training is sure to take: where it goes well, early stopping may end it at any time."""
        if not self.journal.scores or self.journal.scores[-1][1] > _WELL * self.level:
            return self.planned
        return min(self.planned, self.journal.visits[-1])

    @property
    def cheap(self) -> float:
        """Steps that take no time at all."""
        return min(cheap_steps(self.patient), _SHORT * self.planned)

    def affordable(self, budget: float, most: int | None = None) -> tuple[int, int]:
        """How many repairs are tried now, and for how many steps at first.

        budget: as BUDGET. most: so many are there; None where nobody knows yet.
        """
        left = self.left(budget)
        ready = steps_to_get_ready(self.patient)
        if most is None:
            most = (
                _IF_FLAT if self.is_flat else _PROPOSALS[min(len(self.journal.trials), len(_PROPOSALS) - 1)]
            )
        for now in (left,) if self.is_flat else (left / 2, left):  # the other half is for later visits
            for wanted in range(most, 0, -1):
                steps = int((now - ready * (wanted + 1)) / steps_in_all(wanted))
                if steps >= self.fewest_steps or (wanted == 1 and 2 * steps >= self.fewest_steps):
                    return wanted, min(steps, _MOST_STEPS)
        return 0, 0

    def affordable_at_end(self, budget: float) -> int:
        """For how many steps it is tried whether more of them help."""
        free = min(cheap_steps(self.patient), _FREE * self.planned)
        left = int(max(budget * self.planned - self.journal.spent, free))
        return min(max(self.fewest_steps, left), _MOST_STEPS_AT_END)

    def margin(self, unchanged: float) -> float:
        """By how much a repaired training must end better than the unchanged one to be a problem."""
        least = MARGIN * self.constant
        return min(least, max(_LEAST * self.constant, _SHARE * unchanged)) if self.of_numbers else least

    @property
    def level(self) -> float:
        """The yardstick where nothing was learned: that of a constant answer, or that at the start."""
        scores = self.journal.scores
        return self.constant if self.constant > 0 or not scores else scores[0][1]

    @property
    def is_lost(self) -> bool:
        """Whether nothing was learned that could be lost."""
        scores = self.journal.scores
        return not scores or scores[-1][1] > _LOST * self.level

    @property
    def is_flat(self) -> bool:
        """Whether nothing was learned so far: it is as good as a constant answer, as it was at the start.

        Nor does the loss fall: while the running averages of batch normalization lag, it does.
        """
        scores, losses = self.journal.scores, self.losses
        if len(scores) < 3 or scores[-1][0] < _EARLY * self.planned:
            return False
        if len(losses) > 1 and losses[-1] < _NOTHING * losses[len(losses) // 2 - 1]:
            return False
        return all(score > _NOTHING * self.level for _, score in scores[-2:])

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing was learned in much of the training."""
        return self.is_flat and self.journal.scores[-1][0] >= _MUCH * self.planned

    @property
    def is_unbegun(self) -> bool:
        """Whether no step was taken yet."""
        return self.journal.visits == [0]

    @property
    def is_too_early(self) -> bool:
        """Whether training has hardly begun: trials as short as that tell little, and cost as much."""
        scores = self.journal.scores
        return not scores or scores[-1][0] < _EARLY * self.planned

    @property
    def is_slow(self) -> bool:
        """Whether the yardstick falls so slowly that trials can say how training will end.

        While it falls fast there is nothing to mend, and nobody knows where it will end; early in training
        that is so unless it hardly falls at all.
        """
        if len(self.journal.scores) < 2:
            return True
        (earlier, before), (step, now) = self.journal.scores[-2:]
        if step < _EARLY * self.planned:
            return before - now < _PROGRESS * self.constant
        doublings = max(1.0, float(np.log2(step / max(earlier, 1))))  # of an epoch of one step, too
        return bool((now / max(before, 1e-12)) ** (1 / doublings) > _FAST)

    def enough(self, unchanged: float) -> float:
        """By how much more epochs must help, or fewer: less where the training is known to have been ill."""
        return self.margin(unchanged) if self.journal.last_repair is None else _LEAST * self.constant

    def is_problem(self, verdict: Verdict, margin: float | None = None) -> bool:
        """Whether the training would end better beyond doubt, by an amount that matters.

        margin: that amount; None for the usual one.
        """
        if verdict.best is None:
            return False
        if self.is_unbegun and verdict.unchanged < _LEARNS * self.level:
            return False
        trial = verdict.trials[verdict.best]
        fallen = min(1.0, verdict.unchanged / trial.before) if trial.before > 0 else 1.0
        doubt = DOUBT * trial.error * fallen  # the smaller scores are, the less they differ by chance
        if margin is None:
            margin = self.margin(verdict.unchanged)
        margin = doubt if self.is_flat else max(doubt, margin)
        return verdict.ends[verdict.best] < verdict.unchanged - margin

    def is_far_above(self, verdict: Verdict) -> bool:
        """Whether a training is above its own best epoch by more than the best of many is below by chance."""
        was_ill = self.journal.last_repair is not None
        margin = self.enough(verdict.unchanged) if was_ill else MARGIN * self.constant
        return self.is_problem(verdict, margin) and verdict.unchanged - min(verdict.ends) > margin

    def is_worse(self, step: int, score: float) -> bool:
        """Whether the repaired training is behind where the unrepaired one was after fewer steps, twice now.

        Once may be chance, early in training above all.
        """
        repair = self.journal.last_repair
        if repair is None or not repair["steps"] or step - repair["step"] < repair["steps"]:
            return False
        earlier = self.journal.score_since_repair
        worse = repair["before"] + _PROGRESS * self.constant
        return earlier is not None and min(earlier, score) > worse
