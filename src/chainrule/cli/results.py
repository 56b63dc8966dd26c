"""The figures of a table run, as the commands print them."""

from pathlib import Path
from typing import Any

from chainrule.cli.output import print_table
from chainrule.report.numbers import duration, gain_text, metric_gain, metric_name, metric_value
from chainrule.tasks import Task, TaskRun

REPORT = "report.html"


def plain_results(task: Task, stored: TaskRun, folder: Path) -> dict[str, Any]:
    """The figures of a run and where it lies, for --json."""
    figures = stored.evaluation
    names = ("problem", "target", "metrics", "baseline", "rows", "seconds")
    kept = {"task": task.name} | {name: figures[name] for name in names if name in figures}
    facts = {"run": str(folder), "report": str(folder / REPORT), "epochs": len(stored.run.history)}
    return kept | facts | {"stopped": stored.run.stopped, "best_epoch": stored.run.best_epoch}


def print_results(task: Task, stored: TaskRun) -> None:
    """The figures on held-out rows beside the baseline, and how training ended, on standard output."""
    figures = stored.evaluation
    measured, baseline = figures.get("metrics", {}), figures.get("baseline", {})
    rows = [
        (
            metric_name(name),
            metric_value(name, value),
            metric_value(name, baseline[name]),
            gain_text(name, metric_gain(name, value, baseline[name])),
        )
        for name, value in measured.items()
    ]
    if rows:
        print_table(("", "held out", f"baseline:\n{task.guess(figures)}", "better by"), rows)
    print(f" {_ending(stored)}")


def _ending(stored: TaskRun) -> str:
    run, figures = stored.run, stored.evaluation
    reasons = {"epochs": "", "early stopping": ", stopped early", "interrupted": ", interrupted"}
    epochs = len(run.history)
    count = f"{epochs:,} epoch" + ("" if epochs == 1 else "s")
    of_best = run.recipe.keep == "best" and 0 < run.best_epoch < epochs
    best = f"; the best, {run.best_epoch:,}, was kept" if of_best else ""
    return f"{count} in {duration(figures['seconds'])}{reasons.get(run.stopped, ', ' + run.stopped)}{best}"
