import math
from typing import Any

import numpy as np
import pytest

from chainrule.report import figures


def traces(figure: Any) -> dict[str, Any]:
    """name -> trace."""
    return {trace.name: trace for trace in figure.data}


def trace(figure: Any, index: int = 0) -> Any:
    return figure.data[index]


def layout(figure: Any) -> Any:
    return figure.layout


def test_update_ratios_are_update_by_value(metrics):
    colours = figures.depth_colours(["dense_1.weight", "dense_1.bias"])
    lines = traces(figures.update_ratios(metrics, colours))
    assert lines["dense_1.weight"].y == pytest.approx([0.03] * 3)
    assert lines["dense_1.bias"].y[0] is None  # its value is still zero
    assert lines["dense_1.bias"].y[1:] == pytest.approx([0.2] * 2)
    assert lines["customary 0.001"].y == (1e-3,) * 3


def test_axis_of_update_ratios_reaches_the_customary_value(metrics):
    axis = figures.update_ratios(metrics, figures.depth_colours(["dense_1.weight"])).layout.yaxis
    assert axis.type == "log"
    assert axis.range[0] <= math.log10(1e-3) < math.log10(0.03) <= axis.range[1]


def test_weights_are_solid_and_other_parameters_dotted(metrics):
    colours = figures.depth_colours(["dense_1.weight", "dense_1.bias"])
    lines = traces(figures.sizes(metrics, "gradient", colours, showlegend=True))
    assert (lines["dense_1.weight"].line.dash, lines["dense_1.bias"].line.dash) == ("solid", "dot")


def test_layers_are_solid_even_inside_of_another_layer():
    epochs = [{"epoch": 1, "watch": {"residual_1.dense_1": {"delta": 1.0}}}]
    figure = figures.sizes(epochs, "delta", {"residual_1.dense_1": "#000000"}, showlegend=True)
    assert trace(figure).line.dash == "solid"


def test_sizes_are_drawn_on_a_log_axis_with_gaps_at_zero_and_where_nothing_was_recorded(metrics):
    metrics[1]["watch"]["dense_1"]["delta"] = 0.0
    del metrics[2]["watch"]
    figure = figures.sizes(metrics, "delta", figures.depth_colours(["dense_1", "dense_2"]), showlegend=True)
    assert traces(figure)["dense_1"].y == (0.001, None, None)
    assert traces(figure)["dense_2"].y == (0.01, 0.01, None)
    assert layout(figure).yaxis.type == "log"


def test_sizes_that_are_all_zero_are_an_empty_figure(metrics):
    for epoch in metrics:
        epoch["watch"]["dense_1"]["delta"] = 0.0
    figure = figures.sizes(metrics, "delta", {"dense_1": "#000000"}, showlegend=True)
    assert trace(figure).y == (None, None, None)


def test_log_axis_shows_small_differences_as_small(metrics):
    low, high = figures.sizes(
        metrics, "activation", {"dense_1": "#000000"}, showlegend=True
    ).layout.yaxis.range
    assert low < math.log10(0.5) < high
    assert high - low >= 1.2


def test_colours_run_from_input_to_output_and_all_differ():
    names = [f"dense_{index}" for index in range(30)]
    colours = figures.depth_colours(names)
    assert list(colours) == names
    assert len(set(colours.values())) == 30
    assert colours[names[0]] == figures.depth_scale()[0]
    assert colours[names[-1]] == figures.depth_scale()[-1]
    assert figures.depth_colours(["only"]) == {"only": figures.depth_scale()[0]}


def test_legend_of_a_deep_network_gives_way():
    names = [f"dense_{index}" for index in range(40)]
    epochs = [{"epoch": 1, "watch": {name: {"delta": 1.0} for name in names}}]
    figure = figures.sizes(epochs, "delta", figures.depth_colours(names), showlegend=True)
    assert layout(figure).showlegend is False
    assert layout(figure).hovermode == "closest"


def test_confusion_counts_and_shares_are_in_the_hover_text():
    heat = trace(figures.confusion(np.array([[3, 1], [0, 0]]), ["yes", "no"]))
    assert heat.hovertext[0][1] == "true <b>yes</b>, predicted <b>no</b><br>1 of 4 (25.0%)"
    assert heat.hovertext[1][0].endswith("0 of 0 (0.0%)")  # a class without held-out rows
    assert list(heat.text[0]) == ["3", "1"]


def test_classes_named_by_numbers_keep_their_places():
    axis = figures.confusion(np.eye(3, dtype=int), ["10", "2", "1"]).layout.xaxis
    assert axis.tickvals == (0, 1, 2)
    assert axis.ticktext == ("10", "2", "1")


def test_confusion_of_many_classes_is_drawn_without_numbers_and_with_short_names():
    names = [f"a species with a very long name {index}" for index in range(100)]
    figure = figures.confusion(np.eye(100, dtype=int), names)
    assert trace(figure).text is None
    assert len(layout(figure).xaxis.tickvals) <= 40
    assert all(len(text) <= 20 for text in layout(figure).xaxis.ticktext)
    assert layout(figure).xaxis.ticktext[1].endswith("name 3")


def test_scatter_draws_at_most_3000_points_and_keeps_the_ends():
    values = np.arange(10_000.0)
    points = trace(figures.predicted_against_true(values, values + 1), 1)
    assert len(points.x) == 3000
    assert (points.x[0], points.x[-1]) == (0, 9999)
    assert np.array_equal(np.array(points.y) - np.array(points.x), np.ones(3000))


@pytest.mark.parametrize("error", [np.zeros(5), np.array([-1.0, 0.0, 0.0, 0.5, 3.0])])
def test_histogram_counts_every_residual_once(error):
    bars = trace(figures.residual_histogram(np.arange(5.0), np.arange(5.0) + error))
    assert sum(bars.y) == 5
    occupied = [(x, width) for x, y, width in zip(bars.x, bars.y, bars.width, strict=True) if y]
    for value in error:
        assert any(abs(value - x) <= 0.54 * width for x, width in occupied)
