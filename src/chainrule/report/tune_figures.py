"""The figures of a study's report: each function turns trials into one plotly figure.

A trial is a dictionary: number, state ('complete' or 'pruned'), score (None where there is none), values,
facts, seconds. Trials come best first, pruned ones behind.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from chainrule.report.figures import DEPTH_COLOURS, GUIDE, TRAINING, VALIDATION, common_figure
from chainrule.report.numbers import number

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Trials = Sequence[Mapping[str, Any]]

_MOST_TICKS = 5


def scores(trials: Trials) -> "Figure":
    """The score of every trial by its number, and the lowest of the complete ones so far."""
    import plotly.graph_objects as go

    traces: list[Any] = []
    kinds = (("complete", "complete", TRAINING, "circle"), ("pruned", "pruned, when it ended", GUIDE, "x"))
    for state, name, colour, symbol in kinds:
        chosen = [trial for trial in trials if trial["state"] == state and trial["score"] is not None]
        points = go.Scatter(
            x=[trial["number"] for trial in chosen],
            y=[trial["score"] for trial in chosen],
            name=name,
            mode="markers",
            marker={"color": colour, "size": 6, "symbol": symbol},
            hovertext=[_described(trial) for trial in chosen],
            hoverinfo="text",
        )
        traces.append(points)
    complete = sorted(_complete(trials), key=lambda trial: trial["number"])
    lowest = list(itertools.accumulate((trial["score"] for trial in complete), min))
    line = go.Scatter(
        x=[trial["number"] for trial in complete],
        y=lowest,
        name="best so far",
        mode="lines",
        line={"color": VALIDATION, "width": 1.8, "shape": "hv"},
        hoverinfo="skip",
    )
    return common_figure(
        [*traces, line], x="trial", y="validation loss", showlegend=True, hovermode="closest"
    )


def importances(shares: Mapping[str, float]) -> "Figure":
    """How much of the ranking of the trials each parameter explains, as bars, the largest on top."""
    import plotly.graph_objects as go

    names = [escape(_words(name), quote=False) for name in shares]
    bars = go.Bar(
        x=list(shares.values()),
        y=names,
        orientation="h",
        marker={"color": TRAINING, "line_width": 0},
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure = common_figure(
        [bars], x="share", y="", showlegend=False, hovermode="closest", height=90 + 26 * len(names)
    )
    return figure.update_layout(xaxis_tickformat=".0%", yaxis_autorange="reversed", yaxis_ticksuffix=" ")


def parallel_coordinates(trials: Trials, space: Mapping[str, Mapping[str, Any]]) -> "Figure":
    """A line for each trial across the axes of all parameters, coloured from worst to best.

    space: the kind of each parameter, as Space.to_plain writes it. Trials without a score are left out.
    """
    import plotly.graph_objects as go

    shown_trials = [trial for trial in trials if trial["score"] is not None][::-1]  # the best is drawn last
    found = [trial["score"] for trial in shown_trials]
    dimensions = [
        _axis(name, [trial["values"][name] for trial in shown_trials], parameter)
        for name, parameter in space.items()
        if all(name in trial["values"] for trial in shown_trials)
    ]
    logarithmic = min(found) > 0 and max(found) > 10 * min(found)
    dimensions.append(_axis("validation loss", found, {"kind": "Float", "log": logarithmic}))
    colours = [f"rgb({red}, {green}, {blue})" for red, green, blue in reversed(DEPTH_COLOURS)]
    lines = go.Parcoords(
        dimensions=dimensions,
        line={
            "color": list(range(len(found))),
            "colorscale": [[i / 4, each] for i, each in enumerate(colours)],
        },
        labelangle=-30,
        labelside="top",
    )
    figure = common_figure([lines], x="", y="", showlegend=False, hovermode="closest", height=460)
    return figure.update_layout(margin={"l": 70, "r": 70, "t": 110, "b": 24})


def _axis(name: str, values: list[Any], parameter: Mapping[str, Any]) -> dict[str, Any]:
    """One axis of parallel coordinates: choices by their position, logarithmic ranges by their logarithm."""
    label = escape(_words(name), quote=False)
    if parameter["kind"] == "Categorical":
        choices = list(parameter["values"])
        return {
            "label": label,
            "values": [choices.index(value) for value in values],
            "range": [-0.1, len(choices) - 0.9],
            "tickvals": list(range(len(choices))),
            "ticktext": [escape(str(choice), quote=False) for choice in choices],
        }
    low, high = parameter.get("low", min(values)), parameter.get("high", max(values))
    if not parameter.get("log"):
        axis = {"label": label, "values": values, "range": [low, high]}
        few = parameter["kind"] == "Integer" and high - low <= _MOST_TICKS
        return axis | ({"tickvals": list(range(low, high + 1))} if few else {})
    ticks = _log_ticks(low, high)
    return {
        "label": label,
        "values": [math.log10(value) for value in values],
        "range": [math.log10(low), math.log10(high)],
        "tickvals": [math.log10(tick) for tick in ticks],
        "ticktext": [f"{tick:g}" for tick in ticks],
    }


def _log_ticks(low: float, high: float) -> list[float]:
    """The ends, and between them powers of ten, or of two where the range is narrow."""
    base = 10 if high >= 100 * low else 2
    exponents = range(math.ceil(math.log(low, base)), math.floor(math.log(high, base)) + 1)
    every = math.ceil(len(exponents) / _MOST_TICKS)
    between = [float(base) ** each for each in exponents[::every]]
    return sorted({float(f"{tick:.3g}") for tick in (low, *between, high)})


def _described(trial: Mapping[str, Any]) -> str:
    lines = [f"{_words(name)}: {shown(value)}" for name, value in trial["values"].items()]
    text = "<br>".join(escape(line, quote=False) for line in lines)
    return f"<b>trial {trial['number']}</b>: {number(trial['score'])}<br>{text}"


def _complete(trials: Trials) -> list[Mapping[str, Any]]:
    return [trial for trial in trials if trial["state"] == "complete"]


def shown(value: object) -> str:
    """A drawn value as people read it."""
    return number(value, 3) if isinstance(value, float) else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
