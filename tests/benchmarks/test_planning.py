"""The measures of planning, on little; and that no step of a deep program looks through all others."""

import json
import sys

import pytest
from benchmarks.planning import NETWORKS, Start, main, measure


@pytest.mark.parametrize("network", NETWORKS)
def test_every_part_of_the_start_takes_time(network):
    start = measure(network, 1, 2)
    assert min(start.trace, start.differentiate, start.record, start.plan, start.first_step) > 0
    assert start.total >= start.plan + start.record


def test_figures_are_printed_and_written(capsys, monkeypatch, tmp_path):
    file = tmp_path / "figures.json"
    monkeypatch.setattr(
        sys, "argv", ["planning", "--layers", "1,2", "--blocks", "", "--tries", "1", "--json", str(file)]
    )
    main()
    starts = [Start(**each) for each in json.loads(file.read_text())["figures"]]
    assert [(start.network, start.depth) for start in starts] == [("dense", 1), ("dense", 2)]
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["dense", "1"],
        ["dense", "2"],
    ]
