"""The section of a report on probes other than the usual ones, measured every epoch or every step."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from chainrule.report import page
from chainrule.report.figures import Epochs, common_figure, depth_colours, log_axis

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SHOWN_ELSEWHERE = frozenset({"activation", "delta", "gradient", "update", "value"})
"""Measured every epoch, these have figures of their own in the report."""

_MOST_POINTS = 600  # of a line
_MOST_TOGETHER = 4  # lines in one figure; more layers get a panel each
_ACROSS = 3
_PANEL_HEIGHT = 150  # in pixels

Curve = list[tuple[float, float | None]]
"""(epoch or step, what was measured)."""


def section(metrics: Epochs) -> str:
    """A figure for each quantity that was measured every step, and each unusual one of every epoch."""
    blocks = [
        page.plot(
            f"{quantity.replace('_', ' ').capitalize()}, every {every}",
            probe_figure(curves, every),
            _explanation(curves),
        )
        for every, found in (("step", _of_steps(metrics)), ("epoch", _of_epochs(metrics)))
        for quantity, curves in found.items()
    ]
    introduction = "The quantities given in watch, by layer; parameters are with their layer."
    return page.section("Probes", blocks, introduction=introduction) if blocks else ""


def probe_figure(curves: Mapping[str, Curve], every: str) -> "Figure":
    """One line for each layer or parameter; of many, small multiples by layer on the same axes.

    curves: by name, from input to output. every: what is counted along x, 'step' or 'epoch'. The axis of y
    is logarithmic where all values are above 0 and spread over more than a decade.
    """
    from plotly.subplots import make_subplots

    names = list(curves)
    layers = list(dict.fromkeys(_layer(name, names) for name in names))
    colours = depth_colours(layers)
    together = len(names) <= _MOST_TOGETHER
    rows = 1 if together else math.ceil(len(layers) / _ACROSS)
    thinned = {name: thin(curve) for name, curve in curves.items()}
    values = [y for curve in thinned.values() for _, y in curve if y is not None]
    figure = common_figure(
        (),
        x=every,
        y="",
        showlegend=together,
        hovermode="closest",
        height=300 if together else 80 + _PANEL_HEIGHT * rows,
    )
    if not together:
        titles = [escape(layer, quote=False) for layer in layers]
        panels = make_subplots(
            rows,
            _ACROSS,
            shared_xaxes="all",  # type: ignore[arg-type] (plotly's annotation lacks it)
            shared_yaxes="all",  # type: ignore[arg-type]
            subplot_titles=titles,
            vertical_spacing=0.25 / rows,
            horizontal_spacing=0.03,
            figure=figure,
        )
        panels.update_annotations(font_size=12)
        figure.update_xaxes(title_text=None).update_xaxes(title_text=every, row=rows)
    for name, curve in thinned.items():
        layer = _layer(name, names)
        place = layers.index(layer)
        at: dict[str, Any] = {} if together else {"row": place // _ACROSS + 1, "col": place % _ACROSS + 1}
        figure.add_trace(_drawn(curve, name, colours[layer]), **at)
    return figure.update_yaxes(**_axis(values))


def thin(curve: Curve, most: int = _MOST_POINTS) -> Curve:
    """The curve with at most so many points: of some in a row that of the largest absolute value, as peaks
    are what watching every step is for.
    """
    size = math.ceil(len(curve) / most)
    parts = (curve[start : start + size] for start in range(0, len(curve), max(size, 1)))
    return [max(part, key=lambda point: -1.0 if point[1] is None else abs(point[1])) for part in parts]


def _of_steps(metrics: Epochs) -> dict[str, dict[str, Curve]]:
    """Quantity -> layer or parameter -> its curve over the steps."""
    found: dict[str, dict[str, Curve]] = {}
    for epoch in metrics:
        for name, quantities in epoch.get("watch_steps", {}).items():
            for quantity, values in quantities.items():
                curve = found.setdefault(quantity, {}).setdefault(name, [])
                first = epoch["step"] - len(values) + 1
                curve += [(first + place, _finite(value)) for place, value in enumerate(values)]
    return found


def _of_epochs(metrics: Epochs) -> dict[str, dict[str, Curve]]:
    """The same over the epochs, of quantities that have no figures of their own."""
    found: dict[str, dict[str, Curve]] = {}
    for epoch in metrics:
        for name, quantities in epoch.get("watch", {}).items():
            for quantity, value in quantities.items():
                if quantity not in SHOWN_ELSEWHERE:
                    curve = found.setdefault(quantity, {}).setdefault(name, [])
                    curve.append((epoch["epoch"], _finite(value)))
    return found


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _layer(name: str, names: Sequence[str]) -> str:
    """Where a line is drawn: a parameter with its layer, 'dense_1.weight' in 'dense_1'."""
    before = name.rpartition(".")[0]
    beside = sum(other.rpartition(".")[0] == before for other in names)
    return before if before and beside > 1 else name


def _drawn(curve: Curve, name: str, colour: str) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=[x for x, _ in curve],
        y=[y for _, y in curve],
        name=escape(name, quote=False),
        mode="lines" if len(curve) > 30 else "lines+markers",
        line={"color": colour, "width": 1.4, "dash": "dot" if name.endswith("bias") else "solid"},
        marker={"size": 4},
        hovertemplate="%{y:.4g}",
    )


def _axis(values: Sequence[float]) -> dict[str, Any]:
    if values and min(values) > 0 and max(values) > 10 * min(values):
        return log_axis(values)
    return {"rangemode": "tozero", "exponentformat": "power"}


def _explanation(curves: Mapping[str, Curve]) -> str:
    longest = max(len(curve) for curve in curves.values())
    if longest <= _MOST_POINTS:
        return "Biases are dotted. A value that is infinite or not a number leaves a gap."
    size = math.ceil(longest / _MOST_POINTS)
    return (
        f"Each point is the largest of {size} in a row. Biases are dotted. A value that is infinite or not a "
        "number leaves a gap."
    )
