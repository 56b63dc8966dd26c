"""The scores of the proving ground, with intervals."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean, median, stdev

import numpy as np

from benchmarks.doctor.judging import as_good, mean_figure
from benchmarks.doctor.listing import Entry
from benchmarks.doctor.methods import OURS, RANDOM, UNREPAIRED
from benchmarks.doctor.outcome import Outcome, alarmed, named_causes
from benchmarks.doctor.rules import AUTOTRAINER, DEEP_DIAGNOSIS, found_by

_Z = 1.959964  # of a normal distribution: 95 % lie within
_DRAWS = 2000
_BEYOND = 3.0  # deviations between seeds: what is farther off is no noise
_LEAST_POINTS, _LEAST_SHARE = 0.01, 0.02  # of accuracy and of loss: less than that is noise too
NOTHING = "nothing"
"""What the table of causes says where no cause was named."""


@dataclass(frozen=True)
class Case:
    """A program of the list with a seed, and what a method made of it."""

    entry: Entry
    seed: int
    outcome: Outcome


@dataclass(frozen=True)
class Share:
    """A share of programs with its 95 % interval. of: programs; each counts by the mean of its seeds."""

    value: float
    low: float
    high: float
    of: int


@dataclass(frozen=True)
class Ratio:
    """A ratio with its 95 % interval. middle: the median over programs."""

    value: float
    low: float
    high: float
    middle: float


@dataclass(frozen=True)
class Worse:
    """A program that a repair made worse. before, after: figures, or losses where both have one."""

    name: str
    seed: int
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Score:
    """How good a method is. None where it does not do what is counted, or nothing was measured.

    detected: of the faulty programs, those with a problem; alarmed: of the healthy ones. named: of the faulty
    ones, those whose cause is among the first two named. repaired: of the faulty ones, those that end as good
    as their twins. seconds: all of them over those of the healthy twins.
    worse: runs that a repair made worse. false_alarms: healthy programs with a problem, by name, and what was
    said. causes: by planted cause how often each cause was named first.
    """

    detected: Share | None = None
    alarmed: Share | None = None
    named: Share | None = None
    repaired: Share | None = None
    seconds: Ratio | None = None
    worse: tuple[Worse, ...] = ()
    false_alarms: tuple[tuple[str, str], ...] = ()
    causes: Mapping[str, Mapping[str, int]] | None = None


def scores(cases: Mapping[str, Sequence[Case]]) -> dict[str, Score]:
    """By row of the report: our doctor, both rivals with rules, random search, and no doctor.

    cases: by method; those that are missing are left out.
    """
    rows: dict[str, Score] = {}
    before = {(case.entry.name, case.seed): case.outcome for case in cases.get(UNREPAIRED, ())}
    if found := cases.get(OURS):
        rows[OURS] = replace(
            _diagnosing(found),
            repaired=_repaired(found),
            seconds=_slower(found),
            worse=worse_runs(found, before),
        )
    if found := cases.get(UNREPAIRED):
        for name in (AUTOTRAINER, DEEP_DIAGNOSIS):
            rows[name] = _diagnosing([_with_findings_of(name, case) for case in found])
    if found := cases.get(RANDOM):
        rows[RANDOM] = Score(repaired=_repaired(found), worse=worse_runs(found, before))
    if found := cases.get(UNREPAIRED):
        rows[UNREPAIRED] = Score(repaired=_repaired(found))
    return rows


def _diagnosing(cases: Sequence[Case]) -> Score:
    faulty = [case for case in cases if case.entry.faulty]
    healthy = [case for case in cases if not case.entry.faulty]
    return Score(
        detected=share_of(faulty, [alarmed(case.outcome.findings) for case in faulty]),
        alarmed=share_of(healthy, [alarmed(case.outcome.findings) for case in healthy]),
        named=share_of(
            faulty, [case.entry.cause in named_causes(case.outcome.findings)[:2] for case in faulty]
        ),
        false_alarms=tuple(
            (case.entry.name, ", ".join(found.symptom for found in case.outcome.findings))
            for case in healthy
            if alarmed(case.outcome.findings)
        ),
        causes=confusion(faulty),
    )


def _repaired(cases: Sequence[Case]) -> Share | None:
    faulty = [case for case in cases if case.entry.faulty]
    return share_of(faulty, [healed(case) for case in faulty])


def _with_findings_of(rival: str, case: Case) -> Case:
    return replace(case, outcome=replace(case.outcome, findings=found_by(rival, case.outcome.findings)))


def healed(case: Case) -> bool:
    """Whether a program ends as good as its healthy twin does on average."""
    twin = mean_figure(case.entry.twin_figures)
    return twin is not None and as_good(case.outcome.figure, twin, case.entry.base.classes)


def share_of(cases: Sequence[Case], hits: Sequence[bool]) -> Share | None:
    """The share of hits by program, with Wilson's interval (Wilson 1927) for as many programs."""
    by_program: dict[str, list[bool]] = defaultdict(list)
    for case, hit in zip(cases, hits, strict=True):
        by_program[case.entry.name].append(hit)
    if not by_program:
        return None
    count, value = len(by_program), fmean(fmean(each) for each in by_program.values())
    centre = (value + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * sqrt(value * (1 - value) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    return Share(value, max(0.0, centre - half), min(1.0, centre + half), count)


def _slower(cases: Sequence[Case]) -> Ratio | None:
    """All seconds over all of the twins, by program, with a bootstrap interval over programs."""
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for case in cases:
        if case.outcome.twin_seconds > 0:
            times[case.entry.name].append((case.outcome.seconds, case.outcome.twin_seconds))
    if not times:
        return None
    pairs = np.array([np.sum(each, axis=0) for each in times.values()])  # (programs, 2)
    random = np.random.default_rng(0)
    drawn = pairs[random.integers(0, len(pairs), (_DRAWS, len(pairs)))].sum(1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    total = pairs.sum(0)
    return Ratio(float(total[0] / total[1]), float(low), float(high), median(pairs[:, 0] / pairs[:, 1]))


def worse_runs(cases: Sequence[Case], before: Mapping[tuple[str, int], Outcome]) -> tuple[Worse, ...]:
    """Runs that end worse than the same program with the same seed without repair, by more than noise.

    Noise is a multiple of the deviation between the seeds of the list. Losses are compared where both
    predict probabilities or numbers, else figures.
    """
    found = []
    for case in cases:
        unrepaired = before.get((case.entry.name, case.seed))
        if unrepaired is None:
            continue
        one, other = unrepaired.loss, case.outcome.loss
        seeds, sign = case.entry.losses, 1.0
        if one is None or other is None:
            one, other, seeds = unrepaired.figure, case.outcome.figure, case.entry.figures
            sign = -1.0 if case.entry.base.classes else 1.0
        if one is None:
            continue
        least = _LEAST_POINTS if sign < 0 else _LEAST_SHARE * abs(one)
        if other is None or sign * (other - one) > max(least, _BEYOND * _deviation(seeds)):
            found.append(Worse(case.entry.name, case.seed, one, other))
    return tuple(found)


def _deviation(numbers: Sequence[float | None]) -> float:
    known = [number for number in numbers if number is not None]
    return stdev(known) if len(known) > 1 else 0.0


def confusion(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    """By planted cause: how often each cause was named first, NOTHING where none was."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        table[case.entry.cause][next(iter(named_causes(case.outcome.findings)), NOTHING)] += 1
    return {cause: dict(table[cause].most_common()) for cause in sorted(table)}
