"""The report of a run of control: one HTML page."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.files import write_aside
from chainrule.report import page
from chainrule.report.figures import GUIDE, TRAINING, common_figure
from chainrule.report.numbers import duration, number
from chainrule.report.pictures import Picture, gallery, picture
from chainrule.report.run_page import REPORT, read_run
from chainrule.report.sections import settings as settings_section
from chainrule.training.state import Record

PICTURE = "episode.png"
_LOOKS: Mapping[str, str] = {
    "length": "Steps of an episode, the mean of the last 100.",
    "loss": "What the updates make small. It does not say how well the policy does: its examples change.",
    "entropy": "How undecided the policy is. It should fall slowly; at its lowest, nothing new is tried.",
    "divergence": "How far the policy moved in an iteration. Above 0.05 the learning rate is too high.",
    "clipped": "The share of examples at which the bound of the objective held the policy back.",
    "temperature": "What entropy is worth. It falls as the policy may be sure of what it does.",
    "explained": "The share of the returns' variance that the critic foretold; 1 is all of it.",
}


def play_page(
    config: Mapping[str, Any],
    history: Sequence[Record],
    evaluation: Mapping[str, Any],
    title: str,
    strip: np.ndarray | None,
) -> str:
    """The report as one HTML page that needs no internet connection; a pure function of its arguments."""
    blocks = [_headline(title, evaluation), _episodes(evaluation, strip), _learning(history)]
    blocks.append(settings_section(config))
    return page.document(f"{title} · chainrule", [each for each in blocks if each], plots=True)


def write_play_page(folder: Path) -> Path:
    """Write report.html into a run folder from what lies in it, and return its path. Raises DataError."""
    config, history, evaluation = read_run(folder)
    strip = read_strip(folder)
    text = play_page(config, history, evaluation, folder.resolve().name, strip)
    write_aside(folder / REPORT, text.encode(errors="backslashreplace"))
    return folder / REPORT


def read_strip(folder: Path) -> np.ndarray | None:
    """The frames in a run folder, (height, width, 3) uint8; None where there are none."""
    from PIL import Image

    path = folder / PICTURE
    return np.asarray(Image.open(path).convert("RGB")) if path.is_file() else None


def _headline(title: str, evaluation: Mapping[str, Any]) -> str:
    reached, guessed, rows = evaluation["metrics"], evaluation["baseline"], evaluation["rows"]
    facts = [
        ("main", "mean return", number(reached["return"]), f"random actions: {number(guessed['return'])}"),
        ("", "least", number(reached["least"]), f"of {rows['evaluated episodes']:,} episodes"),
        ("", "steps learned from", f"{rows['steps']:,}", ""),
        ("", "time", duration(evaluation["seconds"]), ""),
    ]
    shown = "\n".join(
        f'<div class="{kind}"><dt>{escape(name)}</dt>'
        f"<dd>{escape(value)}<small>{escape(more)}</small></dd></div>"
        for kind, name, value, more in facts
    )
    target = escape(str(evaluation["target"]))
    return (
        f'<h1>{escape(title)}</h1>\n<p class="subtitle">A policy for <code>{target}</code></p>\n'
        f'<dl class="facts">\n{shown}\n</dl>'
    )


def _episodes(evaluation: Mapping[str, Any], strip: np.ndarray | None) -> str:
    import plotly.graph_objects as go

    returns = evaluation["returns"]
    bars = go.Histogram(x=returns, nbinsx=30, marker={"color": TRAINING, "line_width": 0})
    figure = common_figure([bars], x="return", y="episodes", showlegend=False, hovermode="closest")
    blocks = [page.plot("Returns", figure, "The sum of rewards of each episode, acting without chance.")]
    if strip is not None:
        shown = [Picture(picture(np.ascontiguousarray(strip)), hint="frames of an episode")]
        blocks.append(gallery(shown, "An episode", "From its first frame to its last.", columns=1))
    return page.section("The final policy", blocks)


def _learning(history: Sequence[Record]) -> str:
    if not history:
        return ""
    head = page.plot(
        "Return",
        _curve(history, "return"),
        "Mean of the last 100 episodes, with the chance of exploring: the final policy does better without.",
    )
    small = [
        page.plot(name.capitalize(), _curve(history, name), look)
        for name, look in _LOOKS.items()
        if any(name in record for record in history)
    ]
    return page.section("Learning", [head, page.grid(small)])


def _curve(history: Sequence[Record], name: str) -> Any:
    import plotly.graph_objects as go

    line = go.Scatter(
        x=[record["step"] for record in history],
        y=[_finite(record.get(name)) for record in history],
        mode="lines",
        line={"color": TRAINING if name == "return" else GUIDE, "width": 2},
    )
    return common_figure([line], x="steps", y=name, showlegend=False)


def _finite(value: Any) -> float | None:
    return value if value is not None and np.isfinite(value) else None
