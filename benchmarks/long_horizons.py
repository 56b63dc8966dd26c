"""Forecasts of long horizons by the papers' protocol: ETTh1 and ETTh2 (Zhou et al. 2021, "Informer")."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import read_table
from chainrule.data.frequency import Duration
from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.errors import DataError
from chainrule.tasks.forecast.forecast import Forecast
from chainrule.tasks.forecast.learn import fit_forecast
from chainrule.tasks.forecast.learning import ForecastSettings

if TYPE_CHECKING:
    import pandas as pd

MONTH = 30 * 24
TRAINED, VALIDATED, TESTED = 12 * MONTH, 16 * MONTH, 20 * MONTH
HORIZONS = (96, 192, 336, 720)
LOOK_BACKS = (336, 512, 720)
NETWORKS = ("linear", "residual")
HOURS = TimeGrid(Duration(3600 * 10**9), 0)

PUBLISHED = {
    "ETTh1": {
        "PatchTST": (0.385, 0.413, 0.440, 0.456),
        "DLinear": (0.384, 0.443, 0.446, 0.504),
        "FITS": (0.375, 0.407, 0.430, 0.427),
    },
    "ETTh2": {
        "PatchTST": (0.274, 0.338, 0.367, 0.391),
        "DLinear": (0.282, 0.350, 0.414, 0.588),
        "FITS": (0.271, 0.331, 0.354, 0.378),
    },
}
"""Mean squared errors over all test windows, as Xu et al. 2024 ("FITS") corrected and published them."""


@dataclass(frozen=True)
class Errors:
    """Mean squared and absolute error over all windows, steps and series; a deviation of training is 1."""

    squared: float
    absolute: float


@dataclass(frozen=True)
class Choice:
    """A network and its look-back, and the validation error that it was chosen by."""

    network: str
    lags: int
    validation: float


@dataclass(frozen=True)
class Cell:
    """What was measured of a data set and a horizon.

    test: a seed each. seconds: per fit. tried: all choices, the best first.
    """

    data: str
    horizon: int
    tried: tuple[Choice, ...]
    test: tuple[Errors, ...]
    seconds: tuple[float, ...]

    @property
    def published(self) -> dict[str, float]:
        """The mean squared errors of others."""
        return {name: errors[HORIZONS.index(self.horizon)] for name, errors in PUBLISHED[self.data].items()}

    @property
    def squared(self) -> float:
        """The mean squared error, over the seeds."""
        return float(np.mean([each.squared for each in self.test]))

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "data": self.data,
            "horizon": self.horizon,
            "tried": [vars(each) for each in self.tried],
            "mean_squared_error": self.squared,
            "deviation": float(np.std([each.squared for each in self.test])),
            "mean_absolute_error": float(np.mean([each.absolute for each in self.test])),
            "test": [vars(each) for each in self.test],
            "seconds": list(self.seconds),
            "published": self.published,
        }


def standardized(folder: Path, name: str) -> np.ndarray:
    """The 20 months of a data set, (times, series), by mean and deviation of the training part.

    Raises DataError for a folder without the file, and for one of another kind.
    """
    file = folder / f"{name}.csv"
    if not file.is_file():
        raise DataError(f"{folder} has no {name}.csv", remedy="name the folder of ETTh1.csv and ETTh2.csv")
    frame: pd.DataFrame = read_table(file)
    values = frame.select_dtypes("number").to_numpy(np.float64)
    if len(values) < TESTED or not values.shape[1]:
        raise DataError(
            f"{file} has {len(values):,} rows of {values.shape[1]} numbers; the protocol needs {TESTED:,}",
            remedy="give the file as its authors publish it",
        )
    values = values[:TESTED]
    return (values - values[:TRAINED].mean(0)) / values[:TRAINED].std(0)


def as_series(values: np.ndarray) -> list[Series]:
    """Each column as a series of hours without covariates."""
    nothing = np.zeros((len(values), 0), np.float32)
    return [Series(str(number), 0, column, nothing) for number, column in enumerate(values.T)]


def errors(forecast: Forecast, values: np.ndarray, begin: int, end: int) -> Errors:
    """Over every window whose steps ahead lie from `begin` to `end`."""
    horizon = forecast.windows.horizon
    told = forecast.going_on_from(as_series(values[:end]))
    origins = np.arange(begin - 1, end - horizon)
    squared, absolute = [], []
    for number, column in enumerate(values.T):
        truth = np.lib.stride_tricks.sliding_window_view(column[:end], horizon)[origins + 1]
        for part in np.array_split(np.arange(len(origins)), 1 + len(origins) // 1024):
            error = told.windows_ahead(number, origins[part])[..., 0] - truth[part]
            squared.append(np.square(error).sum())
            absolute.append(np.abs(error).sum())
    count = len(origins) * horizon * values.shape[1]
    return Errors(float(sum(squared)) / count, float(sum(absolute)) / count)


def settings_of(choice: Choice, horizon: int, seed: int) -> ForecastSettings:
    """The last four months of the first sixteen are for validation, as the protocol has it."""
    return ForecastSettings(
        horizon=horizon,
        lags=choice.lags,
        quantiles=(0.5,),
        network=choice.network,
        loss="squared",
        validation=(VALIDATED - TRAINED) / (VALIDATED - 1),
        seed=seed,
    )


def measure(
    data: str,
    values: np.ndarray,
    horizon: int,
    seeds: Sequence[int],
    *,
    networks: Sequence[str] = NETWORKS,
    tell: Callable[[str], None] = lambda sentence: None,
) -> Cell:
    """Choose look-back and network by the validation part with the first seed, then test with every seed.

    The look-back is chosen with the first network; the others are tried with that look-back.
    """
    known = as_series(values[:VALIDATED])

    def fitted(choice: Choice, seed: int) -> tuple[Forecast, float]:
        tell(f"{data}, {horizon} hours ahead: {choice.network} from {choice.lags}, seed {seed}")
        start = time.perf_counter()
        forecast = fit_forecast(settings_of(choice, horizon, seed), HOURS, known)
        return forecast, time.perf_counter() - start

    tried: list[tuple[Choice, Forecast, float]] = []

    def attempt(network: str, lags: int) -> None:
        choice = Choice(network, lags, math.inf)
        forecast, seconds = fitted(choice, seeds[0])
        error = errors(forecast, values[:VALIDATED], TRAINED, VALIDATED).squared
        tried.append((replace(choice, validation=error), forecast, seconds))
        tried.sort(key=lambda each: each[0].validation)

    for lags in LOOK_BACKS:
        attempt(networks[0], lags)
    lags = tried[0][0].lags
    for network in networks[1:]:
        attempt(network, lags)
    best, forecast, seconds = tried[0]
    fits = [(forecast, seconds), *(fitted(best, seed) for seed in seeds[1:])]
    test = tuple(errors(each, values, VALIDATED, TESTED) for each, _ in fits)
    return Cell(data, horizon, tuple(choice for choice, _, _ in tried), test, tuple(each for _, each in fits))
