"""The report of a run: how well it does, how it learned, and what flowed through its layers."""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.files import write_aside
from chainrule.data.plain_json import numbers_again
from chainrule.errors import DataError
from chainrule.report import diagnosis as diagnosis_of_run
from chainrule.report import page, probe_curves, sections
from chainrule.report.figures import Epochs
from chainrule.report.numbers import duration, metric_gain, metric_name, metric_value, number
from chainrule.training.findings import Finding, findings_of
from chainrule.training.folder import CONFIG, METRICS, read_history

REPORT = "report.html"
EVALUATION = "evaluation.json"
_HEADLINE_METRICS = ("accuracy", "r2")


def write_report(
    folder: Path,
    sections_of: Callable[[Mapping[str, Any], Path], Sequence[str]],
    more_of: Callable[[Path], Sequence[str]] = lambda folder: (),
) -> Path:
    """Write report.html into a run folder from its config.toml, metrics.jsonl and evaluation.json.

    sections_of: what the run's task shows of the evaluation and the folder, as HTML. more_of: further
    sections of the folder, which stand behind the curves.

    evaluation.json may be absent: nothing was held out then. The page is written aside and renamed, so that
    an existing report is whole at every moment. Returns the path of the report.
    Raises DataError if the folder is not a run folder or one of its files can't be read.
    """
    config, metrics, evaluation = read_run(folder)
    shown, more = sections_of(evaluation, folder), more_of(folder)
    page_html = run_page(
        config, metrics, evaluation, folder.resolve().name, shown, more, diagnosis=findings_of(folder)
    )
    write_aside(folder / REPORT, page_html.encode(errors="backslashreplace"))
    return folder / REPORT


def read_run(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """(settings, one dictionary per epoch, evaluation or {}) of a run folder. Raises DataError."""
    remedy = "give the folder of a table's run"
    if not folder.is_dir():
        raise DataError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}", remedy=remedy)
    missing = [name for name in (CONFIG, METRICS) if not (folder / name).is_file()]
    if missing:
        if (folder / "best" / CONFIG).is_file():  # of a study
            remedy = f"give {folder / 'best'}, the best run in it"
        what = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        raise DataError(f"{folder} is not a run folder: {what}", remedy=remedy)
    config = _decoded(folder / CONFIG, tomllib.loads)
    evaluation = _decoded(folder / EVALUATION, json.loads) if (folder / EVALUATION).is_file() else {}
    return config, read_history(folder), numbers_again(evaluation)


def run_page(
    config: Mapping[str, Any],
    metrics: Epochs,
    evaluation: Mapping[str, Any],
    title: str,
    held_out: Sequence[str] = (),
    more: Sequence[str] = (),
    *,
    diagnosis: Sequence[Finding] = (),
) -> str:
    """The report as one HTML page that needs no internet connection; a pure function of its arguments.

    config: the settings of the run.
    metrics: one dictionary per epoch, as in metrics.jsonl; validation and watched sizes may be missing.
    evaluation: the held-out results as in evaluation.json, or {} if nothing was held out. held_out: sections
    about them, as HTML. more: further sections, before the settings. diagnosis: what the doctor found.
    """
    best = best_epoch(metrics)
    layers, parameters = sections.watched_names(metrics)
    blocks = [
        _headline(title, config, metrics, evaluation, best),
        *held_out,
        diagnosis_of_run.section(diagnosis),
        sections.curves(metrics, best),
        sections.layers(metrics, layers),
        sections.parameters(metrics, layers, parameters),
        probe_curves.section(metrics),
        *more,
        sections.settings(config),
    ]
    return page.document(
        f"{title} · chainrule", [block for block in blocks if block], plots=bool(metrics or evaluation)
    )


def best_epoch(metrics: Epochs) -> int | None:
    """The epoch of the smallest validation loss (the first of equals), or None without validation."""
    losses = {
        epoch["epoch"]: epoch["validation_loss"]
        for epoch in metrics
        if epoch.get("validation_loss") is not None and np.isfinite(epoch["validation_loss"])
    }
    return min(losses, key=losses.__getitem__) if losses else None


def _headline(
    title: str,
    config: Mapping[str, Any],
    metrics: Epochs,
    evaluation: Mapping[str, Any],
    best: int | None,
) -> str:
    problem = evaluation.get("problem", evaluation.get("task", config.get("task")))
    target = evaluation.get("target", config.get("target"))
    subject = escape(str(problem).capitalize()) if problem else "Training run"
    if target is not None:
        subject += f" of <code>{escape(str(target))}</code>"
    facts = "\n".join(
        f'<div class="{kind}"><dt>{escape(name)}</dt>'
        f"<dd>{escape(value)}<small>{escape(detail)}</small></dd></div>"
        for kind, name, value, detail in _facts(metrics, evaluation, best)
    )
    notice = _notice(metrics, evaluation)
    warning = f'\n<p class="notice">{escape(notice)}</p>' if notice else ""
    head = f'<h1>{escape(title)}</h1>\n<p class="subtitle">{subject}</p>'
    return f'{head}\n<dl class="facts">\n{facts}\n</dl>{warning}'


def _facts(
    metrics: Epochs, evaluation: Mapping[str, Any], best: int | None
) -> Iterator[tuple[str, str, str, str]]:
    """(style, name, value, detail) of the numbers at the top of the page."""
    name = _headline_metric(evaluation)
    if name is not None:
        baseline = evaluation.get("baseline", {}).get(name)
        beside = "" if baseline is None else f"baseline {metric_value(name, baseline)}"
        yield "main", f"held-out {metric_name(name)}", metric_value(name, evaluation["metrics"][name]), beside
    elif best is not None:
        lowest = next(epoch["validation_loss"] for epoch in metrics if epoch["epoch"] == best)
        yield "main", "lowest validation loss", number(lowest), "no separate test rows"
    elif metrics and metrics[-1].get("loss") is not None:
        yield "main", "final training loss", number(metrics[-1]["loss"]), "nothing was held out"
    rows = evaluation.get("rows", {})
    if rows:
        detail = " · ".join(f"{count:,} {part}" for part, count in rows.items() if count)
        yield "", "rows", f"{sum(rows.values()):,}", detail
    if metrics:
        yield "", "epochs", f"{len(metrics):,}", "" if best is None else f"best: {best:,}"
    seconds = evaluation.get("seconds", metrics[-1].get("seconds") if metrics else None)
    if seconds is not None:
        yield "", "time", duration(seconds), ""


def _notice(metrics: Epochs, evaluation: Mapping[str, Any]) -> str:
    """The one thing a reader must not overlook, or ""."""
    name = _headline_metric(evaluation)
    baseline = None if name is None else evaluation.get("baseline", {}).get(name)
    gain = None
    if name is not None and baseline is not None:
        gain = metric_gain(name, evaluation["metrics"][name], baseline)
    if gain is not None and gain <= 0:
        return (
            "On held-out examples this network is no better than the baseline: it has learned nothing that "
            "helps with new examples."
        )
    if any(epoch.get("loss") is not None and not np.isfinite(epoch["loss"]) for epoch in metrics):
        return "The loss became infinite or not a number: the curves below end where that happened."
    return ""


def _headline_metric(evaluation: Mapping[str, Any]) -> str | None:
    measured = evaluation.get("metrics", {})
    return next((name for name in (*_HEADLINE_METRICS, *measured) if name in measured), None)


def _decoded(path: Path, decode: Callable[[str], Any]) -> dict[str, Any]:
    """A TOML or JSON file that holds one table. Raises DataError if it does not."""
    try:
        content = decode(path.read_text(encoding="utf-8"))
    except ValueError as error:  # not UTF-8, not TOML, not JSON
        raise DataError(f"{path} is damaged ({error})", remedy="train again") from None
    if not isinstance(content, dict):
        raise DataError(f"{path} is damaged (it holds no table)", remedy="train again")
    return content
