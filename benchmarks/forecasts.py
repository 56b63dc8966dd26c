"""The command: python -m benchmarks.forecasts."""

import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import long_horizons
from benchmarks.dlinear import Fitted, fit_dlinear
from benchmarks.figures import write_figures
from benchmarks.progress import Progress
from chainrule.errors import ChainruleError, did_you_mean
from chainrule.estimators import NetForecaster

if TYPE_CHECKING:
    import pandas as pd

NETWORK = "network"
SEASONAL = "seasonal naive"


@dataclass(frozen=True)
class Problem:
    """Series to forecast, and when.

    data: the name of a data set. meaning: one line. target, time, series, covariates: columns. horizon:
    steps.
    folds: of the back-test. every: steps between them.
    """

    data: str
    meaning: str
    target: str
    time: str
    horizon: int
    folds: int
    every: int
    series: str | None = None
    covariates: tuple[str, ...] = ()


_WEATHER = ("tmin", "tmax", "pn")
PROBLEMS = {
    "rossmann": Problem(
        data="rossmann",
        meaning="daily sales of 100 shops, six weeks ahead; opening days, promotions, holidays are known",
        target="Sales",
        time="Date",
        series="Store",
        covariates=("Open", "Promo", "SchoolHoliday"),
        horizon=42,
        folds=6,
        every=42,
    ),
    "bike": Problem(
        data="bike",
        meaning="bicycles hired an hour, a week ahead, every sixth week of a year; with the day's weather",
        target="count",
        time="ts",
        covariates=_WEATHER,
        horizon=168,
        folds=8,
        every=1008,
    ),
    "bike-without-weather": Problem(
        data="bike",
        meaning="the same, from its own past and the calendar alone",
        target="count",
        time="ts",
        horizon=168,
        folds=8,
        every=1008,
    ),
}

_HELP = f"""\
How good NetForecaster's forecasts are at its defaults, beside baselines that learn nothing.

Each fold learns from all that was known before it, forecasts what follows, and is measured by the mean
absolute scaled error (MASE, in units of the seasonal naive forecast's error in the past; lower is better).
Weather is what was measured, not what was forecast then. The data are fetched once, as `chainrule data list`
says.

With --papers FOLDER, which holds ETTh1.csv and ETTh2.csv as their authors publish them, it measures instead
what the papers on long horizons do: 12 months to train, 4 to validate and 4 to test, mean squared and
absolute error over all test windows, 96 to 720 hours ahead. The look-back is chosen by the
validation part with the first network and seed, then the network; the test part is forecast with every seed.

Problems, for --only:

{chr(10).join(f"  {name:<22}{problem.meaning}" for name, problem in PROBLEMS.items())}

Examples:

  make bench-forecasts                                 all: some minutes
  python -m benchmarks.forecasts --only rossmann       one problem
  python -m benchmarks.forecasts --json figures.json   figures for a program too
  python -m benchmarks.forecasts --papers ett          ETTh1 and ETTh2: many minutes
  python -m benchmarks.forecasts --papers ett --only ETTh2 --horizon 96

Exit code: 0; 1 where a fold is no better than the seasonal naive forecast of the shortest season, or an error
above PatchTST's; 2 where the
command line is wrong or the data can't be had.
"""


def load(name: str) -> "pd.DataFrame":
    """A named data set; DataError where it can't be had."""
    from chainrule.data import load_named

    return load_named(name).frame


def measure(problem: Problem, frame: "pd.DataFrame", seed: int) -> "pd.DataFrame":
    """The back-test of a problem: a row for each fold and model."""
    frame = frame.sort_values(
        [problem.time, *([problem.series] if problem.series else [])], ignore_index=True
    )
    columns = [problem.time, *([problem.series] if problem.series else []), *problem.covariates]
    forecaster = NetForecaster(
        time=problem.time, series=problem.series, horizon=problem.horizon, random_state=seed
    )
    return forecaster.backtest(
        frame[columns], frame[problem.target], folds=problem.folds, every=problem.every
    )


def better_folds(scores: "pd.DataFrame") -> dict[str, int]:
    """In how many folds the network's error is lower than each seasonal naive one, shortest season first."""
    errors = scores.pivot(index="fold", columns="model", values="mase")
    rivals = [name for name in scores["model"].unique() if name.startswith(SEASONAL)]
    return {name: int((errors[NETWORK] < errors[name]).sum()) for name in rivals}


def printed(name: str, problem: Problem, scores: "pd.DataFrame", seconds: float, console: Console) -> None:
    """One table for a person."""
    models = list(scores["model"].unique())
    table = Table(title=f"{name}: {problem.meaning}", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("known until", no_wrap=True)
    for model in models:
        table.add_column(model, justify="right")
    for _, fold in scores.groupby("fold"):
        errors = fold.set_index("model")["mase"]
        best = errors.min()
        cells = [f"[bold]{errors[m]:.3f}[/]" if errors[m] == best else f"{errors[m]:.3f}" for m in models]
        table.add_row(f"{fold['known_until'].iloc[0]:%Y-%m-%d %H:%M}", *cells)
    means = scores.groupby("model")[["mase", "pinball", "coverage"]].mean()
    table.add_section()
    for label, column in (
        ("mean MASE", "mase"),
        ("pinball, scaled", "pinball"),
        ("coverage of 80 %", "coverage"),
    ):
        table.add_row(label, *(f"{means.loc[model, column]:.3f}" for model in models))
    console.print(table)
    counts = ", ".join(
        f"{count} of {problem.folds} than {rival}" for rival, count in better_folds(scores).items()
    )
    console.print(f"lower error in {counts}; {seconds:.0f} s in all\n")


def _papers(
    folder: Path,
    only: str | None,
    json_file: Path | None,
    horizons: Sequence[int],
    seeds: range,
    *,
    peer: bool,
) -> NoReturn:
    """Measure by the papers' protocol, print, and end."""
    for horizon in horizons:
        if horizon not in long_horizons.HORIZONS:
            raise typer.BadParameter(
                f"there is no {horizon}; there are {', '.join(map(str, long_horizons.HORIZONS))}",
                param_hint="--horizon",
            )
    progress, console = Progress(), Console(highlight=False)
    cells: list[long_horizons.Cell] = []
    peers: list[Fitted] = []
    for name in _chosen(only, long_horizons.PUBLISHED):
        try:
            values = long_horizons.standardized(folder, name)
        except ChainruleError as error:
            progress.tell(str(error))
            raise typer.Exit(2) from None
        for horizon in horizons:
            cells.append(long_horizons.measure(name, values, horizon, seeds, tell=progress))
            if peer:
                progress(f"{name}, {horizon} hours ahead: DLinear in PyTorch")
                peers.append(fit_dlinear(values, horizon, seeds[0]))
            if json_file is not None:
                plain = [
                    cell.plain() | ({"dlinear_in_pytorch": vars(beside)} if beside else {})
                    for cell, beside in zip_longest(cells, peers)
                ]
                write_figures(json_file, "bench-forecasts-papers", plain, {"seeds": list(seeds)})
    progress.clear()
    printed_papers(cells, console)
    for cell, beside in zip(cells, peers, strict=False):
        console.print(
            f"{cell.data}, {cell.horizon} hours ahead: DLinear in PyTorch {beside.squared:.4f} after "
            f"{beside.seconds:.1f} s ({beside.epochs} epochs)"
        )
    raise typer.Exit(int(any(cell.squared > cell.published["PatchTST"] for cell in cells)))


def printed_papers(cells: Sequence[long_horizons.Cell], console: Console) -> None:
    """The errors of every cell beside the published ones."""
    table = Table(title="mean squared error over all test windows", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("data", "hours ahead", "chainrule", "deviation", "absolute", *next(iter(cells)).published):
        table.add_column(column, justify="left" if column == "data" else "right")
    table.add_column("chosen by validation")
    table.add_column("seconds a fit", justify="right")
    for cell in cells:
        best, plain = cell.tried[0], cell.plain()
        table.add_row(
            cell.data,
            str(cell.horizon),
            f"{cell.squared:.4f}",
            f"{plain['deviation']:.4f}",
            f"{plain['mean_absolute_error']:.4f}",
            *(f"{error:.3f}" for error in cell.published.values()),
            f"{best.network} from {best.lags}",
            f"{sum(cell.seconds) / len(cell.seconds):.1f}",
        )
    console.print(table)
    for rival in cells[0].published:
        count = sum(cell.squared <= cell.published[rival] for cell in cells)
        console.print(f"at most {rival}'s error in {count} of {len(cells)}")


def _chosen(only: str | None, known: Collection[str]) -> list[str]:
    names = list(known) if only is None else [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise typer.BadParameter(
                f"there is no '{name}'{did_you_mean(name, known)}; there are {', '.join(known)}",
                param_hint="--only",
            )
    return names


def run(
    only: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="These problems.", show_default="all")
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the figures there too.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the networks' weights and windows.")] = 0,
    papers: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Measure by the papers' protocol.", show_default=False),
    ] = None,
    horizon: Annotated[
        list[int] | None,
        typer.Option(help="With --papers: this one; may be repeated.", show_default="all"),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="With --papers: how many, from --seed on.")] = 3,
    peer: Annotated[
        bool, typer.Option("--peer", help="With --papers: fit DLinear in PyTorch, too (make pytorch).")
    ] = False,
) -> None:
    """Measure and print; the help text stands in _HELP."""
    if papers is not None:
        horizons = horizon or list(long_horizons.HORIZONS)
        _papers(papers, only, json_file, horizons, range(seed, seed + seeds), peer=peer)
    names = _chosen(only, PROBLEMS)
    progress, console = Progress(), Console(highlight=False)
    found: dict[str, Any] = {}
    worse = False
    for name in names:
        problem = PROBLEMS[name]
        progress(f"{name}: {problem.folds} folds")
        start = time.perf_counter()
        try:
            scores = measure(problem, load(problem.data), seed)
        except ChainruleError as error:
            progress.tell(f"{name}: {error}")
            raise typer.Exit(2) from None
        progress.clear()
        printed(name, problem, scores, time.perf_counter() - start, console)
        shortest = next(iter(better_folds(scores).values()))
        worse = worse or shortest < problem.folds
        found[name] = json.loads(scores.to_json(orient="records", date_format="iso"))
        if json_file is not None:
            write_figures(json_file, "bench-forecasts", found, {"seed": seed})
    raise typer.Exit(int(worse))


def command() -> typer.Typer:
    """The command line."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    # \b keeps the lines of a list; the other paragraphs are broken where the terminal ends.
    app.command(help=_HELP.replace("\n\n  ", "\n\n\b\n  "))(run)
    return app


if __name__ == "__main__":
    command()(prog_name="python -m benchmarks.forecasts")
