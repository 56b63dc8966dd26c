"""The figures of a report: each function turns recorded numbers into one plotly figure.

`epochs` is the content of metrics.jsonl: one dictionary per epoch. A figure is drawn with what is there: a
value that is missing or not finite leaves a gap. Lines have colours of middle brightness, legible on white
and on black; everything else takes the colours of the page.
"""

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.nn.metrics import metric_of
from chainrule.report.numbers import metric_name, number

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

Epochs = Sequence[Mapping[str, Any]]

TRAINING, VALIDATION, GUIDE = "#2f7fc4", "#d9762b", "#8b919b"
# From the input side to the output side of a network.
DEPTH_COLOURS = ((47, 111, 183), (122, 92, 196), (194, 71, 143), (217, 98, 43), (201, 150, 30))
CUSTOMARY_RATIO = 1e-3
_MOST_POINTS = 3000
_HUES = (
    *("#2f7fc4", "#d9762b", "#3b9a5b", "#c4453b", "#8a63c9"),
    *("#8c6a4f", "#d167a7", "#7f858f", "#a8a02a", "#28a3b0"),
)
_MOST_LEGEND_ENTRIES = 14
_MOST_CELLS_WITH_TEXT = 16


def learning_curve(epochs: Epochs, name: str, best_epoch: int | None = None) -> "Figure":
    """The training value `name` and its twin "validation_" + name over the epochs, whichever was recorded."""
    keys = (("training", name, TRAINING), ("validation", f"validation_{name}", VALIDATION))
    lines = [
        _line(epochs, [epoch.get(key) for epoch in epochs], label, colour)
        for label, key, colour in keys
        if any(key in epoch for epoch in epochs)
    ]
    figure = common_figure(lines, x="epoch", y=metric_name(name), showlegend=len(lines) > 1)
    if best_epoch is not None:
        first, last = epochs[0]["epoch"], epochs[-1]["epoch"]
        side = "left" if 2 * best_epoch > first + last else "right"
        edge = (
            "top" if metric_of(name).lower_is_better else "bottom"
        )  # where the line is not, once it is good
        figure.add_vline(
            x=best_epoch,
            line_width=1,
            line_dash="dot",
            annotation_text=f"best: epoch {best_epoch}",
            annotation_position=f"{edge} {side}",
            annotation_xshift=-4 if side == "left" else 4,
        )
    return figure


def single_curve(epochs: Epochs, name: str) -> "Figure":
    """One recorded number over the epochs, such as the learning rate."""
    line = _line(epochs, [epoch.get(name) for epoch in epochs], metric_name(name), TRAINING)
    figure = common_figure([line], x="epoch", y=metric_name(name), showlegend=False)
    return figure.update_layout(yaxis_rangemode="tozero")


def sizes(epochs: Epochs, quantity: str, colours: Mapping[str, str], *, showlegend: bool) -> "Figure":
    """Root mean square of a watched quantity over the epochs, one line per name in `colours`, on a log axis.

    quantity: "activation" or "delta" (per layer), "gradient" or "update" (per parameter).
    """
    series = {name: [_watched(epoch, name, quantity) for epoch in epochs] for name in colours}
    dotted = _not_weights(colours) if quantity in ("gradient", "update") else set()
    return _watched_figure(epochs, series, colours, quantity, dotted, showlegend=showlegend)


def update_ratios(epochs: Epochs, colours: Mapping[str, str]) -> "Figure":
    """Size of the update of a step relative to the parameter, with a line at the usual value of 0.001."""
    series = {
        name: [_ratio(_watched(epoch, name, "update"), _watched(epoch, name, "value")) for epoch in epochs]
        for name in colours
    }
    figure = _watched_figure(
        epochs,
        series,
        colours,
        "update / value",
        _not_weights(colours),
        showlegend=True,
        shown=[CUSTOMARY_RATIO],
    )
    guide = _line(epochs, [CUSTOMARY_RATIO] * len(epochs), "customary 0.001", GUIDE)
    return figure.add_trace(guide.update(mode="lines", line_dash="dash"))


def confusion(counts: np.ndarray, classes: Sequence[str]) -> "Figure":
    """Confusion matrix as a heat map, coloured by the share of each true class.

    counts: (true class, predicted class), numbers of examples.
    """
    import plotly.graph_objects as go

    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, None]
    labels = [escape(str(name), quote=False) for name in classes]
    hover = [
        [
            f"true <b>{labels[true]}</b>, predicted <b>{labels[predicted]}</b><br>"
            f"{counts[true, predicted]:,} of {totals[true]:,} ({shares[true, predicted]:.1%})"
            for predicted in range(len(labels))
        ]
        for true in range(len(labels))
    ]
    heat = go.Heatmap(
        z=shares.tolist(),
        zmin=0,
        zmax=1,
        autocolorscale=True,  # the page's own, light or dark
        xgap=1,
        ygap=1,
        hovertext=hover,
        hoverinfo="text",
        colorbar={"tickformat": ".0%", "thickness": 10, "outlinewidth": 0, "nticks": 6},
    )
    if len(labels) <= _MOST_CELLS_WITH_TEXT:
        heat.update(text=[[f"{count:,}" if count else "" for count in row] for row in counts])
        heat.update(texttemplate="%{text}")
    ticks = {**_class_ticks(classes), "showgrid": False, "zeroline": False, "constrain": "domain"}
    height = int(np.clip(200 + 34 * len(labels), 320, 640))
    figure = common_figure(
        [heat], x="predicted", y="true", showlegend=False, hovermode="closest", height=height
    )
    return figure.update_layout(xaxis=ticks, yaxis={**ticks, "autorange": "reversed", "scaleanchor": "x"})


def plane(points: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> "Figure":
    """Points of two coordinates, coloured by class: (points, 2), and (points,) class numbers."""
    import plotly.graph_objects as go

    many = len(classes) > _MOST_LEGEND_ENTRIES
    traces = [
        go.Scatter(
            x=points[labels == number, 0].tolist(),
            y=points[labels == number, 1].tolist(),
            mode="markers",
            name=escape(_shortened(name), quote=False),
            marker={"size": 6, "opacity": 0.75, "color": _HUES[number % len(_HUES)]},
            hovertemplate="%{fullData.name}<extra></extra>",
        )
        for number, name in enumerate(classes)
    ]
    figure = common_figure(traces, x="", y="", showlegend=not many, hovermode="closest", height=520)
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": ""}
    return figure.update_layout(xaxis=bare, yaxis={**bare, "scaleanchor": "x"})


def predicted_against_true(targets: np.ndarray, predictions: np.ndarray) -> "Figure":
    """Scatter of predictions over true values with the line of perfect prediction; at most 3000 points."""
    import plotly.graph_objects as go

    shown = np.unique(np.linspace(0, len(targets) - 1, min(len(targets), _MOST_POINTS)).astype(int))
    both = np.concatenate([targets, predictions])
    ends = [float(both.min()), float(both.max())]
    perfect = go.Scatter(
        x=ends, y=ends, mode="lines", hoverinfo="skip", line={"color": GUIDE, "dash": "dash"}
    )
    points = go.Scatter(
        x=targets[shown].tolist(),
        y=predictions[shown].tolist(),
        mode="markers",
        marker={"color": TRAINING, "size": 6, "opacity": 0.6},
        hovertemplate="true %{x:.5g}<br>predicted %{y:.5g}<extra></extra>",
    )
    traces = [perfect.update(line_width=1), points]
    return common_figure(traces, x="true", y="predicted", showlegend=False, hovermode="closest", height=360)


def residual_histogram(targets: np.ndarray, predictions: np.ndarray) -> "Figure":
    """How often each residual (predicted - true) occurs; counted here, so that the page stays small."""
    import plotly.graph_objects as go

    residuals = predictions - targets
    bins = int(np.clip(2 * len(residuals) ** (1 / 3), 5, 60))  # Rice's rule
    counts, edges = np.histogram(residuals, bins=bins)
    hover = [
        f"{number(float(low))} to {number(float(high))}<br>{count:,} rows"
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    bars = go.Bar(
        x=((edges[:-1] + edges[1:]) / 2).tolist(),
        y=counts.tolist(),
        width=(0.94 * np.diff(edges)).tolist(),
        marker={"color": TRAINING, "line_width": 0},
        hovertext=hover,
        hoverinfo="text",
    )
    axes = {"x": "predicted − true", "y": "rows"}
    figure = common_figure([bars], **axes, showlegend=False, hovermode="closest", height=360)
    return figure.add_vline(x=0, line_width=1, line_dash="dash")


def depth_colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name, from the first (input side) to the last (output side)."""
    return {name: _depth_colour(index / max(len(names) - 1, 1)) for index, name in enumerate(names)}


def depth_scale() -> list[str]:
    """The colours from the first layer to the last, as stops of one scale."""
    return [_depth_colour(depth) for depth in np.linspace(0, 1, len(DEPTH_COLOURS))]


def _depth_colour(depth: float) -> str:
    """depth: 0 at the input to 1 at the output."""
    stops = np.linspace(0, 1, len(DEPTH_COLOURS))
    channels = (np.interp(depth, stops, channel) for channel in zip(*DEPTH_COLOURS, strict=True))
    return "#" + "".join(f"{round(channel):02x}" for channel in channels)


def common_figure(
    traces: Sequence[Any],
    x: str,
    y: str,
    *,
    showlegend: bool,
    hovermode: str = "x unified",
    height: int = 300,
) -> "Figure":
    """A figure in the common layout; x, y: titles of the axes; height in pixels."""
    import plotly.graph_objects as go

    layout = go.Layout(
        template="none",
        height=height,
        margin={"l": 10, "r": 10, "t": 22, "b": 10},
        xaxis={"title": {"text": escape(x, quote=False)}},
        yaxis={"title": {"text": escape(y, quote=False)}, "exponentformat": "power"},
        showlegend=showlegend,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        hovermode=hovermode,
    )
    return go.Figure(data=list(traces), layout=layout)


def _watched_figure(
    epochs: Epochs,
    series: Mapping[str, Sequence[float | None]],
    colours: Mapping[str, str],
    y: str,
    dotted: Set[str],
    *,
    showlegend: bool,
    shown: Sequence[float] = (),
) -> "Figure":
    """One line per name on a log axis; dotted: names with dotted lines; shown: values the axis must reach."""
    positive = {name: [value if value and value > 0 else None for value in series[name]] for name in series}
    lines = [
        _line(epochs, values, name, colours[name]).update(line_dash="dot" if name in dotted else "solid")
        for name, values in positive.items()
    ]
    many = len(lines) > _MOST_LEGEND_ENTRIES  # a legend, or a hover label with all, would cover the figure
    showlegend = showlegend and not many
    figure = common_figure(
        lines,
        x="epoch",
        y=y,
        showlegend=showlegend,
        hovermode="closest" if many else "x unified",
        height=280 + (20 * math.ceil(len(lines) / 4) if showlegend else 0),
    )
    values = [value for line in positive.values() for value in line if value and math.isfinite(value)]
    return figure.update_layout(yaxis=log_axis([*values, *shown]))


def log_axis(values: Sequence[float]) -> dict[str, Any]:
    """A log axis of at least 1.2 decades, so that lines which hardly differ look as if they hardly differ."""
    if not values:
        return {"type": "log"}
    low, high = math.log10(min(values)), math.log10(max(values))
    margin = max(0.05 * (high - low), (1.2 - (high - low)) / 2)
    low, high = low - margin, high + margin
    # Labels at 1, 2 and 5 of each decade while there is room, then at every (or every nth) power of ten.
    step = "D2" if high - low < 3 else math.ceil((high - low) / 8)
    return {"type": "log", "range": [low, high], "dtick": step}


def _line(epochs: Epochs, values: Sequence[float | None], name: str, colour: str) -> "Scatter":
    import plotly.graph_objects as go

    return go.Scatter(
        x=[epoch["epoch"] for epoch in epochs],
        y=[value if value is not None and math.isfinite(value) else None for value in values],
        name=escape(name, quote=False),
        mode="lines" if len(epochs) > 30 else "lines+markers",
        line={"color": colour, "width": 1.8},
        marker={"size": 4},
        hovertemplate="%{y:.4g}",
    )


def _not_weights(parameters: Iterable[str]) -> set[str]:
    """Biases and the like, whose sizes are not to be compared with those of weights."""
    return {name for name in parameters if not name.endswith("weight")}


def _watched(epoch: Mapping[str, Any], name: str, quantity: str) -> float | None:
    return epoch.get("watch", {}).get(name, {}).get(quantity)


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def _class_ticks(classes: Sequence[str]) -> dict[str, Any]:
    """Ticks at class numbers, so that a class called "1" is not taken for a number; every nth of many."""
    every = math.ceil(len(classes) / 40)
    shown = range(0, len(classes), every)
    return {
        "tickvals": list(shown),
        "ticktext": [escape(_shortened(str(classes[index])), quote=False) for index in shown],
    }


def _shortened(text: str, longest: int = 20) -> str:
    """The beginning and the end: long names often differ only in the end."""
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[-(longest // 2 - 1) :]}"
