"""Probes of one's own choice in the report: where each point lies, and which lines share a panel."""

import math
from typing import Any

import pytest

from chainrule.report.probe_curves import probe_figure, section, thin

RECORDS = [
    {"epoch": 1, "step": 3, "watch_steps": {"dense_1": {"delta": [1.0, 2.0, math.nan]}}},
    {"epoch": 2, "step": 6, "watch_steps": {"dense_1": {"delta": [4.0, 5.0, 6.0]}}},
]


def test_every_step_is_drawn_where_it_was_done(read_page):
    line = read_page(section(RECORDS)).figures["Delta, every step"]["data"][0]
    assert line["name"] == "dense_1"
    assert line["x"] == [1, 2, 3, 4, 5, 6]
    assert line["y"] == [1.0, 2.0, None, 4.0, 5.0, 6.0]


def test_what_every_epoch_measured_is_drawn_where_no_other_figure_does(read_page):
    watch = {"dense_1": {"delta": 1.0, "activation_dead_units": 0.5}}
    page = read_page(section([{"epoch": n, "step": n, "watch": watch} for n in (1, 2)]))
    assert list(page.figures) == ["Activation dead units, every epoch"]
    assert page.figures["Activation dead units, every epoch"]["data"][0]["x"] == [1, 2]
    assert section([{"epoch": 1, "step": 1, "watch": {"dense_1": {"delta": 1.0}}}]) == ""


def test_many_are_small_multiples_by_layer():
    curves: dict[str, Any] = {
        f"dense_{n}.{what}": [(1, float(n))] for n in range(1, 6) for what in ("weight", "bias")
    }
    lines: Any = probe_figure(curves, "step").data
    panels = {line.name: line.xaxis for line in lines}
    assert len(set(panels.values())) == 5
    assert all(panels[f"dense_{n}.weight"] == panels[f"dense_{n}.bias"] for n in range(1, 6))
    assert [line.line.dash for line in lines[:2]] == ["solid", "dot"]
    few: Any = probe_figure(dict(list(curves.items())[:4]), "step")
    assert {line.xaxis for line in few.data} == {None}
    assert few.layout.showlegend


@pytest.mark.parametrize("length", [0, 1, 5, 6, 17, 1000])
def test_thinned_curves_keep_their_peaks(length):
    curve: Any = [(x, -9.0 if x == length // 2 else math.sin(x)) for x in range(length)]
    found = thin(curve, most=5)
    assert len(found) <= 5
    assert set(found) <= set(curve)
    assert not length or (length // 2, -9.0) in found
