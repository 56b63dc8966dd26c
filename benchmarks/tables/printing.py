"""The results for a person."""

from collections.abc import Sequence

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.tables.peers import OURS, PEER, PEERS, TREES
from benchmarks.tables.problems import EQUAL_BATCH, EQUAL_EPOCHS, EQUAL_LAYERS, TEST_SHARE
from benchmarks.tables.results import Fit, Result, values, wins

_WIDTH = 112  # where there is no terminal that says

_LEGEND = f"""\
±       the standard deviation over the splits.
ours −  by how much ours is better than the row on the same split: mean and standard deviation over splits.
fit     median seconds of `fit`, the preparation of the columns included.
equal   median seconds of `fit` with {EQUAL_LAYERS[0]} hidden units, {EQUAL_EPOCHS} epochs, batches of \
{EQUAL_BATCH}, Adam, on prepared arrays
        of float32.

{1 - TEST_SHARE:.0%} of the rows train, {TEST_SHARE:.0%} test; everyone gets the same rows and is at its \
defaults. What takes no text, dates and missing values stands behind the usual preparation: numbers imputed \
and scaled, categories as a column each, dates as their parts. Values to predict are scaled for the networks \
of others."""


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
        """All rows of a table."""
        self._console.print(_details(result))
        for name, reason in result.failed.items():
            self._console.print(f"{name} failed: {reason}\n", style="red")

    def end(self, results: Sequence[Result]) -> None:
        """All tables at a glance, and what the columns mean."""
        self._console.print(_summary(results))
        for peer, equal_counts, words in ((PEER, False, "better than"), (TREES, True, "at least as good as")):
            count, of = wins(results, OURS, peer, equal_counts=equal_counts)
            if of:
                self._console.print(
                    f"by the mean of the splits, ours is {words} {peer} on {count} of {of} tables"
                )
        self._console.print("\n" + _LEGEND, style="dim")


def _details(result: Result) -> Table:
    size = f"{result.rows:,} rows, {result.columns} columns"
    title = Text.assemble((result.name, "bold"), f": {result.meaning}; {size}")
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    first, second = result.metrics
    for column in (first, second, f"ours −, {first}", "fit, s", "equal, s"):
        table.add_column(column, justify="right", no_wrap=True)
    for name in PEERS:
        if name in result.fits and name not in result.failed:
            table.add_row(*_cells(result, name), style="bold" if name == OURS else None)
    return table


def _cells(result: Result, name: str) -> list[str]:
    fits = result.fits[name]
    advantage = None if name == OURS else result.advantage(OURS, name, result.metrics[0])
    return [
        name,
        *(spread(values(fits, metric)) for metric in result.metrics),
        "" if advantage is None else spread(advantage, signed=True),
        _seconds(fits),
        _seconds(result.equal[name]) if name in result.equal else "–",
    ]


def _summary(results: Sequence[Result]) -> Table:
    names = [name for name in PEERS if any(name in result.fits for result in results)]
    table = Table(
        title="accuracy or R²", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("")
    for column in (*names, f"{PEER} ÷ ours,\nequal layers"):
        table.add_column(column, justify="right")
    for result in results:
        metric = result.metrics[0]
        ratio = result.speed(OURS, PEER)
        table.add_row(
            result.name,
            *(
                spread(values(result.fits[name], metric))
                if result.fits.get(name) and name not in result.failed
                else "–"
                for name in names
            ),
            "–" if ratio is None else f"{ratio:.1f} ×",
        )
    return table


def spread(numbers: np.ndarray, *, signed: bool = False) -> str:
    """'0.8123 ± 0.0042': the mean and the standard deviation (of one number: without)."""
    mean, digits = float(numbers.mean()), 4 if np.abs(numbers).max() < 10 else 1
    text = f"{mean:+,.{digits}f}" if signed else f"{mean:,.{digits}f}"
    return f"{text} ± {numbers.std(ddof=1):,.{digits}f}" if len(numbers) > 1 else text


def _seconds(fits: list[Fit]) -> str:
    return f"{np.median([fit.seconds for fit in fits]):,.2f}"
