"""The command: python -m benchmarks.doctor.choose. It writes programs.json, the list of programs."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Annotated

import numpy as np
import typer

from benchmarks.doctor.data import load
from benchmarks.doctor.faults import FAULTS, GRADES, IMPERFECTIONS, twin_and_faulty
from benchmarks.doctor.judging import as_good, better, hurts, mean_figure, steady
from benchmarks.doctor.listing import FILE, Entry, write_list
from benchmarks.doctor.measuring import Kept, Line, key_of, measure_all
from benchmarks.doctor.programs import Program, bases, hashed, written
from benchmarks.doctor.training import measured, trained
from benchmarks.machine import physical_cores
from benchmarks.progress import Progress
from chainrule.errors import ChainruleError

SEEDS = (0, 1, 2)
_RATES = (0.1, 1 / 3, 1.0, 3.0, 10.0)  # times the usual one
_IMPERFECT = 2  # healthy programs with an imperfection, for each without
_FAULTY = 16  # candidates for each cause
_SAMPLE = 12  # trainings by which the time is estimated
_ABOUT = 0.2  # times what counts as healed: learning rates that do not differ
_NEAR_BEST = 2.0  # times what counts as healed: networks on the same examples

_HELP = f"""\
Chooses the programs of the proving ground by measuring them, and writes {FILE.name}.

A healthy program is near the best that other learning rates, the best epoch's weights and the other networks
reach on the same data; what a fault is planted in must be clearly worse than its healthy twin with each of
{len(SEEDS)} seeds, or it is planted more gravely, or left out. Measurements are kept in a folder, and a
second start goes on; after a change of the data or the networks remove its choosing.jsonl. Nothing else
should run meanwhile, as seconds are noted, too.

Examples:

  python -m benchmarks.doctor.choose --estimate     how long all of it takes, after a minute
  python -m benchmarks.doctor.choose --jobs 2       two processes
"""


def measure(program: Program) -> Line:
    """Train it, and measure it on the test examples. busy: processor seconds, of all threads."""
    start = time.process_time()
    try:
        result = trained(program, watch=False)
    except ChainruleError as error:
        return {"figure": None, "loss": None, "seconds": 0.0, "busy": 0.0, "refused": str(error)}
    found = measured(result.run, program, load(program.examples).test)
    seconds, busy = round(result.seconds, 3), round(time.process_time() - start, 3)
    return {"figure": found.figure, "loss": found.loss, "seconds": seconds, "busy": busy, "refused": ""}


@dataclass(frozen=True)
class Bench:
    """Measures programs, and knows what was measured."""

    kept: Kept
    processes: int
    progress: Progress

    def measure(self, programs: Sequence[Program], what: str) -> None:
        """Measure those that are not known yet."""
        jobs = [(key_of(program), (program,)) for program in programs]
        measure_all(measure, jobs, self.kept, self.processes, self.progress, what)

    def line(self, program: Program) -> Line:
        """What was measured of one."""
        return self.kept[key_of(program)]

    def figures(self, program: Program) -> tuple[float | None, ...]:
        """With every seed."""
        return tuple(self.line(each)["figure"] for each in seeded(program))


def seeded(program: Program, seeds: Sequence[int] = SEEDS) -> list[Program]:
    """The same with each seed."""
    return [replace(program, seed=seed) for seed in seeds]


def settled(bench: Bench) -> list[Entry]:
    """Each base with the learning rate that is best, and the best epoch's weights where they are better."""
    drawn = [(name, written(*name)) for name in bases()]
    bench.measure([each for _, program in drawn for each in _rates(program)], "learning rates")
    with_rate = [(name, _with_best_rate(bench, program)) for name, program in drawn]
    bench.measure([_keeping_best(program) for _, program in with_rate], "weights of the best epoch")
    found = []
    for name, program in with_rate:
        last, best = (bench.line(each)["figure"] for each in (program, _keeping_best(program)))
        if program.keep == "last" and best is not None and not as_good(last, best, program.classes, 0.5):
            program = _keeping_best(program)
        found.append(Entry(*name, rate=program.rate, keep=program.keep))
    bench.measure([each for entry in found for each in seeded(entry.base)], "settled programs")
    return found


def healthy_bases(bench: Bench, entries: Sequence[Entry]) -> list[Entry]:
    """Those that are steady, and near the best on the same examples."""
    best: dict[tuple[str, int], float] = {}
    for entry in entries:
        mean, examples = mean_figure(bench.figures(entry.base)), (entry.data, entry.variant)
        if mean is not None and better(mean, best.get(examples), entry.base.classes):
            best[examples] = mean
    return [
        _measured_entry(bench, entry)
        for entry in entries
        if steady(figures := bench.figures(entry.base), entry.base.classes)
        and as_good(mean_figure(figures), best[entry.data, entry.variant], entry.base.classes, _NEAR_BEST)
    ]


def imperfect(bench: Bench, entries: Sequence[Entry]) -> list[Entry]:
    """Healthy programs with an imperfection, near the best that others reach on the same examples."""
    candidates: list[Entry] = []
    for entry in entries:
        ordered = sorted(IMPERFECTIONS, key=lambda name, entry=entry: hashed(name, entry.name))
        able = [name for name in ordered if IMPERFECTIONS[name](entry.base) not in (None, entry.base)]
        candidates += [replace(entry, imperfection=name) for name in able[:_IMPERFECT]]
    return [_measured_entry(bench, entry) for entry in _near_their_best(bench, candidates, "imperfections")]


def faulty(bench: Bench, entries: Sequence[Entry]) -> list[Entry]:
    """Programs that a fault makes clearly worse than their twins, which are healthy."""
    asked = list(_asked(entries))
    twins = {key_of(entry.twin): entry for entry in asked if entry.twin != entry.base}
    good = {key_of(entry.twin) for entry in _near_their_best(bench, list(twins.values()), "twins")}
    left = [entry for entry in asked if entry.twin == entry.base or key_of(entry.twin) in good]
    found: list[Entry] = []
    while left:
        bench.measure([entry.program for entry in left], "faults, first seed")
        hurt = [entry for entry in left if _hurt(bench, entry, SEEDS[:1])]
        bench.measure([each for entry in hurt for each in seeded(entry.program)], "faults, other seeds")
        found += [_measured_entry(bench, entry) for entry in hurt if _hurt(bench, entry, SEEDS)]
        names = {entry.name for entry in found}
        left = [
            graver
            for entry in left
            if entry.name not in names
            and (graver := _graver(entry)) is not None
            and graver.twin == entry.twin
        ]
    return list({entry.name: entry for entry in found}.values())


def _asked(entries: Sequence[Entry]) -> Iterator[Entry]:
    """For every cause some bases that can have it, the grades in turn."""
    for cause in FAULTS:
        count = 0
        for entry in sorted(entries, key=lambda each, cause=cause: hashed(cause, each.name)):
            grade = GRADES[count % len(GRADES)]
            if count < _FAULTY and twin_and_faulty(entry.base, cause, grade) is not None:
                yield replace(entry, cause=cause, grade=grade)
                count += 1


def _graver(entry: Entry) -> Entry | None:
    for grade in GRADES:
        if grade > entry.grade and twin_and_faulty(entry.base, entry.cause, grade) is not None:
            return replace(entry, grade=grade)
    return None


def _hurt(bench: Bench, entry: Entry, seeds: Sequence[int]) -> bool:
    """Whether the fault hurts; a program that can't be trained at all is no case for a doctor."""
    lines = [bench.line(each) for each in seeded(entry.program, seeds)]
    if any(line["refused"] for line in lines):
        return False
    return hurts([line["figure"] for line in lines], bench.figures(entry.twin), entry.base.classes)


def _near_their_best(bench: Bench, entries: Sequence[Entry], what: str) -> list[Entry]:
    """Those whose twins are steady, and as good as with other rates and the best epoch's weights."""
    bench.measure([each for entry in entries for each in (*_others(entry.twin), *seeded(entry.twin))], what)
    return [
        entry
        for entry in entries
        if steady(figures := bench.figures(entry.twin), entry.base.classes)
        and all(
            (line := bench.line(other))["figure"] is None
            or as_good(mean_figure(figures), line["figure"], entry.base.classes)
            for other in _others(entry.twin)
        )
    ]


def _measured_entry(bench: Bench, entry: Entry) -> Entry:
    lines = [bench.line(each) for each in seeded(entry.program)]
    twins = [bench.line(each) for each in seeded(entry.twin)]
    return replace(
        entry,
        figures=tuple(_rounded(line["figure"]) for line in lines),
        losses=tuple(_rounded(line["loss"]) for line in lines),
        twin_figures=tuple(_rounded(line["figure"]) for line in twins),
        seconds=round(fmean(line["seconds"] for line in twins), 2),
    )


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.5g}")


def _rates(program: Program) -> list[Program]:
    return [replace(program, rate=float(f"{times * program.rate:.3g}")) for times in _RATES]


def _others(program: Program) -> list[Program]:
    """What a twin is compared with."""
    return [
        replace(program, rate=program.rate / 3),
        replace(program, rate=3 * program.rate),
        _keeping_best(program),
    ]


def _keeping_best(program: Program) -> Program:
    return replace(program, keep="best", patience=None)


def _with_best_rate(bench: Bench, program: Program) -> Program:
    """With the rate in the middle of those that are about as good as the best."""
    tried = _rates(program)
    figures = [bench.line(each)["figure"] for each in tried]
    best = figures[0]
    for figure in figures[1:]:
        best = figure if better(figure, best, program.classes) else best
    good = [
        place
        for place, figure in enumerate(figures)
        if best is not None and as_good(figure, best, program.classes, _ABOUT)
    ]
    return tried[good[len(good) // 2]] if good else program


def trainings() -> int:
    """About how many there are in all: the most that may be, less what usually drops out."""
    count = len(bases())
    grid = count * (len(_RATES) + 1 + len(SEEDS) - 1)
    others = len(_others(written(*bases()[0]))) + len(SEEDS)
    return grid + count * _IMPERFECT * others + len(FAULTS) * _FAULTY * len(SEEDS)


def estimated(bench: Bench) -> float:
    """Minutes on a quiet machine, by some programs of every kind, which are trained."""
    names = sorted(bases(), key=lambda name: hashed("sample", *name))[:_SAMPLE]
    sample = [written(*name) for name in names]
    bench.measure(sample, "sample")
    return trainings() * fmean(bench.line(each)["busy"] for each in sample) / physical_cores() / 60


def told(entries: Sequence[Entry]) -> str:
    """What the list has, for a person."""
    bad = [entry for entry in entries if entry.faulty]
    lines = [f"{len(bad)} programs with a fault, {len(entries) - len(bad)} healthy"]
    for title, counted in (
        ("split", Counter(f"{entry.split}, {'faulty' if entry.faulty else 'healthy'}" for entry in entries)),
        ("data", Counter(entry.data for entry in entries)),
        ("family", Counter(entry.family for entry in entries)),
        ("fault", Counter(entry.cause for entry in bad)),
        ("grade", Counter(str(entry.grade) for entry in bad)),
        ("imperfection", Counter(entry.imperfection or "none" for entry in entries if not entry.faulty)),
    ):
        lines.append(f"{title}: " + ", ".join(f"{name} {count}" for name, count in sorted(counted.items())))
    seconds = np.quantile([entry.seconds for entry in entries], [0.05, 0.5, 0.95])
    lines.append("seconds of a training: {:.2f}, {:.2f}, {:.2f} (5, 50, 95 %)".format(*seconds))
    missing = sorted(set(FAULTS) - {entry.cause for entry in bad})
    return "\n".join(lines + ([f"no program has: {', '.join(missing)}"] if missing else []))


def main(
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where measurements are kept.")] = Path(
        "runs/bench-doctor"
    ),
    jobs: Annotated[int, typer.Option(min=1, help="Processes, each with its share of the cores.")] = 1,
    estimate: Annotated[bool, typer.Option("--estimate", help="Only say how long it takes.")] = False,
) -> None:
    with Progress() as progress:
        bench = Bench(Kept(folder / "choosing.jsonl"), jobs, progress)
        minutes = estimated(bench)
        progress.tell(f"about {trainings():,} trainings, {minutes:.0f} minutes where nothing else runs")
        if estimate:
            return
        good = healthy_bases(bench, settled(bench))
        entries = [*good, *imperfect(bench, good), *faulty(bench, good)]
    write_list(entries)
    print(f"{told(entries)}\n{FILE}")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(help=_HELP.replace("\n\n  ", "\n\n\b\n  "))(main)
    app(prog_name="python -m benchmarks.doctor.choose")
