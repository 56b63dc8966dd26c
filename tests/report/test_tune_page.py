"""The report of a study: its figures against numbers worked out by hand, and the page that holds them."""

import math
from typing import Any

import pytest

from chainrule.report import tune_figures
from chainrule.report.tune_page import tune_page

SPACE = {
    "rate": {"kind": "Float", "low": 0.001, "high": 0.1, "log": True},
    "share": {"kind": "Float", "low": 0.0, "high": 0.5, "log": False},
    "kind": {"kind": "Categorical", "values": ["<a>", "b"]},
}


def trial(number: int, state: str, score: float | None, *values: object, **facts: object) -> dict[str, Any]:
    drawn = dict(zip(SPACE, values, strict=True))
    return {
        "number": number,
        "state": state,
        "score": score,
        "values": drawn,
        "facts": facts,
        "seconds": 30.0,
    }


# Best first.
TRIALS = [
    trial(2, "complete", 0.25, 0.01, 0.5, "b", epochs=20, validation_accuracy=0.9),
    trial(0, "complete", 0.5, 0.1, 0.0, "<a>", epochs=20, validation_accuracy=0.8),
    trial(3, "complete", 1.0, 0.001, 0.25, "b", epochs=20, validation_accuracy=0.7),
    trial(1, "pruned", 2.0, 0.001, 0.25, "<a>", epochs=5),
    trial(4, "pruned", None, 0.1, 0.25, "<a>", epochs=1),
]


def traces(figure: Any) -> Any:
    """What is drawn; plotly's annotations do not say what a trace has."""
    return figure.data


def test_scores_and_the_best_so_far() -> None:
    complete, pruned, best = traces(tune_figures.scores(TRIALS))
    assert (list(complete.x), list(complete.y)) == ([2, 0, 3], [0.25, 0.5, 1.0])
    assert (list(pruned.x), list(pruned.y)) == ([1], [2.0])
    assert (list(best.x), list(best.y)) == ([0, 2, 3], [0.5, 0.25, 0.25])
    assert "&lt;a&gt;" in pruned.hovertext[0]


def test_parallel_coordinates_place_every_value() -> None:
    lines = traces(tune_figures.parallel_coordinates(TRIALS, SPACE))[0]
    rate, share, kind, loss = lines.dimensions  # drawn worst first; the trial without a score is left out
    assert list(rate["values"]) == pytest.approx([-3, -3, -1, -2])
    assert list(rate["range"]) == [-3, -1]
    assert list(rate["ticktext"]) == ["0.001", "0.01", "0.1"]
    assert list(rate["tickvals"]) == pytest.approx([-3, -2, -1])
    assert list(share["values"]) == [0.25, 0.25, 0.0, 0.5]
    assert (list(kind["values"]), list(kind["ticktext"])) == ([0, 1, 0, 1], ["&lt;a&gt;", "b"])
    assert list(loss["values"]) == [2.0, 1.0, 0.5, 0.25]
    assert list(lines.line.color) == [0, 1, 2, 3]


def test_losses_far_apart_get_a_logarithmic_axis() -> None:
    worse = [*TRIALS, trial(5, "pruned", 1000.0, 0.01, 0.5, "b")]
    loss = traces(tune_figures.parallel_coordinates(worse, SPACE))[0].dimensions[-1]
    assert loss["values"][-1] == pytest.approx(math.log10(0.25))
    assert list(loss["range"]) == pytest.approx([math.log10(0.25), 3])


def test_importances_are_bars() -> None:
    bars = traces(tune_figures.importances({"rate": 0.75, "learning_share": 0.25}))[0]
    assert (list(bars.x), list(bars.y)) == ([0.75, 0.25], ["rate", "learning share"])


def page(read_page, importances: dict[str, float], evaluation: dict[str, Any]):
    config = {"file": "x.csv", "layers": [8]}
    return read_page(tune_page(TRIALS, importances, SPACE, config, evaluation, "x-tune-001", target="<kind>"))


def test_the_page_says_what_was_found(read_page, classification) -> None:
    read = page(read_page, {"rate": 0.75, "share": 0.25}, classification)
    assert list(read.figures) == [
        "Score of each trial",
        "Importance of each parameter",
        "Parallel coordinates",
    ]
    for words in (
        "x-tune-001", "Tuning for <kind>", "0.2500", "trial 2", "87.50 %", "baseline 50.00 %",
        "3 complete · 2 pruned", "2 min 30 s", "90.00 %", "The best trials", "Settings",
    ):  # fmt: skip
        assert words in read.text, words
    assert [each for each in read.resources() if not each.startswith("data:")] == ["best/report.html"]


def test_the_page_without_importances_and_without_a_run(read_page) -> None:
    read = page(read_page, {}, {})
    assert list(read.figures) == ["Score of each trial", "Parallel coordinates"]
    assert "too few trials" in read.text
    assert "best/report.html" not in read.resources()
