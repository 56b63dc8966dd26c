"""chainrule report: the report of a run, written anew."""

from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.output import print_json
from chainrule.report.run_page import write_report
from chainrule.tasks import TASKS
from chainrule.training.folder import kind_of


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", show_default=False)],
    json: Annotated[
        bool, typer.Option("--json", help="Print where it is as one JSON object on standard output.")
    ] = False,
) -> None:
    """Write the report of a run: one HTML page that needs no internet connection.

    Held-out results beside the baseline, learning curves, the confusion matrix or the residuals, sizes of
    activations and deltas by layer, and the settings. `train` writes it already; this writes it anew.

    [bold]Examples[/bold]

      chainrule report runs/sales-001
      open $(chainrule report runs/sales-001)
    """
    kind = kind_of(run).name
    path = write_report(run, TASKS[kind].sections if kind in TASKS else lambda evaluation, folder: ())
    if json:
        print_json({"run": str(run), "report": str(path)})
    else:
        print(path)
