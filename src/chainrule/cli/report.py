"""chainrule report: the report of a run, written anew."""

from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.output import print_json
from chainrule.cli.results import write_report_of


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", show_default=False)],
    json: Annotated[
        bool, typer.Option("--json", help="Print where it is as one JSON object on standard output.")
    ] = False,
) -> None:
    """Write the report of a run: one HTML page that needs no internet connection.

    Held-out results beside the baseline, learning curves, the confusion matrix or the residuals, sizes of
    activations and deltas by layer, the loss landscape of a run that was trained with --landscape, and the
    settings. `train` writes it already; this writes it anew.

    [bold]Examples[/bold]

      chainrule report runs/sales-001
      open $(chainrule report runs/sales-001)
    """
    path = write_report_of(run)
    if json:
        print_json({"run": str(run), "report": str(path)})
    else:
        print(path)
