"""A live progress bar on standard error."""

from chainrule.streams import error_console
from chainrule.training.events import Amended, Ended, EpochDone, Event, Started, StepsDone
from chainrule.training.findings import problems_in
from chainrule.training.state import Record


class ProgressBar:
    """A listener that shows epochs, loss and validation metric while they move; on standard error.

    A problem that the doctor finds gets a line of its own. Where standard error is no terminal it prints
    nothing else but about ten lines over the run.
    """

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        self._console = error_console()
        self._progress = Progress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(table_column=Column(no_wrap=False)),  # the column that gives way where it is narrow
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("", total=None, figures="")
        self._steps_per_epoch = 1
        self._epochs = 1
        self._figures = ""
        self._problems = 0  # that were told

    def __call__(self, event: Event) -> None:
        """Move."""
        if isinstance(event, Started):
            self._steps_per_epoch, self._epochs = event.steps_per_epoch, event.epochs
            self._progress.update(self._task, total=event.epochs, completed=event.first_epoch - 1)
            self._progress.start()
            self._problems = len(problems_in(event.state.journal))  # of before, where a run is resumed
        elif isinstance(event, StepsDone):
            figures = self._figures or f"loss {event.loss:.4g}"
            self._progress.update(self._task, figures=figures)
        elif isinstance(event, EpochDone):
            self._epoch_done(event)
        elif isinstance(event, Ended):
            self._progress.stop()
        if isinstance(event, EpochDone | Amended | Ended):
            for each in problems_in(event.state.journal, self._problems):
                self._console.print(f"doctor: {each.brief}", highlight=False, markup=False)
                self._problems += 1

    def _epoch_done(self, event: EpochDone) -> None:
        epoch = event.record["epoch"]
        # 80 columns of a terminal hold the loss and one more: the metric, where there is one
        self._figures = figures_of(event.record, most=2 if self._console.is_terminal else 3)
        self._progress.update(self._task, completed=epoch, figures=self._figures)
        tenth = -(-self._epochs // 10)
        if not self._console.is_terminal and (epoch % tenth == 0 or epoch == self._epochs):
            self._console.print(f"epoch {epoch}/{self._epochs}  {self._figures}", highlight=False)

    def close(self) -> None:
        """Give the terminal back, also when training ended with an error."""
        self._progress.stop()


def figures_of(record: Record, *, most: int) -> str:
    """The loss and what was measured on validation data, in one line; of two, the last of the first three."""
    figures = {"loss": record["loss"]} | {
        name.replace("_", " "): value for name, value in record.items() if name.startswith("validation_")
    }
    shown = list(figures.items())[:3]
    shown = [*shown[:1], *shown[1:][1 - most :]]
    return "  ".join(f"{name} {value:.4g}" for name, value in shown)
