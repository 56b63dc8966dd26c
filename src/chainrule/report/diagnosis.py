"""What the doctor found, as a section of a run's report: each finding, its evidence, the repairs tried."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.report import page
from chainrule.report.figures import TRAINING, VALIDATION, common_figure
from chainrule.report.numbers import number
from chainrule.training.findings import Finding, Trial, as_sentence

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_INTRODUCTION = (
    "What was found wrong with the training. Repairs were tried on copies of it, beside an unchanged copy. "
    "After the same number of steps each was measured by its mean error on held-out examples: the negative "
    "logarithm of the true class's probability, or the squared error in units of the targets' variance."
)


def section(diagnosis: Sequence[Finding]) -> str:
    """The section; "" where nothing was found."""
    if not diagnosis:
        return ""
    return page.section(
        "Diagnosis", [block for each in diagnosis for block in _blocks(each)], introduction=_INTRODUCTION
    )


def _blocks(finding: Finding) -> Iterator[str]:
    when = "before training" if finding.step is None else f"after {finding.step:,} steps"
    lines = [f"<p><b>{escape(finding.severity.capitalize())}, {when}.</b> {escape(finding.said)}</p>"]
    if finding.remedy:
        lines.append(f"<p>{escape(as_sentence(finding.remedy))}</p>")
    if finding.action:
        lines.append(f'<p class="notice">{escape(as_sentence(finding.action))}</p>')
    yield "\n".join(lines)
    figures = [
        page.plot(title, figure, told)
        for title, figure, told in (_figure(name, value) for name, value in finding.evidence.items())
        if figure is not None
    ]
    if figures:
        yield page.grid(figures)
    if finding.trials:
        yield _trials(finding.trials)


def _trials(trials: Sequence[Trial]) -> str:
    rows = [
        (
            escape(each.repair),
            f"{each.steps:,}",
            number(each.before),
            number(each.after),
            f"± {number(each.error, 2)}",
            "yes" if each.helped else "no",
        )
        for each in sorted(trials, key=lambda each: (not each.helped, each.after - each.before))
    ]
    header = ("repair", "steps", "error without", "error with", "standard error of the difference", "helps")
    return page.table(header, rows, kind="numbers")


def _figure(name: str, value: Any) -> tuple[str, "Figure | None", str]:
    """(title, figure, explanation) of one piece of evidence; no figure for what is a single number."""
    import plotly.graph_objects as go

    title = name.replace("_", " ").capitalize()
    if isinstance(value, Mapping) and len(value) > 1 and all(_is_number(each) for each in value.values()):
        sizes = [each if each and each > 0 else None for each in value.values()]
        # No bars: on a logarithmic axis their lengths mean nothing.
        points = go.Scatter(x=list(value), y=sizes, mode="lines+markers", line={"color": TRAINING})
        figure = common_figure([points], x="", y="", showlegend=False).update_yaxes(type="log")
        return title, figure, "A point for each layer or parameter, from the input to the output."
    if isinstance(value, list | tuple) and len(value) > 1 and all(_is_number(each) for each in value):
        line = go.Scatter(
            x=[*range(1, len(value) + 1)], y=list(value), line={"color": VALIDATION}, mode="lines+markers"
        )
        return title, common_figure([line], x="", y="", showlegend=False), "From the first to the last."
    return title, None, ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))
