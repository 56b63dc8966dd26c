"""The one door from a run up to the figures and pages of `chainrule.report`, which stands above training.

`report` knows runs; a run does not know it, but for this module, whose imports are made when a figure or a
page is asked for. The contract of the layers names it as its one exception.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.data.files import write_aside
from chainrule.errors import ConfigError, DataError

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from chainrule.training.run import Run


def figure_of(run: "Run") -> "Figure":
    """See `Run.plot`."""
    from chainrule.report.plain_run import run_figure

    if not run.history:
        raise DataError("this run has no finished epoch to plot", remedy="train it for at least one epoch")
    return run_figure(run.history)


def write_page(run: "Run", file: Path | str) -> Path:
    """See `Run.report`."""
    from chainrule.report.plain_run import plain_page

    path = Path(file)
    if path.exists():
        what = "is a folder" if path.is_dir() else "exists already"
        raise ConfigError(f"{path} {what}", remedy="name a new file, such as report.html")
    write_aside(path, plain_page(run, path.stem).encode(errors="backslashreplace"))
    return path
