"""The figure of the learning curve over the number of documents."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chainrule.report.figures import TRAINING, common_figure
from chainrule.report.numbers import metric_name

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def curve_figure(curve: Sequence[Mapping[str, float]], name: str) -> "Figure":
    """A metric by the number of training documents, on a log axis."""
    from plotly.graph_objects import Scatter

    line = Scatter(
        x=[each["documents"] for each in curve],
        y=[each[name] for each in curve],
        mode="lines+markers",
        line={"color": TRAINING},
    )
    figure = common_figure([line], x="training documents", y=metric_name(name), showlegend=False)
    return figure.update_layout(xaxis_type="log")
