"""The command: python -m benchmarks.doctor."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.doctor.choose import SEEDS
from benchmarks.doctor.listing import FILE, Entry, chosen, read_list
from benchmarks.doctor.measuring import Job, Kept, key_of, measure_all
from benchmarks.doctor.methods import BUDGET, METHODS, OURS, RANDOM, run_method
from benchmarks.doctor.outcome import Outcome
from benchmarks.doctor.printing import print_scores
from benchmarks.doctor.programs import SPLITS
from benchmarks.doctor.scoring import Case, scores
from benchmarks.figures import write_figures
from benchmarks.options import listed, names
from benchmarks.progress import Progress
from chainrule.errors import ChainruleError, did_you_mean

_HELP = f"""\
How well the doctor diagnoses and repairs programs with one planted fault, and how silent it is on healthy
ones.

The programs stand in {FILE.name}; `python -m benchmarks.doctor.choose` chose them by measuring them. Those of
the split 'final' are for the final figure alone: nothing is developed on them.

Methods, for --methods:

{listed({name: method.meaning for name, method in METHODS.items()})}

Examples:

  make bench-doctor                                            the split 'develop', one seed
  python -m benchmarks.doctor --only dead_units                programs whose name has that in it
  python -m benchmarks.doctor --split final --seeds 3 --jobs 2 --json figures.json

Outcomes are kept in a folder, a file a method, and a second start goes on from there. Remove the file of a
method to measure it anew, such as ours.jsonl after a change of the doctor. Nothing else should run meanwhile,
or the seconds mislead.

Exit code: 0; 1 where a method refuses a program; 2 where the command line is wrong.
"""


def run(
    split: Annotated[str, typer.Option(metavar="NAME", help=f"{' or '.join(SPLITS)}.")] = SPLITS[0],
    only: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Names that have it in them, such as 'digits/*/dead_units'."),
    ] = None,
    methods: Annotated[str | None, typer.Option(metavar="NAME,…", help="These.", show_default="all")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=len(SEEDS), help="Runs of each program.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Processes, each with its share of the cores.")] = 1,
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where outcomes are kept.")] = Path(
        "runs/bench-doctor"
    ),
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the figures there too.", show_default=False),
    ] = None,
) -> None:
    """Measure and print; the help text stands in _HELP."""
    if split not in SPLITS:
        raise typer.BadParameter(
            f"there is no '{split}'{did_you_mean(split, SPLITS)}; there are {', '.join(SPLITS)}",
            param_hint="--split",
        )
    asked = names(methods, METHODS, METHODS, "--methods")
    entries = chosen(_entries(), split, only)
    if not entries:
        what = f"no program of '{split}' has a name like '{only or '*'}'"
        raise typer.BadParameter(what, param_hint="--only")
    with Progress() as progress:
        cases: dict[str, list[Case]] = {}
        for name in METHODS:  # in their order: random search takes as many steps as ours took
            if name in asked:
                steps = {(case.entry.name, case.seed): case.outcome.steps for case in cases.get(OURS, ())}
                kept = Kept(folder / f"{name}.jsonl")
                try:
                    cases[name] = _measured(name, entries, seeds, steps, kept, jobs, progress)
                except ChainruleError as error:
                    progress.tell(f"{name}: {error}")
                    raise typer.Exit(1) from None
    found = scores(cases)
    print_scores(found)
    if json_file is not None:
        settings = {"split": split, "only": only, "seeds": seeds, "jobs": jobs, "programs": len(entries)}
        write_figures(
            json_file, "bench-doctor", {name: asdict(score) for name, score in found.items()}, settings
        )


def _measured(
    method: str,
    entries: Sequence[Entry],
    seeds: int,
    steps: dict[tuple[str, int], int],
    kept: Kept,
    jobs: int,
    progress: Progress,
) -> list[Case]:
    """What a method makes of every program. steps: that the doctor took, by name and seed."""
    wanted: list[tuple[Entry, int, Job]] = []
    for entry in entries:
        for seed in range(seeds):
            program, twin = (replace(each, seed=seed) for each in (entry.program, entry.twin))
            budget = 0
            if method == RANDOM:
                budget = steps.get((entry.name, seed), round(BUDGET * program.steps))
            job = (key_of(program, twin, budget), (method, program, twin, budget))
            wanted.append((entry, seed, job))
    measure_all(run_method, [job for _, _, job in wanted], kept, jobs, progress, method)
    return [Case(entry, seed, Outcome.from_plain(kept[key])) for entry, seed, (key, _) in wanted]


def _entries() -> list[Entry]:
    try:
        return read_list()
    except FileNotFoundError:
        remedy = "choose the programs: python -m benchmarks.doctor.choose"
        raise typer.BadParameter(f"there is no {FILE}; {remedy}", param_hint="programs") from None


def command() -> typer.Typer:
    """The command line."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    # \b keeps the lines of a list; the other paragraphs are broken where the terminal ends.
    app.command(help=_HELP.replace("\n\n  ", "\n\n\b\n  "))(run)
    return app


if __name__ == "__main__":
    command()(prog_name="python -m benchmarks.doctor")
