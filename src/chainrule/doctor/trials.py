"""Trials: repairs are tried on forks of a training, beside the unchanged run, on the same examples.

The unchanged run and all repairs go on for as many examples, or fewer where a repair makes each of them cost
more; the best third of the repairs goes on for as many again, and of these the best third (successive
halving: Jamieson and Talwalkar 2016). Compared is the yardstick of held-out examples, pairwise: each example
under the repair with the same under the unchanged run.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import count, islice, pairwise
from math import inf

import numpy as np

from chainrule.data import Arrays
from chainrule.doctor.costs import cost_of_example, steps_to_get_ready
from chainrule.doctor.yardstick import measuring_examples, scores
from chainrule.program import NamedArrays
from chainrule.training.attending import Patient, TrainingEndsError
from chainrule.training.findings import Trial
from chainrule.training.recipe import Recipe
from chainrule.training.sessions import Sessions
from chainrule.training.state import RunState
from chainrule.training.step import evaluated

DOUBT = 3.0
"""A repair helps beyond doubt where the yardstick falls by more than so many standard errors."""
_DOUBT_OF_ONE = 2.0
"""The same where a single question is asked: whether it goes on falling."""
MATTERS = 0.02
"""And it matters where it falls by more than this share. How much it will matter is judged at the planned
end."""
_REDUCTION = 3
_OPTIMISM, _STUCK = 0.95, 0.98
"""The score of the unchanged training is thought to fall by so much more with each doubling of its steps,
unless it no longer falls: what is left of it after one is more than the second."""
_STEEPEST, _MOST_DOUBLINGS = 0.7, 3.0
"""A repaired one is thought to fall to no less than this with each doubling, and for no more of them."""
IF_LONGER, IF_LONGER_AGAIN = 1 + 1 / 2 + 1 / 4, 3.0
"""Where training goes on beyond its planned end, three doublings are thought to bring as much as so many of
the last one: each half as much as the one before, or as much where more epochs have already helped."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A repair of one training, ready to be tried.

    repair: its name in REPAIRS. cause: that it is meant for. said: as a person reads it. patient, state: what
    training would go on with.
    """

    repair: str
    cause: str
    said: str
    patient: Patient
    state: RunState

    @property
    def recipe(self) -> Recipe:
        """What training would go on by."""
        return self.patient.recipe


@dataclass(frozen=True, eq=False)
class Verdict:
    """What became of the proposals.

    trials: one for each, in their order. ends: what the yardstick of each is thought to be at the planned end
    of the training, rather too bad. unchanged: the same of the unchanged training, rather too good. best: the
    number of the one with the best end among those that helped; None where none did. steps: done in all, and
    those that take as long as it took to make copies ready. tree: what its trial made of the best repair's
    parameters and state; {} where it changes neither.
    """

    trials: tuple[Trial, ...]
    ends: tuple[float, ...]
    unchanged: float
    best: int | None
    steps: int
    tree: Mapping[str, np.ndarray] = field(default_factory=dict)


def tried(
    patient: Patient,
    state: RunState,
    proposals: Sequence[Proposal],
    steps: int,
    planned: int,
    *,
    past: Sequence[tuple[int, float]] = (),
    level: float = inf,
    flat: bool = False,
) -> Verdict:
    """Try proposals for so many steps each, the better ones for twice and four times as many.

    state: of the training as it is, at the end of an epoch; it stays as it is. steps: at least 1. planned: of
    the whole training. past: (step, mean score) at earlier visits. level: the score of a constant answer; to
    fall to it is not to learn. flat: whether the training has learned nothing so far, and is not expected to.
    """
    examples = measuring_examples(patient)
    unchanged = Fork(patient, state)
    whole = cost_of_example(patient)
    forks = [Fork(each.patient, each.state, whole / cost_of_example(each.patient)) for each in proposals]
    left = list(range(len(forks)))
    batch, trained = patient.data.rows(patient.recipe.batch_size), 0
    done = steps_to_get_ready(patient) * (1 + len(forks))
    start = float(unchanged.measure(examples).mean())
    befores: dict[int, np.ndarray] = {}
    for until in (steps // 2, steps, 2 * steps, 4 * steps)[steps < 2 :]:
        if until > steps:
            # Where nothing has moved yet, chance alone would choose: the likelier causes come first.
            left.sort(
                key=lambda each: (
                    inf
                    if flat and not _is_beyond_doubt(unchanged.latest - forks[each].latest)
                    else forks[each].end(planned, level, unchanged.rise)
                )
            )
            del left[max(1, len(left) // _REDUCTION) :]
        more, trained = until - trained, until
        unchanged.train(more * batch)
        befores[trained] = unchanged.measure(examples)
        for each in left:
            forks[each].train(more * batch)
            forks[each].measure(examples)
        done += more * (1 + len(left))
    trials = tuple(
        _compared(
            each.said,
            each.cause,
            fork.steps(batch),
            befores[fork.steps(batch)],
            fork.latest,
        )
        for each, fork in zip(proposals, forks, strict=True)
    )
    ends = tuple(fork.end(planned, level, unchanged.rise) for fork in forks)
    helpful = [place for place, trial in enumerate(trials) if trial.helped]
    best = min(helpful, key=ends.__getitem__, default=None)
    at, half, now = state.step, trained // 2, float(befores[trained].mean())
    seen = [*past, (at, start), (at + half, float(befores[half].mean())), (at + trained, now)]
    end = now if flat or unchanged.broken else best_end(seen, planned, level)
    return Verdict(trials, ends, end, best, done, {} if best is None else forks[best].tree)


def steps_in_all(proposals: int) -> int:
    """How many times the steps that each proposal is tried for at first are done, the unchanged run's with
    them."""
    second = max(1, proposals // _REDUCTION)
    return 4 + proposals + second + 2 * max(1, second // _REDUCTION)


def best_end(seen: Sequence[tuple[int, float]], planned: int, level: float) -> float:
    """What the score of a training is thought to be at its planned end, rather too good.

    seen: (step, score), in order. What it does in a few steps may be chance, so how it falls with each
    doubling of the steps is seen over one at least, and it begins at the lowest score of the last two.
    level: of a constant answer.
    """
    *earlier, (last, now) = seen
    known = [each for each in earlier if each[0] > 0]
    first, before = next((each for each in reversed(known) if 2 * each[0] <= last), known[0])
    ratio = _ratio(min(before, level), min(now, level), first, last)
    ratio *= _OPTIMISM if ratio < _STUCK else 1.0
    return min(score for step, score in seen if 4 * step >= last) * ratio ** _doublings(last, planned)


def fall_if_longer(scores: Sequence[tuple[int, float]], times: float) -> float:
    """By what a score is thought to fall in eight times the steps; 0 where nobody knows.

    scores: (steps, score) at places of the training. times: as IF_LONGER.
    """
    (first, before), (last, now) = ((0, 0.0), *scores)[-2:]
    return now * (1 - _ratio(before, now, first, last) ** times) if 0 < first < last else 0.0


def _ratio(before: float, after: float, first: int, last: int) -> float:
    """By what a score changes while the steps double; at most 1."""
    return min(1.0, (after / max(before, 1e-12)) ** (1 / np.log2(last / first)))


def _doublings(steps: int, planned: int) -> float:
    return max(0.0, float(np.log2(planned / steps)))


def continued(patient: Patient, state: RunState, steps: int, proposal: Proposal, times: float) -> Verdict:
    """What the training as it is does in so many further steps, beside what it is now.

    state: at the end of training; it stays as it is. proposal: of more epochs, which begin as these steps do.
    times: as IF_LONGER.
    ends, unchanged: what the yardstick is thought to be after eight times the steps of the whole training,
    and what it is now.
    """
    examples, fork = measuring_examples(patient), Fork(patient, state)
    batch = patient.data.rows(patient.recipe.batch_size)
    before = fork.measure(examples)
    fork.train(steps * batch)
    trial = _compared(proposal.said, proposal.cause, steps, before, fork.measure(examples))
    ratio = max(_ratio(trial.before, trial.after, state.step, state.step + steps), _STEEPEST)
    sure = trial.before - trial.after > _DOUBT_OF_ONE * trial.error
    trial = replace(trial, helped=sure)
    done = steps + steps_to_get_ready(patient)
    end = trial.before * ratio**times
    return Verdict((trial,), (end,), trial.before, 0 if sure else None, done)


def beside_lowest(
    patient: Patient, now: np.ndarray, lowest: Mapping[str, np.ndarray], said: str, cause: str
) -> Verdict:
    """What a training is now, beside its own weights of an earlier epoch.

    now: the yardstick of every example that is measured with. lowest: the earlier parameters and state.
    """
    then = scores(patient, lowest, measuring_examples(patient))
    trial = _compared(said, cause, 0, now, then)
    return Verdict((trial,), (trial.after,), trial.before, 0 if trial.helped else None, 0)


def _compared(said: str, cause: str, steps: int, before: np.ndarray, after: np.ndarray) -> Trial:
    gain = before - after
    helped = _is_beyond_doubt(gain) and gain.mean() > MATTERS * before.mean()
    return Trial(said, cause, steps, float(before.mean()), float(after.mean()), _error(gain), bool(helped))


def _is_beyond_doubt(gain: np.ndarray) -> bool:
    """Whether the mean gain of all examples is more than chance."""
    return bool(gain.mean() > DOUBT * _error(gain))


def _error(gain: np.ndarray) -> float:
    """The standard error of the mean."""
    return float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else inf


class Fork:
    """A copy of a training, which goes on by itself from the end of an epoch.

    pace: how much less an example costs in the unchanged training, at most 1: it goes on for so many fewer.
    broken: whether a loss was not finite.
    """

    def __init__(self, patient: Patient, state: RunState, pace: float = 1.0) -> None:
        recipe = patient.recipe
        self._pace = min(1.0, pace)
        self._patient = patient
        self._rows = patient.data.rows(recipe.batch_size)
        tree = {name: array.copy() for name, array in state.tree.items()}
        self._sessions = Sessions(patient.data, self._rows, tree)
        self._batches = self._full_batches(recipe.seed if recipe.shuffle else None, state.epoch)
        self.broken = False
        self._trained = 0
        self._courses: list[tuple[int, float]] = []
        self.latest = np.empty(0)

    def train(self, examples: int) -> None:
        """Go on for as many full batches as hold so many examples, or as many as its pace makes of them.

        Raises TrainingEndsError where the training itself is to end.
        """
        self._trained += examples
        for arrays, order in islice(self._batches, max(1, int(self._pace * examples) // self._rows)):
            if self._patient.interrupted():
                raise TrainingEndsError
            _, session = self._sessions.of(arrays, self._rows)
            loss = session.run_many(arrays, order)["loss"]
            if not np.isfinite(loss).all():
                self.broken = True
            if self.broken:
                return

    def steps(self, batch: int) -> int:
        """How many it could go on for, in batches of the unchanged training."""
        return self._trained // batch

    @property
    def rise(self) -> float:
        """By how much its score rose at most from one measurement to the next, as a ratio of at least 1."""
        scores = [score for _, score in self._courses]
        return max((1.0, *(after / before for before, after in pairwise(scores) if before > 0)))

    def end(self, planned: int, level: float, chance: float) -> float:
        """What its score is thought to be at the planned end, rather too bad.

        It goes on falling for a few doublings of the steps since the repair, as it fell in the last one.
        level: of a constant answer. chance: as `rise` of the unchanged training; what falls by less may do so
        by chance.
        """
        (_, before), (_, now) = (self._courses[0], *self._courses)[-2:]
        ratio = max(min(1.0, chance * _ratio(min(before, level), min(now, level), 1, 2)), _STEEPEST)
        return now * ratio ** min(_doublings(self._trained // self._rows, planned), _MOST_DOUBLINGS)

    @property
    def tree(self) -> dict[str, np.ndarray]:
        """Its parameters and state now."""
        return {name: np.array(array) for name, array in self._sessions.first.read().items()}

    def measure(self, examples: Arrays) -> np.ndarray:
        """How bad it is on examples now; see `yardstick.scores`."""
        held = evaluated(self._patient.recipe, self._sessions.program, self.tree)
        if self.broken:
            held = {name: np.full_like(array, np.nan) for name, array in held.items()}
        self.latest = scores(self._patient, held, examples)
        self._courses.append((self._trained, float(self.latest.mean())))
        return self.latest

    def _full_batches(self, seed: int | None, epoch: int) -> Iterator[tuple[NamedArrays, np.ndarray]]:
        """(arrays, (1, rows) indices), epoch after epoch, without end."""
        for number in count(epoch + 1):
            with closing(self._patient.data.feed(self._rows, seed, number)) as parts:
                for part in parts:
                    if part.full:
                        for order in part.order:
                            yield part.arrays, order[None]
