"""What is searched for a forecast, and what is refused before anything is written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chainrule.data import Table
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.forecast import FORECAST
from chainrule.tasks.forecast.run import train_forecast
from chainrule.tasks.forecast.settings import ForecastTaskSettings
from chainrule.tasks.forecast.space import FORECAST_SPACE, SEARCH
from chainrule.tasks.tuning import tune_task

SETTINGS = ForecastTaskSettings(horizon=7, lags=14, epochs=1)


def days(values: np.ndarray) -> Table:
    times = pd.date_range("2024-01-01", periods=len(values), freq="D")
    return Table(pd.DataFrame({"day": times, "sold": values}).dropna(), "sold", "made.csv")


def test_the_first_trial_is_the_default() -> None:
    given = ForecastTaskSettings(horizon=7, seed=3)
    assert SEARCH.settings(FORECAST_SPACE.first(), given) == given


def test_series_too_short_for_trials_leave_no_study(tmp_path: Path) -> None:
    table = days(np.sin(np.arange(30.0)))  # 14 lags, 7 ahead, 7 held out: two windows, and none behind them
    assert train_forecast(table, SETTINGS).run.best_epoch == 0
    with pytest.raises(DataError, match=r"made\.csv: the series are too short for validation"):
        tune_task(FORECAST, table, SETTINGS, trials=1, folder=tmp_path / "it")
    with pytest.raises(ConfigError, match=r"validation is 0, .* \(validation=0.1\)"):
        tune_task(FORECAST, table, replace(SETTINGS, validation=0), trials=1, folder=tmp_path / "it")
    assert list(tmp_path.iterdir()) == []
