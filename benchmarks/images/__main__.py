"""The command: python -m benchmarks.images."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Annotated, Any

import typer

from benchmarks.figures import write_figures
from benchmarks.images import classify, faces
from benchmarks.options import listed, names
from chainrule.errors import ChainruleError

Measure = Callable[[str, float, int], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """What is measured. source: a named set, or the option that names a folder. figure: the one that counts.

    target: what it should reach. seeds: how many runs. measure: (source, minutes, seed) -> figures.
    rival: the same in PyTorch.
    """

    meaning: str
    source: str
    minutes: float
    figure: str
    target: str
    seeds: int
    measure: Measure
    rival: Measure | None = None


ROWS: dict[str, Row] = {
    "mnist": Row("digits", "mnist", 10, "accuracy", "at least 99.5 %", 3, classify.measure),
    "fashion": Row("clothes", "fashion", 10, "accuracy", "at least 93.5 %", 3, classify.measure),
    "cifar10-12": Row("objects", "cifar10", 12, "accuracy", "at least 90 %", 1, classify.measure),
    "cifar10-45": Row("objects", "cifar10", 45, "accuracy", "at least 94 %", 1, classify.measure),
    "cifar10-10": Row(
        "objects, beside PyTorch",
        "cifar10",
        10,
        "accuracy",
        "3 points above PyTorch",
        1,
        classify.measure,
        classify.measure_pytorch,
    ),
    "faces": Row(
        "pairs of ten unseen people, mean of four choices",
        faces.SET,
        10,
        "equal_error_rate",
        "at most 6 %",
        3,
        faces.measure,
    ),
}

_HELP = f"""\
How well the tasks on images learn within minutes, by their defaults; beside PyTorch where a row has a rival.

Rows, for --only:

{listed({name: f"{row.meaning}, {row.minutes:g} minutes: {row.target}" for name, row in ROWS.items()})}

All rows take hours. Nothing else should run meanwhile, or what fits into the minutes is less.

Examples:

  make bench-images ARGS="--only mnist --seeds 1"
  make bench-images ARGS="--only cifar10-10 --json figures.json"

Exit code: 0; 2 where the command line is wrong or images can't be had.
"""


def main(
    only: Annotated[
        str | None, typer.Option(metavar="ROWS", help="Names with commas; all by default.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Runs of each row; by default as it has.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="By default as the row has.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures, after each run.")
    ] = None,
) -> None:
    found: dict[str, Any] = {}
    settings = {"seeds": seeds, "minutes": minutes}
    for name in names(only, ROWS, ROWS, "--only"):
        row = ROWS[name]
        sides = {"chainrule": row.measure} | ({"pytorch": row.rival} if row.rival else {})
        found[name] = {"target": row.target, "minutes": minutes or row.minutes}
        for side, measure in sides.items():
            runs: list[dict[str, Any]] = []
            for seed in range(seeds or row.seeds):
                try:
                    runs.append({"seed": seed} | measure(row.source, minutes or row.minutes, seed))
                except ChainruleError as error:
                    raise typer.BadParameter(str(error), param_hint="--only") from None
                print(f"{name}, {side}: {json.dumps(runs[-1])}", flush=True)
                found[name][side] = _summary([run[row.figure] for run in runs]) | {"runs": runs}
                if json_file is not None:
                    write_figures(json_file, "bench-images", found, settings)
            each = found[name][side]
            print(f"{name}, {side}: {100 * each['mean']:.2f} ± {100 * each['deviation']:.2f} % {row.figure}")


def _summary(values: list[float]) -> dict[str, float]:
    return {"mean": fmean(values), "deviation": pstdev(values)}


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(help=_HELP)(main)
    app()
