"""The command: python -m benchmarks.texts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, pstdev
from typing import Annotated, Any

import typer

from benchmarks.figures import write_figures
from benchmarks.options import listed, names
from benchmarks.texts import classify, generate, translate
from chainrule.errors import ChainruleError

Measure = Callable[[str, int], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """What is measured.

    source: a named set, or the option of the command that names a file of one's own. target: what ours should
    reach. figures: those that are summed up. sides: name -> (source, seed) -> figures.
    """

    meaning: str
    source: str
    target: str
    figures: tuple[str, ...]
    sides: Mapping[str, Measure]


_CLASSES = ("accuracy", "cpu_seconds")
_WRITING = ("loss", "seconds", "tokens_per_second", "written_per_second")


def _shakespeare(minutes: float, target: str) -> Row:
    sides = {
        "chainrule": lambda source, seed: generate.measure(source, minutes, seed),
        "pytorch": lambda source, seed: generate.measure_pytorch(source, minutes, seed),
    }
    meaning = f"a language model of characters, {minutes:g} minutes"
    return Row(meaning, "--shakespeare", target, _WRITING, sides)


def _translation(source: str, meaning: str, minutes: float, target: str, figures: tuple[str, ...]) -> Row:
    sides = {
        "chainrule": lambda source, seed: translate.measure(source, minutes, seed),
        "pytorch": lambda source, seed: translate.measure_pytorch(source, minutes, seed),
    }
    return Row(f"{meaning}, {minutes:g} minutes", source, target, (*figures, "seconds"), sides)


ROWS: dict[str, Row] = {
    "imdb": Row(
        "sentiment of films, half of the reviews to train on",
        "imdb",
        "at least 92.0 % in at most 60 seconds of CPU",
        _CLASSES,
        {"chainrule": partial(classify.measure, network="bag"), "nb-svm": classify.measure_nbsvm},
    ),
    "imdb-transformer": Row(
        "the same by a small transformer",
        "imdb",
        "for comparison",
        _CLASSES,
        {"chainrule": partial(classify.measure, network="transformer")},
    ),
    "bbc-topics": Row(
        "topics of news",
        "bbc-topics",
        "for comparison",
        _CLASSES,
        {"chainrule": partial(classify.measure, network="bag"), "nb-svm": classify.measure_nbsvm},
    ),
    "shakespeare-10": _shakespeare(10, "at most 1.60 nats, and below PyTorch"),
    "shakespeare-60": _shakespeare(60, "at most 1.50 nats"),
    "verses": _translation(
        "kjv-spanish",
        "English verses to Spanish",
        60,
        "BLEU at least 20, and above PyTorch",
        ("bleu", "chrf"),
    ),
    "software": _translation(
        "software-spanish", "messages to Spanish", 60, "BLEU at least 30, and above PyTorch", ("bleu", "chrf")
    ),
    "cmudict": _translation(
        "cmudict", "how words sound", 30, "at most 31 % of words wrong", ("wrong_texts", "symbol_error_rate")
    ),
}

_HELP = f"""\
How well the tasks on texts learn, by their defaults, beside other methods and PyTorch.

Rows, for --only:

{listed({name: f"{row.meaning}: {row.target}" for name, row in ROWS.items()})}

All rows take hours. Nothing else should run meanwhile, or less fits into the minutes. Tiny Shakespeare
(input.txt of the repository karpathy/char-rnn) is a file that you fetch yourself.

Examples:

  make bench-text ARGS="--only imdb"
  make bench-text ARGS="--only shakespeare-10 --shakespeare input.txt --seeds 1 --json figures.json"

Exit code: 0; 2 where the command line is wrong or texts can't be had.
"""


def main(
    only: Annotated[
        str | None, typer.Option(metavar="ROWS", help="Names with commas; all by default.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each row.")] = 3,
    sides: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Such as chainrule; all by default.")
    ] = None,
    shakespeare: Annotated[Path | None, typer.Option(metavar="FILE", help="The text.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures, after each run.")
    ] = None,
) -> None:
    found: dict[str, Any] = {}
    files = {"--shakespeare": shakespeare}
    for name in names(only, ROWS, ROWS, "--only"):
        row = ROWS[name]
        source = files.get(row.source, row.source)
        if source is None:
            if only is not None:
                raise typer.BadParameter(f"the row {name} needs a file", param_hint=row.source)
            print(f"{name}: left out, because {row.source} names no file")
            continue
        found[name] = {"target": row.target}
        for side in names(sides, row.sides, row.sides, "--sides"):
            runs: list[dict[str, Any]] = []
            for seed in range(seeds):
                try:
                    runs.append({"seed": seed} | row.sides[side](str(source), seed))
                except ChainruleError as error:
                    raise typer.BadParameter(str(error), param_hint="--only") from None
                print(f"{name}, {side}: {json.dumps(runs[-1])}", flush=True)
                found[name][side] = {"runs": runs} | {
                    figure: _summary([run[figure] for run in runs]) for figure in row.figures
                }
                if json_file is not None:
                    write_figures(json_file, "bench-text", found, {"seeds": seeds})
            told = (f"{figure} {_told(found[name][side][figure])}" for figure in row.figures)
            print(f"{name}, {side}: {', '.join(told)}")


def _summary(values: list[float]) -> dict[str, float]:
    return {"mean": fmean(values), "deviation": pstdev(values)}


def _told(summary: Mapping[str, float]) -> str:
    return f"{summary['mean']:.4g} ± {summary['deviation']:.2g}"


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(help=_HELP)(main)
    app()
