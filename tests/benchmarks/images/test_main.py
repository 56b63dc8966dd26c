"""Rows are measured, summed up and written after every run."""

import json

import pytest

pytest.importorskip("torch")

from benchmarks.images import __main__ as command


def test_every_side_is_measured_for_every_seed(monkeypatch, tmp_path, capsys):
    asked = []

    def measure(source, minutes, seed):
        asked.append((source, minutes, seed))
        return {"accuracy": 0.5 + seed / 10}

    row = command.Row("of nothing", "none", 3, "accuracy", "at least 1 %", 3, measure, measure)
    monkeypatch.setattr(command, "ROWS", {"row": row})
    file = tmp_path / "figures.json"
    command.main(minutes=2.0, json_file=file)
    assert asked == 2 * [("none", 2.0, seed) for seed in range(3)]
    figures = json.loads(file.read_text())["figures"]["row"]
    assert figures["pytorch"]["mean"] == pytest.approx(0.6)
    assert figures["chainrule"]["deviation"] == pytest.approx(0.0816, abs=1e-4)
    assert [run["seed"] for run in figures["chainrule"]["runs"]] == [0, 1, 2]
    assert "60.00 ± 8.16 % accuracy" in capsys.readouterr().out
