"""The figure of a loss landscape: contours, the path of training, and where the run ended.

Cividis is legible with every kind of colour vision, and the drawing fills its area, so that it is the same on
light and on dark pages; the path is white on black.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.doctor.landscape.plane import Landscape
from chainrule.report.figures import common_figure
from chainrule.report.numbers import number

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_DECADES = 1.3  # of the losses, above which the colours go by their logarithm
_CONTOURS = 16


def landscape_figure(landscape: Landscape) -> "Figure":
    """Contours of the loss over both directions; by the logarithm where it spans more than a decade."""
    with_path = landscape.path is not None
    x, y = (
        f"{which} {'principal component of the path' if with_path else 'random direction'}"
        for which in ("first", "second")
    )
    traces = [_contours(landscape), *_path(landscape), _end()]
    figure = common_figure(traces, x=x, y=y, showlegend=False, hovermode="closest", height=480)
    return figure.update_layout(xaxis={"constrain": "domain", "zeroline": False}, yaxis_zeroline=False)


def title_of(landscape: Landscape) -> str:
    """The loss at the end of training and its sharpness, in one line."""
    ends = landscape.sharpness
    return (
        f"loss {number(ends.loss, 3)}, sharpness {number(ends.largest, 3)}, "
        f"smallest curvature {number(ends.smallest, 3)}"
    )


def _contours(landscape: Landscape) -> Any:
    import plotly.graph_objects as go

    losses = np.where(np.isfinite(landscape.losses), landscape.losses, np.nan)
    known = losses[~np.isnan(losses)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    logarithmic = low > 0 and math.log10(high / low) > _DECADES
    shown = np.log10(losses) if logarithmic else losses
    low, high = (math.log10(low), math.log10(high)) if logarithmic else (low, high)
    bar: dict[str, Any] = {"title": {"text": "loss"}, "thickness": 12, "outlinewidth": 0}
    if logarithmic:
        ticks = _ticks(low, high)
        bar |= {"tickvals": [math.log10(each) for each in ticks], "ticktext": [f"{each:g}" for each in ticks]}
    step = (high - low) / _CONTOURS or 1.0
    return go.Contour(
        x=landscape.first.tolist(),
        y=landscape.second.tolist(),
        z=[[None if math.isnan(each) else each for each in row] for row in shown.tolist()],
        customdata=[[None if math.isnan(each) else each for each in row] for row in losses.tolist()],
        colorscale="Cividis",
        contours={"coloring": "heatmap", "start": low, "end": high, "size": step},
        line={"width": 0.6, "color": "rgba(255, 255, 255, 0.45)"},
        colorbar=bar,
        hovertemplate="loss %{customdata:.4g}<br>at (%{x:.3g}, %{y:.3g})<extra></extra>",
        name="loss",
    )


def _path(landscape: Landscape) -> list[Any]:
    """Lines over each other, so that the path stands out from dark and from light ground."""
    import plotly.graph_objects as go

    path = landscape.path
    if path is None:
        return []
    x, y = path.places[:, 0].tolist(), path.places[:, 1].tolist()
    below = go.Scatter(x=x, y=y, mode="lines", hoverinfo="skip", line={"color": "#000000", "width": 4.5})
    above = go.Scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": "#ffffff", "width": 2},
        marker={"size": 6, "color": "#ffffff", "line": {"color": "#000000", "width": 1}},
        customdata=[list(each) for each in zip(path.epochs, path.losses.tolist(), strict=True)],
        hovertemplate="epoch %{customdata[0]}<br>loss %{customdata[1]:.4g} at its weights<extra></extra>",
        name="path of training",
    )
    start = go.Scatter(
        x=x[:1],
        y=y[:1],
        mode="text",
        text=["start" if path.epochs[0] == 0 else f"epoch {path.epochs[0]}"],
        textposition="top center",
        textfont={"color": "#ffffff", "shadow": "0 0 3px #000000, 0 0 3px #000000"},
        hoverinfo="skip",
    )
    return [below, above, start]


def _end() -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=[0.0],
        y=[0.0],
        mode="markers",
        marker={"symbol": "star", "size": 15, "color": "#ff9e2c", "line": {"color": "#000000", "width": 1}},
        hovertemplate="the weights of the run<extra></extra>",
        name="the weights of the run",
    )


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every decade between two logarithms; powers of ten alone where these are many."""
    steps = (1, 2, 5) if high - low < 3 else (1,)
    every = range(math.floor(low), math.ceil(high) + 1)
    ticks = [step * 10.0**power for power in every for step in steps]
    return [each for each in ticks if low <= math.log10(each) <= high]
