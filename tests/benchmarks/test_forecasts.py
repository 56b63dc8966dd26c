"""The benchmark of forecasts, on small made-up series instead of the real ones."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmarks import forecasts

WAVE = replace(forecasts.PROBLEMS["bike-without-weather"], horizon=24, folds=2, every=24)


def hours(noise: float) -> pd.DataFrame:
    """A daily wave; the more noise, the worse it is to repeat the day before."""
    random = np.random.default_rng(0)
    times = pd.date_range("2024-01-01", periods=24 * 20, freq="h")
    values = 10 + np.sin(2 * np.pi * times.hour.to_numpy() / 24) + noise * random.normal(size=len(times))
    return pd.DataFrame({"ts": times, "count": values}).sample(frac=1, random_state=0)  # measure sorts it


def test_figures_are_printed_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "PROBLEMS", {"wave": WAVE})
    monkeypatch.setattr(forecasts, "load", lambda name: hours(0.3))
    result = CliRunner().invoke(forecasts.command(), ["--json", str(tmp_path / "figures.json")])
    assert result.exit_code == 0, result.output
    assert "lower error in 2 of 2 than seasonal naive 24" in result.output
    figures = json.loads((tmp_path / "figures.json").read_text())["figures"]["wave"]
    assert [row["fold"] for row in figures if row["model"] == "network"] == [1, 2]


def test_a_fold_that_is_no_better_than_the_season_before_fails() -> None:
    rows = [
        (1, "network", 0.5),
        (1, "seasonal naive 24", 0.6),
        (2, "network", 0.7),
        (2, "seasonal naive 24", 0.7),
    ]
    assert forecasts.better_folds(pd.DataFrame(rows, columns=["fold", "model", "mase"])) == {
        "seasonal naive 24": 1
    }


def test_an_unknown_problem_is_refused() -> None:
    result = CliRunner().invoke(forecasts.command(), ["--only", "rosmann"])
    assert result.exit_code == 2
    assert "did you mean 'rossmann'?" in result.output
