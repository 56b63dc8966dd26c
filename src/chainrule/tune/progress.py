"""A live table of a study on standard error."""

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chainrule.streams import error_console
from chainrule.tune.events import (
    PRUNED,
    RUNNING,
    StudyEnded,
    StudyEvent,
    StudyOpened,
    Trial,
    TrialEnded,
    TrialEpoch,
    TrialStarted,
    Waiting,
    best_of,
    done,
)

if TYPE_CHECKING:
    from rich.table import Table

_LATEST = 6  # how many trials that ended are shown below the best


class StudyProgress:
    """A listener that shows the best trial, running and latest trials, and the remaining time.

    If standard error is not a terminal, it prints a line for each trial instead.
    """

    def __init__(self) -> None:
        from rich.live import Live

        self._console = error_console()
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._trials: tuple[Trial, ...] = ()
        self._wanted = 0
        self._here: dict[int, tuple[Mapping[str, Any], int, float]] = {}  # number: values, epoch, score
        self._begun, self._done_before, self._drawn = time.monotonic(), 0, 0.0
        self._told_waiting = False

    def __call__(self, event: StudyEvent) -> None:
        """Update the table."""
        if isinstance(event, TrialStarted):
            self._here = {event.number: (event.values, 0, math.nan)}
        elif isinstance(event, TrialEpoch):
            self._here[event.number] = (self._here[event.number][0], event.epoch, event.score)
        else:
            self._trials, self._wanted = event.trials, event.wanted
        if isinstance(event, StudyOpened):
            self._begun, self._done_before = time.monotonic(), done(event.trials)
        elif isinstance(event, TrialEnded):
            self._here.pop(event.trial.number, None)
        if self._console.is_terminal:
            self._draw(event)
        else:
            self._print(event)

    def close(self) -> None:
        """Stop the live table; to be called even if the search ended with an error."""
        self._live.stop()

    def _draw(self, event: StudyEvent) -> None:
        if isinstance(event, StudyEnded):
            self.close()
            return
        self._live.start()
        if time.monotonic() - self._drawn > 0.2 or not isinstance(event, TrialEpoch):
            self._drawn = time.monotonic()
            self._live.update(self._table(), refresh=True)

    def _table(self) -> "Table":
        from rich import box
        from rich.table import Table

        table = Table(
            box=box.SIMPLE_HEAD, caption=self._summary(), caption_justify="left", pad_edge=False, expand=True
        )
        for name in ("trial", "epochs", "score"):
            table.add_column(name, justify="right", min_width=len(name), no_wrap=True)
        table.add_column("", min_width=len("elsewhere"), no_wrap=True)
        table.add_column("values", ratio=1, no_wrap=True, overflow="ellipsis")  # gives way where it is narrow
        best = best_of(self._trials)
        ended = [each for each in self._trials if each.state != RUNNING and each is not best]
        for trial in ([] if best is None else [best]) + ended[-_LATEST:]:
            state = "best" if trial is best else PRUNED if trial.state == PRUNED else ""
            style = "bold" if trial is best else "dim" if trial.state == PRUNED else ""
            epochs = trial.facts.get("epochs", "")
            table.add_row(*_cells(trial.number, epochs, trial.score, state, trial.values), style=style)
        for number, (values, epoch, score) in self._here.items():
            table.add_row(*_cells(number, epoch, score, "running", values))
        for trial in self._elsewhere():
            table.add_row(*_cells(trial.number, "", trial.score, "elsewhere", trial.values))
        return table

    def _elsewhere(self) -> list[Trial]:
        return [each for each in self._trials if each.state == RUNNING and each.number not in self._here]

    def _summary(self) -> str:
        pruned = sum(each.state == PRUNED for each in self._trials)
        parts = [f"{done(self._trials)} of {self._wanted} trials done, {pruned} of them pruned"]
        here = done(self._trials) - self._done_before
        left = max(self._wanted - done(self._trials), 0)
        if here > 0 and left:
            parts.append(f"about {_time((time.monotonic() - self._begun) / here * left)} left")
        return "; ".join(parts)

    def _print(self, event: StudyEvent) -> None:
        if isinstance(event, TrialEnded):
            self._say(f"{_outcome(event.trial, best_of(event.trials))}; {self._summary()}")
        elif isinstance(event, Waiting) and not self._told_waiting:
            self._told_waiting = True
            numbers = ", ".join(str(each.number) for each in self._elsewhere())
            self._say(f"waiting for trial {numbers}, which other processes run")

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True, markup=False)


def _cells(
    number: int, epochs: object, score: float | None, state: str, values: Mapping[str, Any]
) -> tuple[str, str, str, str, str]:
    shown = "" if score is None or math.isnan(score) else f"{score:.4g}"
    drawn = " ".join(f"{name}={_short(value)}" for name, value in values.items())
    return str(number), str(epochs), shown, state, drawn


def _outcome(trial: Trial, best: Trial | None) -> str:
    epochs = f" after {trial.facts['epochs']} epochs" if "epochs" in trial.facts else ""
    score = "" if trial.score is None else f" {trial.score:.4g}"
    if "ended" in trial.facts:
        return f"trial {trial.number}: broke down"
    if trial.state == PRUNED:
        return f"trial {trial.number}: pruned{epochs} at{score}"
    if best is None or best.number == trial.number:
        return f"trial {trial.number}:{score}{epochs}, the best so far"
    return f"trial {trial.number}:{score}{epochs} (best: {best.score:.4g}, trial {best.number})"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
