"""The figure of forecasts beside the actual values."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.report.figures import TRAINING, VALIDATION, common_figure

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def forecast_figure(drawn: Mapping[str, Any], quantiles: Sequence[float]) -> "Figure":
    """Values over time, the median forecast, and the band between the outermost quantiles.

    drawn: 'times' and 'values' are the actual series; 'ahead' (times,) and 'forecasts' (times, quantiles) the
    forecast.
    """
    from plotly.graph_objects import Scatter

    ahead, rows = drawn["ahead"], drawn["forecasts"]
    lowest, highest = [row[0] for row in rows], [row[-1] for row in rows]
    band = Scatter(
        x=[*ahead, *reversed(ahead)],
        y=[*highest, *reversed(lowest)],
        fill="toself",
        mode="lines",
        line={"width": 0, "color": VALIDATION},
        opacity=0.35,
        name=f"{quantiles[0]:g} to {quantiles[-1]:g}",
        hoverinfo="skip",
    )
    middle = list(quantiles).index(0.5)
    lines = [
        band,
        Scatter(x=drawn["times"], y=drawn["values"], mode="lines", name="actual", line={"color": TRAINING}),
        Scatter(
            x=ahead,
            y=[row[middle] for row in rows],
            mode="lines",
            name="forecast",
            line={"color": VALIDATION},
        ),
    ]
    return common_figure(lines, x="", y="", showlegend=True)
