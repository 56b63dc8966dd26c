"""The results of a run, as the commands print them."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from chainrule.cli.output import print_table
from chainrule.control.page import write_play_page
from chainrule.control.playing import KIND
from chainrule.doctor.landscape.section import landscape_section
from chainrule.report.numbers import duration, gain_text, metric_gain, metric_name, metric_value
from chainrule.report.run_page import write_report
from chainrule.tasks import TASKS, Task, TaskRun
from chainrule.training.findings import Finding
from chainrule.training.folder import kind_of

REPORT = "report.html"


def write_report_of(folder: Path) -> Path:
    """Write the report of a run folder with all that lies in it, and return its path."""
    kind = kind_of(folder).name
    if kind == KIND:
        return write_play_page(folder)
    sections = TASKS[kind].sections if kind in TASKS else lambda evaluation, folder: ()
    return write_report(folder, sections, lambda folder: [landscape_section(folder)])


def plain_results(task: Task, stored: TaskRun, folder: Path) -> dict[str, Any]:
    """The results of a run and its folder, for --json."""
    figures = stored.evaluation
    names = ("problem", "target", "metrics", "baseline", "rows", "seconds")
    kept = {"task": task.name} | {name: figures[name] for name in names if name in figures}
    facts = {"run": str(folder), "report": str(folder / REPORT), "epochs": len(stored.run.history)}
    return kept | facts | {"stopped": stored.run.stopped, "best_epoch": stored.run.best_epoch}


def print_results(task: Task, stored: TaskRun) -> None:
    """Print the metrics on held-out examples beside the baseline, and how training ended."""
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


def diagnosis_lines(diagnosis: Sequence[Finding], folder: Path) -> list[str]:
    """What the doctor found, in a line for each problem, and where it is shown; notes are only named.

    Nothing where nothing was found.
    """
    problems = [each.brief for each in diagnosis if each.severity == "problem"]
    notes = dict.fromkeys(each.symptom.replace("_", " ") for each in diagnosis if each.severity == "note")
    where = f"shown in {folder / REPORT} and by: chainrule doctor {quote(str(folder))}"
    if problems:
        return [*(f"doctor: {each}" for each in problems), f"doctor: {where}"]
    return [f"doctor: no problem; noted: {', '.join(notes)}; {where}"] if notes else []


def _ending(stored: TaskRun) -> str:
    run, figures = stored.run, stored.evaluation
    reasons = {"epochs": "", "early stopping": ", stopped early", "interrupted": ", interrupted"}
    epochs = len(run.history)
    count = f"{epochs:,} epoch" + ("" if epochs == 1 else "s")
    of_best = run.recipe.keep == "best" and 0 < run.best_epoch < epochs
    best = f"; the best, {run.best_epoch:,}, was kept" if of_best else ""
    return f"{count} in {duration(figures['seconds'])}{reasons.get(run.stopped, ', ' + run.stopped)}{best}"
