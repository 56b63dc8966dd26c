"""The command: python -m benchmarks.texts."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Annotated, Any

import typer

from benchmarks.figures import write_figures
from benchmarks.options import listed, names
from benchmarks.texts import classify
from chainrule.errors import ChainruleError

Measure = Callable[[int], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """What is measured. target: what ours should reach. sides: name -> (seed) -> figures."""

    meaning: str
    target: str
    sides: dict[str, Measure]


ROWS: dict[str, Row] = {
    "imdb": Row(
        "sentiment of films, half of the reviews to train on",
        "at least 92.0 % in at most 60 seconds of CPU",
        {
            "chainrule": lambda seed: classify.measure("imdb", "bag", seed),
            "nb-svm": lambda seed: classify.measure_nbsvm("imdb", seed),
        },
    ),
    "imdb-transformer": Row(
        "the same by a small transformer",
        "for comparison",
        {"chainrule": lambda seed: classify.measure("imdb", "transformer", seed)},
    ),
    "bbc-topics": Row(
        "topics of news",
        "for comparison",
        {
            "chainrule": lambda seed: classify.measure("bbc-topics", "bag", seed),
            "nb-svm": lambda seed: classify.measure_nbsvm("bbc-topics", seed),
        },
    ),
}

_HELP = f"""\
How well the task on texts learns, by its defaults, beside NB-SVM by scikit-learn.

Rows, for --only:

{listed({name: f"{row.meaning}: {row.target}" for name, row in ROWS.items()})}

Examples:

  make bench-text ARGS="--only imdb"
  make bench-text ARGS="--only bbc-topics --seeds 1 --json figures.json"

Exit code: 0; 2 where the command line is wrong or texts can't be had.
"""


def main(
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
        found[name] = {"target": ROWS[name].target}
        for side, measure in ROWS[name].sides.items():
            runs: list[dict[str, Any]] = []
            for seed in range(seeds):
                try:
                    runs.append({"seed": seed} | measure(seed))
                except ChainruleError as error:
                    raise typer.BadParameter(str(error), param_hint="--only") from None
                print(f"{name}, {side}: {json.dumps(runs[-1])}", flush=True)
                accuracies, seconds = ([run[key] for run in runs] for key in ("accuracy", "cpu_seconds"))
                found[name][side] = {
                    "mean": fmean(accuracies),
                    "deviation": pstdev(accuracies),
                    "cpu_seconds": fmean(seconds),
                    "runs": runs,
                }
                if json_file is not None:
                    write_figures(json_file, "bench-text", found, {"seeds": seeds})
            each = found[name][side]
            print(
                f"{name}, {side}: {100 * each['mean']:.2f} ± {100 * each['deviation']:.2f} % accuracy in "
                f"{each['cpu_seconds']:.1f} s of CPU"
            )


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(help=_HELP)(main)
    app()
