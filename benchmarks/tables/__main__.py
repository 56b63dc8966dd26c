"""The command: python -m benchmarks.tables."""

import os
from pathlib import Path
from typing import Annotated

import typer
from threadpoolctl import threadpool_limits

from benchmarks.figures import write_figures
from benchmarks.machine import physical_cores, processor
from benchmarks.options import listed, names
from benchmarks.progress import Progress
from benchmarks.tables.measuring import measure, warm_up
from benchmarks.tables.peers import OURS, PEERS
from benchmarks.tables.printing import Printer
from benchmarks.tables.problems import TABLES, Problem, load_problem
from benchmarks.tables.results import Result
from chainrule.data import NAMED_TABLES
from chainrule.errors import ChainruleError

ROWS = 20_000
SEEDS = 5

_HELP = f"""\
How well our estimators learn real tables at their defaults, and how soon, beside scikit-learn's.

The same rows train and test everyone. The data are fetched once, as `chainrule data list` says.

Tables, for --only:

{listed({name: NAMED_TABLES[name].meaning for name in TABLES})}

Rows, for --peers (those whose library is not installed are left out; `make bench-tables` installs all):

{listed({name: peer.meaning for name, peer in PEERS.items()})}

Examples:

  make bench-tables                                     all
  python -m benchmarks.tables --only churn,ames         two tables
  python -m benchmarks.tables --peers trees --seeds 1   ours and one peer, one split
  python -m benchmarks.tables --json figures.json       figures for a program too

Nothing else should run meanwhile, or the seconds mislead.

Exit code: 0; 1 where a row failed; 2 where the command line is wrong or a table can't be had.
"""


def _rows(given: str | None, progress: Progress) -> list[str]:
    """Ours, and the peers that were named or are there."""
    chosen = names(given, PEERS, PEERS, "--peers")
    missing = [name for name in chosen if not PEERS[name].installed]
    remedy = "`make bench-tables` makes an environment that has them all"
    if missing and given is not None:
        raise typer.BadParameter(f"not installed: {', '.join(missing)}; {remedy}", param_hint="--peers")
    if missing:
        progress.tell(f"left out, because they are not installed: {', '.join(missing)}; {remedy}")
    return [OURS, *(name for name in chosen if name not in (OURS, *missing))]


def run(
    only: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="These tables.", show_default="all")
    ] = None,
    peers: Annotated[
        str | None,
        typer.Option(metavar="NAME,…", help="These rows, and ours.", show_default="all installed"),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write the figures there too.", show_default=False),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Splits: one for each seed from 0.")] = SEEDS,
    rows: Annotated[int, typer.Option(min=100, help="Rows of a large table that are used, at most.")] = ROWS,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads, for everyone alike.", show_default="physical cores"),
    ] = None,
) -> None:
    """Measure and print; the help text stands in _HELP."""
    if json_file is not None and not json_file.resolve().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {json_file.resolve().parent}", param_hint="--json")
    progress = Progress()
    tables = names(only, TABLES, TABLES, "--only")
    chosen = _rows(peers, progress)
    count = threads or physical_cores()
    # Of libraries that are loaded later; those that are there are told below.
    os.environ |= {name: str(count) for name in ("CHAINRULE_NUM_THREADS", "OMP_NUM_THREADS")}
    settings = {"seeds": seeds, "rows": rows, "threads": count}
    printer = Printer()
    printer.line(f"{processor()}, threads: {count}; splits: {seeds}; rows: {rows:,} at most")
    results: list[Result] = []
    with progress, threadpool_limits(count):
        warm_up(chosen, progress)
        for name in tables:
            results.append(measure(_problem(name, rows, progress), chosen, range(seeds), progress))
            progress.clear()
            printer.details(results[-1])
            if json_file is not None:
                figures = {result.name: result.to_json() for result in results}
                write_figures(json_file, "bench-tables", figures, settings)
    printer.end(results)
    raise typer.Exit(int(any(result.failed for result in results)))


def _problem(name: str, rows: int, progress: Progress) -> Problem:
    try:
        return load_problem(name, rows, progress.tell)
    except ChainruleError as error:
        raise typer.BadParameter(str(error), param_hint="--only") from None


def command() -> typer.Typer:
    """The command line."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    # \b keeps the lines of a list; the other paragraphs are broken where the terminal ends.
    app.command(help=_HELP.replace("\n\n  ", "\n\n\b\n  "))(run)
    return app


if __name__ == "__main__":
    command()(prog_name="python -m benchmarks.tables")
