"""The results for a person."""

from collections.abc import Sequence
from statistics import mean

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.machine import crowded
from benchmarks.peers import BEFORE, OURS
from benchmarks.problem import CHECKED_STEPS
from benchmarks.result import LEVEL_TOLERANCE, TOLERANCE, Measurement, Result

_WIDTH = 112  # where there is no terminal that says

_LEGEND = """\
÷ ours      the row's time over ours: above 1, ours is faster.
±           half the distance between the slowest and the fastest block.
cores       processor cores busy while it trained.
of rate     what its matrix products alone reach, of what this machine reached in the same run on as many
            threads as the row used: 2048³, float32, NumPy.
first step  from the description of the network to the end of the first step, compilation included and
            loading the library not; of JAX: to the end of the first epoch. In no other column.
differs     the largest relative difference between the row's and our losses in the first {steps}
            steps, from the same weights, on the same batches. Above {tolerance:g} the row is void. With
            dropout this is measured at rate 0, since every library draws masks of its own; at the real
            rate, which is timed, the mean loss of these steps must agree within {level:.0%}."""


class Printer:
    """Writes on standard output."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, markup=False)
        if not self._console.is_terminal:
            self._console = Console(highlight=False, markup=False, width=_WIDTH)

    def line(self, text: str) -> None:
        """A line, and an empty one."""
        self._console.print(text + "\n")

    def details(self, result: Result) -> None:
        """All rows of a workload."""
        self._console.print(_details(result))

    def end(self, results: Sequence[Result], threads: int) -> None:
        """Ours against the best peer, what the columns mean, and whether the machine was quiet."""
        self._console.print(_summary(results))
        versions = {row.version: None for result in results for row in result.rows.values()}
        self.line(", ".join(versions))
        others = mean(result.others for result in results)
        if crowded(others, threads):
            self._console.print(
                f"Other processes kept {others:.1f} cores of this machine busy meanwhile: do not trust these "
                "times; run it again when the machine is quiet.\n",
                style="bold red",
            )
        legend = _LEGEND.format(steps=CHECKED_STEPS, tolerance=TOLERANCE, level=LEVEL_TOLERANCE)
        self._console.print(legend, style="dim")


def _details(result: Result) -> Table:
    workload = result.workload
    rates = ", ".join(f"{result.rate(n) / 1e9:.0f} GF/s on {n}" for n in sorted(result.products))
    title = Text.assemble((workload.name, "bold"), f": {workload.meaning}\nmatrix product: {rates}")
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for column in ("µs a step", "±", "÷ ours", "cores", "of rate", "first step", "differs"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("how")
    for name, row in result.rows.items():
        table.add_row(*_cells(result, name, row), style="bold" if name == OURS else None)
    for name, reason in result.absent.items():
        table.add_row(name, "–", *[""] * 6, Text(reason), style="dim")
    return table


def _cells(result: Result, name: str, row: Measurement) -> list[str | Text]:
    void = result.void(name)
    difference, share = result.difference(name), result.share(name)
    compared = result.ours is not None and void is None
    return [
        name,
        f"{row.middle:,.1f}" if row.middle < 1000 else f"{row.middle:,.0f}",
        f"{row.spread:.0%}",
        f"{row.middle / result.ours.middle:.2f}" if compared and result.ours else "void",
        f"{row.busy:.1f}",
        "–" if share is None else f"{share:.0%}",
        seconds(row.start_seconds),
        "–" if difference is None or name == OURS else f"{difference:.0e}",
        Text(row.note if void is None else f"void: {void} ({row.note})", style="" if void is None else "red"),
    ]


def _summary(results: Sequence[Result]) -> Table:
    table = Table(
        title="ours and the best peer", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for column in ("", "ours, µs", "best peer", "its µs", "÷ ours", "of rate", "losses"):
        table.add_column(column, justify="left" if column in ("", "best peer", "losses") else "right")
    compared = any(BEFORE in result.rows for result in results)
    if compared:
        table.add_column("before ÷ ours", justify="right")
    for result in results:
        ours, best, share = result.ours, result.best_peer, result.share(OURS) if result.ours else None
        table.add_row(
            result.workload.name,
            f"{ours.middle:,.1f}" if ours else "–",
            best or "–",
            f"{result.rows[best].middle:,.1f}" if best else "–",
            f"{result.ratio:.2f}" if result.ratio else "–",
            "–" if share is None else f"{share:.0%}",
            "agree" if result.agree else Text("see above", style="red"),
            *([_before(result)] if compared else []),
        )
    return table


def _before(result: Result) -> str:
    ours, before = result.ours, result.rows.get(BEFORE)
    return f"{before.middle / ours.middle:.2f}" if ours and before and not result.void(BEFORE) else "–"


def seconds(number: float) -> str:
    """'21 ms', '4.1 s'."""
    return f"{number * 1000:.0f} ms" if number < 1 else f"{number:.1f} s"
