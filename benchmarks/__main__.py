"""The command: python -m benchmarks."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.figures import commit, write_figures
from benchmarks.machine import physical_cores, processor
from benchmarks.measuring import Settings, measure
from benchmarks.options import listed, names
from benchmarks.peers import BEFORE, OURS, PEERS
from benchmarks.progress import Progress
from benchmarks.result import Result
from benchmarks.table import Printer
from benchmarks.workloads import WORKLOADS

_HELP = f"""\
How long one training step takes, side by side with other libraries, in one run on this machine.

Every library trains the same network from the same weights on the same batches, in a process of its
own. They take turns of a fraction of a second, and the medians are compared. A row whose losses differ
from ours is void.

Workloads, for --only:

{listed({each.name: each.meaning for each in WORKLOADS.values()})}

Rows, for --peers (those whose library is not installed are left out; `make bench` installs all):

{listed({name: entry.meaning for name, entry in PEERS.items()})}

Examples:

  make bench                                    all: long, most of it compiling
  python -m benchmarks --only table,digits      two workloads, all installed peers
  python -m benchmarks --peers jax --only big   ours and one peer
  python -m benchmarks --json figures.json      figures for a program too
  python -m benchmarks --before ../old          beside another checkout of this project, with its own .venv

Nothing else should run meanwhile: on a busy machine the medians mislead, and the column ± shows it.

Exit code: 0; 1 where a row is void or failed; 2 where the command line is wrong.
"""


def _rows(given: str | None, progress: Progress) -> list[str]:
    """Ours, and the peers that were named or are there."""
    chosen = names(given, PEERS, [name for name, entry in PEERS.items() if entry.usual], "--peers")
    missing = [name for name in chosen if not PEERS[name].installed]
    remedy = "`make bench` makes an environment that has them all"
    if missing and given is not None:
        raise typer.BadParameter(f"not installed: {', '.join(missing)}; {remedy}", param_hint="--peers")
    if missing:
        progress.tell(f"left out, because they are not installed: {', '.join(missing)}; {remedy}")
    return [OURS, *(name for name in chosen if name not in (OURS, *missing))]


def _checkout(before: Path | None) -> None:
    """typer.BadParameter unless this is a checkout that can run."""
    if before is None:
        return
    for needed in ("benchmarks/worker.py", ".venv/bin/python"):
        if not (before / needed).exists():
            raise typer.BadParameter(
                f"{before} has no {needed}; give a checkout of this project in which `make demo` ran",
                param_hint="--before",
            )


def run(
    only: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="These workloads.", show_default="all")
    ] = None,
    peers: Annotated[
        str | None,
        typer.Option(metavar="NAME,…", help="These rows, and ours.", show_default="all installed"),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the figures there too.", show_default=False),
    ] = None,
    repetitions: Annotated[int, typer.Option(min=1, help="Turns of each peer.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.001, help="Length of a turn, at least.")] = 0.3,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads, for every peer alike.", show_default="physical cores"),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Measure this checkout of the project, too.", show_default=False),
    ] = None,
    executor: Annotated[
        str, typer.Option(help="Of our row: native (numpy where it is not there) or numpy.")
    ] = "native",
) -> None:
    """Measure and print; the help text stands in _HELP."""
    names(executor, ("native", "numpy"), (), "--executor")
    if json_file is not None and not json_file.resolve().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {json_file.resolve().parent}", param_hint="--json")
    _checkout(before)
    progress = Progress()
    workloads = [WORKLOADS[name] for name in names(only, WORKLOADS, WORKLOADS, "--only")]
    rows = [*_rows(peers, progress), *([BEFORE] if before else [])]
    count = threads or physical_cores()
    settings = Settings(count, seconds, repetitions, executor, before)
    printer = Printer()
    printer.line(
        f"{processor()}, threads: {count}; medians of {repetitions} turns of at least {seconds:g} s, in turns"
    )
    results: list[Result] = []
    with progress:
        for workload in workloads:
            results.append(measure(workload, rows, settings, progress))
            progress.clear()
            printer.details(results[-1])
            if json_file is not None:
                figures = {each.workload.name: each.to_json() for each in results}
                write_figures(json_file, "bench", figures, _told(settings))
    printer.end(results, count)
    failed = any(reason.startswith("failed") for result in results for reason in result.absent.values())
    raise typer.Exit(int(failed or not all(result.agree for result in results)))


def _told(settings: Settings) -> dict[str, Any]:
    told = {name: value for name, value in asdict(settings).items() if name != "before"}
    return told | ({"before": commit(settings.before)} if settings.before else {})


def command() -> typer.Typer:
    """The command line."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    # \b keeps the lines of a list; the other paragraphs are broken where the terminal ends.
    app.command(help=_HELP.replace("\n\n  ", "\n\n\b\n  "))(run)
    return app


if __name__ == "__main__":
    command()(prog_name="python -m benchmarks")
