"""Trials: repairs are tried on forks of a training, beside the unchanged run, on the same examples.

The unchanged run and all repairs go on for as many examples; the best third of the repairs goes on for as many
again, and of these the best third (successive halving: Jamieson and Talwalkar 2016). Compared is the yardstick of
held-out examples, pairwise: each example under the repair with the same example under the unchanged run.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count, islice

import numpy as np

from chainrule.data import Arrays
from chainrule.doctor.yardstick import measuring_examples, scores
from chainrule.program import NamedArrays
from chainrule.training.attending import Patient
from chainrule.training.findings import Trial
from chainrule.training.recipe import Recipe
from chainrule.training.sessions import Sessions
from chainrule.training.state import RunState
from chainrule.training.step import evaluated

DOUBT = 3.0
"""A repair helps beyond doubt where the yardstick falls by more than so many standard errors."""
MATTERS = 0.1
"""And it matters where it falls by more than this share."""
_ROUNDS = 3
_REDUCTION = 3


@dataclass(frozen=True, eq=False)
class Proposal:
    """A repair of one training, ready to be tried.

    cause: that it is meant for. said: as a person reads it. recipe, state: what training would go on with.
    anew: whether it starts training afresh, since what was learned does not fit it.
    """

    cause: str
    said: str
    recipe: Recipe
    state: RunState
    anew: bool = False


@dataclass(frozen=True, eq=False)
class Verdict:
    """What became of the proposals.

    trials: one for each, in their order. best: the number of the best; None where none helped. steps: done in
    all.
    """

    trials: tuple[Trial, ...]
    best: int | None
    steps: int


def tried(patient: Patient, state: RunState, proposals: Sequence[Proposal], steps: int) -> Verdict:
    """Try proposals for so many steps each, those that last for twice as many.

    state: of the training as it is, at the end of an epoch; it stays as it is.
    """
    examples = measuring_examples(patient)
    unchanged = _Fork(patient, state)
    forks = [_Fork(patient.by(each.recipe), each.state) for each in proposals]
    left = list(range(len(forks)))
    batch, done = patient.data.rows(patient.recipe.batch_size), 0
    results: dict[int, tuple[int, np.ndarray, np.ndarray]] = {}
    trained = 0
    for number in range(_ROUNDS):
        if number:
            left = sorted(left, key=lambda each: results[each][2].mean())[: max(1, len(left) // _REDUCTION)]
        more = steps if not number else trained
        trained += more
        unchanged.train(more * batch)
        before = unchanged.scores(examples)
        for each in left:
            forks[each].train(more * batch)
            results[each] = (trained, before, forks[each].scores(examples))
        done += more * (1 + len(left))
    trials = tuple(_compared(each, *results[place]) for place, each in enumerate(proposals))
    helpful = [place for place in left if trials[place].helped]
    best = min(helpful, key=lambda place: trials[place].after, default=None)
    return Verdict(trials, best, done)


def _compared(proposal: Proposal, steps: int, before: np.ndarray, after: np.ndarray) -> Trial:
    gain = before - after
    error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else float("inf")
    helped = gain.mean() > DOUBT * error and gain.mean() > MATTERS * before.mean()
    return Trial(
        proposal.said,
        proposal.cause,
        steps,
        float(before.mean()),
        float(after.mean()),
        error,
        bool(helped),
    )


class _Fork:
    """A copy of a training, which goes on by itself from the end of an epoch."""

    def __init__(self, patient: Patient, state: RunState) -> None:
        recipe = patient.recipe
        self._patient = patient
        self._rows = patient.data.rows(recipe.batch_size)
        tree = {name: array.copy() for name, array in state.tree.items()}
        self._sessions = Sessions(patient.data, self._rows, tree)
        self._batches = self._full_batches(recipe.seed if recipe.shuffle else None, state.epoch)
        self._broken = False

    def train(self, examples: int) -> None:
        """Go on for as many full batches as hold so many examples, at least one."""
        for arrays, order in islice(self._batches, max(1, examples // self._rows)):
            _, session = self._sessions.of(arrays, self._rows)
            loss = session.run_many(arrays, order)["loss"]
            if not np.isfinite(loss).all():
                self._broken = True
            if self._broken:
                return

    def scores(self, examples: Arrays) -> np.ndarray:
        """How bad it is on examples now; see `yardstick.scores`."""
        tree = {name: np.array(array) for name, array in self._sessions.first.read().items()}
        held = evaluated(self._patient.recipe, self._sessions.program, tree)
        if self._broken:
            held = {name: np.full_like(array, np.nan) for name, array in held.items()}
        return scores(self._patient, held, examples)

    def _full_batches(self, seed: int | None, epoch: int) -> Iterator[tuple[NamedArrays, np.ndarray]]:
        """(arrays, (1, rows) indices), epoch after epoch, without end."""
        for number in count(epoch + 1):
            with closing(self._patient.data.feed(self._rows, seed, number)) as parts:
                for part in parts:
                    if part.full:
                        for order in part.order:
                            yield part.arrays, order[None]
