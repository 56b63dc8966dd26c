"""The command: python -m benchmarks.sounds."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Annotated, Any

import typer

from benchmarks.figures import write_figures
from benchmarks.options import listed, names
from benchmarks.sounds import digits
from chainrule.errors import ChainruleError

Measure = Callable[[str, int], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """What is measured. target: what ours should reach. sides: name -> (folder, seed) -> figures."""

    meaning: str
    target: str
    sides: Mapping[str, Measure]


ROWS: dict[str, Row] = {
    "digits": Row(
        "spoken digits, the official split: recordings 0 to 4 of each speaker and digit are test",
        "at least 99 %, in under 10 minutes",
        {"chainrule": digits.official, "mfcc-svm": digits.official_svm},
    ),
    "speakers": Row(
        "spoken digits, the mean of six speakers, each left out of training",
        "at least 88 %, in under 10 minutes",
        {"chainrule": digits.by_speaker, "mfcc-svm": digits.by_speaker_svm},
    ),
}

_HELP = f"""\
How well spoken digits are told apart, by the defaults of the task; beside a support vector machine on MFCC.

Rows, for --only:

{listed({name: f"{row.meaning}: {row.target}" for name, row in ROWS.items()})}

The recordings are those of the Free Spoken Digit Dataset (the repository free-spoken-digit-dataset), a folder
that you fetch yourself. Nothing else should run meanwhile.

Examples:

  make bench-sound ARGS="--fsdd recordings"
  make bench-sound ARGS="--fsdd recordings --only digits --seeds 1 --json figures.json"

Exit code: 0; 2 where the command line is wrong or sounds can't be had.
"""


def main(
    fsdd: Annotated[Path, typer.Option(metavar="FOLDER", help="The recordings, such as 7_theo_12.wav.")],
    only: Annotated[
        str | None, typer.Option(metavar="ROWS", help="Names with commas; all by default.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each row.")] = 3,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures, after each run.")
    ] = None,
) -> None:
    found: dict[str, Any] = {}
    for name in names(only, ROWS, ROWS, "--only"):
        row = ROWS[name]
        found[name] = {"target": row.target}
        for side, measure in row.sides.items():
            runs: list[dict[str, Any]] = []
            for seed in range(seeds):
                try:
                    runs.append({"seed": seed} | measure(str(fsdd), seed))
                except ChainruleError as error:
                    raise typer.BadParameter(str(error), param_hint="--fsdd") from None
                print(f"{name}, {side}: {json.dumps(runs[-1])}", flush=True)
                found[name][side] = _summary(runs) | {"runs": runs}
                if json_file is not None:
                    write_figures(json_file, "bench-sound", found, {"seeds": seeds})
            each = found[name][side]
            print(
                f"{name}, {side}: {100 * each['accuracy']:.2f} ± {100 * each['deviation']:.2f} %, "
                f"{each['seconds']:.0f} s"
            )


def _summary(runs: list[dict[str, Any]]) -> dict[str, float]:
    shares = [run["accuracy"] for run in runs]
    seconds = fmean(run["seconds"] for run in runs)
    return {"accuracy": fmean(shares), "deviation": pstdev(shares), "seconds": seconds}


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(help=_HELP)(main)
    app()
