"""chainrule explain: one step of backpropagation with every number."""

from pathlib import Path
from typing import Annotated

import typer

from chainrule.backprop import Explanation
from chainrule.cli.output import tell
from chainrule.errors import ConfigError
from chainrule.tasks import task_of
from chainrule.tasks.xor import XOR_X, explain_xor
from chainrule.training import write_aside

XOR = "xor"


def explain(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="xor|RUN",
            help="'xor', the two-layer network of the textbook on the exclusive or; or the folder of a run.",
        ),
    ] = XOR,
    row: Annotated[
        int | None,
        typer.Option(
            "--row",
            metavar="N",
            help="Which row to learn from, counted from 0.",
            show_default="0; of xor 2, the row 1 0",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write it as a page for the browser instead.", show_default=False
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data", metavar="FILE", help="The table to take the row from.", show_default="the run's own"
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Of the initial weights, for xor.", show_default="0"),
    ] = None,
) -> None:
    """Show one step of backpropagation with every number in it.

    Forward pass, error, deltas from the last layer to the first, and every weight before and after its
    update, each with its equation and its shape. A good place to start learning.

    [bold]Examples[/bold]

      chainrule explain
      chainrule explain xor --seed 7 --row 1
      chainrule explain xor --html step.html
      chainrule explain runs/sales-001 --row 12
    """
    explanation = _xor(row, data, seed) if subject.lower() == XOR else _run(Path(subject), row, data, seed)
    if html is None:
        print(explanation.text())
        return
    from chainrule.report.explain_page import explain_page

    if html.is_dir():
        raise ConfigError(f"--html {html} is a directory", remedy="name a file in it, such as step.html")
    write_aside(html, explain_page(explanation).encode(errors="backslashreplace"))
    tell(f"written to {html}")


def _xor(row: int | None, data: str | None, seed: int | None) -> Explanation:
    if data is not None:
        raise ConfigError("--data is for runs; xor has its own four rows", remedy="choose one with --row")
    if seed is not None and not 0 <= seed < 2**64:
        raise ConfigError(f"--seed is {seed}", remedy="it must be a whole number from 0 to 2**64 - 1")
    if row is not None and not 0 <= row < len(XOR_X):
        raise ConfigError(f"--row is {row}", remedy=f"xor has rows 0 to {len(XOR_X) - 1}")
    chosen = {name: value for name, value in (("row", row), ("seed", seed)) if value is not None}
    return explain_xor(**chosen)


def _run(folder: Path, row: int | None, data: str | None, seed: int | None) -> Explanation:
    if seed is not None:
        raise ConfigError("--seed is for xor; a run has its trained weights", remedy="leave it out")
    task = task_of(folder)
    return task.explain(task.load(folder), row or 0, data)
