"""The papers' protocol on a small made-up data set: its parts, its windows, its choice."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.long_horizons import Choice, as_series, errors, measure, settings_of, standardized
from typer.testing import CliRunner

from benchmarks import forecasts, long_horizons
from chainrule.errors import DataError
from chainrule.tasks.forecast.learn import fit_forecast, lessons_of


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 300, 100 and 100 hours, and pasts of 8 and 12."""
    for name, value in {"TRAINED": 300, "VALIDATED": 400, "TESTED": 500}.items():
        monkeypatch.setattr(long_horizons, name, value)
    monkeypatch.setattr(long_horizons, "LOOK_BACKS", (8, 12))
    monkeypatch.setattr(long_horizons, "HORIZONS", (6, 24))
    published = {"waves": {"PatchTST": (9.0, 9.0), "FITS": (0.0, 0.0)}}
    monkeypatch.setattr(long_horizons, "PUBLISHED", published)


def waves(hours: int = 520) -> pd.DataFrame:
    random = np.random.default_rng(0)
    times = pd.date_range("2016-07-01", periods=hours, freq="h")
    wave = np.sin(2 * np.pi * np.arange(hours) / 24)
    columns = {name: 5 + wave + 0.3 * random.normal(size=hours) for name in ("HUFL", "OT")}
    return pd.DataFrame({"date": times, **columns})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    waves().to_csv(tmp_path / "waves.csv", index=False)
    return tmp_path


def test_values_are_standardized_by_the_training_part_and_cut_where_the_test_part_ends(folder: Path) -> None:
    values = standardized(folder, "waves")
    raw = waves()[["HUFL", "OT"]].to_numpy()
    assert values.shape == (500, 2)
    np.testing.assert_allclose(values * raw[:300].std(0) + raw[:300].mean(0), raw[:500])


def test_training_and_validation_windows_are_the_protocols(folder: Path) -> None:
    """Training windows end before the validation part, whose pasts may begin before it."""
    lessons = lessons_of(
        settings_of(Choice("linear", 12, 0.0), 6, 0),
        long_horizons.HOURS,
        as_series(standardized(folder, "waves")[:400]),
    )
    assert lessons.validation is not None
    assert len(lessons.training) == 2 * (300 - 12 - 6 + 1)
    assert len(lessons.validation) == 2 * (100 - 6 + 1)


def test_errors_are_those_of_every_window_forecast_alone(folder: Path) -> None:
    values = standardized(folder, "waves")
    known = as_series(values[:400])
    forecast = fit_forecast(settings_of(Choice("linear", 12, 0.0), 6, 0), long_horizons.HOURS, known)
    found = errors(forecast, values, 400, 500)
    squared, absolute = [], []
    for begin in range(400, 500 - 6 + 1):
        then = forecast.going_on_from(as_series(values[:begin]))
        for number in range(2):
            ask = np.full(6, number), begin + np.arange(6), np.zeros((6, 0), np.float32)
            error = then.predict(*ask)[:, 0] - values[begin : begin + 6, number]
            squared.append((error**2).mean())
            absolute.append(np.abs(error).mean())
    assert found.squared == pytest.approx(np.mean(squared), rel=1e-5)
    assert found.absolute == pytest.approx(np.mean(absolute), rel=1e-5)


def test_the_choice_is_made_by_validation_alone(folder: Path) -> None:
    values = standardized(folder, "waves")
    other = values.copy()
    other[400:] = 100 * np.random.default_rng(1).normal(size=(100, 2))  # nobody may look at it
    first, second = (measure("waves", each, 6, [0, 1], networks=("linear",)) for each in (values, other))
    assert first.tried == second.tried
    assert [each.lags for each in first.tried] in ([8, 12], [12, 8])
    assert first.tried[0].validation <= first.tried[1].validation
    assert len(first.test) == len(first.seconds) == 2
    assert second.squared > 100 * first.squared


def test_figures_are_printed_and_written(folder: Path) -> None:
    arguments = ["--papers", str(folder), "--horizon", "6", "--seeds", "2", "--json", str(folder / "f.json")]
    result = CliRunner().invoke(forecasts.command(), arguments)
    assert result.exit_code == 0, result.output
    assert "at most PatchTST's error in 1 of 1" in result.output
    assert "at most FITS's error in 0 of 1" in result.output
    (cell,) = json.loads((folder / "f.json").read_text())["figures"]
    assert len(cell["tried"]) == 3
    assert cell["mean_squared_error"] == pytest.approx(np.mean([each["squared"] for each in cell["test"]]))


def test_a_wrong_folder_and_a_wrong_horizon_are_refused(folder: Path) -> None:
    (folder / "waves.csv").rename(folder / "others.csv")
    with pytest.raises(DataError, match=r"has no waves\.csv"):
        standardized(folder, "waves")
    waves(200).to_csv(folder / "waves.csv", index=False)
    with pytest.raises(DataError, match=r"has 200 rows of 2 numbers; the protocol needs 500"):
        standardized(folder, "waves")
    result = CliRunner().invoke(forecasts.command(), ["--papers", str(folder), "--horizon", "7"])
    assert result.exit_code == 2
    assert "there is no 7" in result.output


def test_dlinear_in_pytorch_learns_a_wave(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    pytest.importorskip("torch")
    from benchmarks import dlinear

    monkeypatch.setattr(dlinear, "LAGS", 48)
    values = standardized(folder, "waves")
    fitted = dlinear.fit_dlinear(values, 6, seed=0)
    assert 1 <= fitted.epochs <= 10
    assert fitted.squared < 0.5 * np.square(values[400:]).mean()
