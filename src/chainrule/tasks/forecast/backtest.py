"""Back-tests: the errors of forecasts in successive folds of the past, beside baselines without learning."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.series import Series, filled
from chainrule.data.time_grid import TimeGrid
from chainrule.data.windows import NOTHING
from chainrule.errors import DataError
from chainrule.nn.settings import check_whole
from chainrule.tasks.forecast.forecast import Forecast

NETWORK = "network"


@dataclass(frozen=True)
class FoldScore:
    """The errors of one model in one fold, averaged over the series.

    fold: from 1. known_until: the last position of the training values. model: 'network', 'naive', 'seasonal
    naive 24' or 'drift'. mase, pinball: see `mase` and `pinball`; the mean over the series for which they are
    defined, NaN if there is none. coverage: share of the values between the lowest and the highest quantile.
    series: the number of series.
    """

    fold: int
    known_until: int
    model: str
    mase: float
    pinball: float
    coverage: float
    series: int


def mase(truth: np.ndarray, forecast: np.ndarray, scale: float) -> float:
    """Mean absolute scaled error (Hyndman and Koehler 2006): mean |y - ŷ| / scale.

    truth, forecast: (steps,); steps whose truth is NaN are left out. scale: see `seasonal_scale`.
    """
    return float(np.nanmean(np.abs(truth - forecast))) / scale


def pinball(truth: np.ndarray, forecast: np.ndarray, quantiles: Sequence[float], scale: float) -> float:
    """Scaled pinball loss (the M5 competition's): mean max(q e, (q - 1) e) / scale, e = y - ŷ_q.

    truth: (steps,); steps where it is NaN are left out. forecast: (steps, quantiles). scale: see
    `seasonal_scale`.
    """
    error = truth[:, None] - forecast
    levels = np.asarray(quantiles)
    return float(np.nanmean(np.maximum(levels * error, (levels - 1) * error))) / scale


def seasonal_scale(values: np.ndarray, season: int) -> float:
    """Mean |y_t - y_(t - season)| over the known values, the unit of both errors.

    NaN if there is nothing to compare, or if the mean is 0 up to rounding: for a constant series, or one that
    repeats its season exactly, the errors are undefined (Hyndman and Koehler 2006, section 3).

    values: (length,), NaN where unknown. season: in steps.
    """
    distances = np.abs(values[season:] - values[:-season])
    if not np.isfinite(distances).any():
        return math.nan
    scale = float(np.nanmean(distances))
    return scale if scale > NOTHING * float(np.nanmax(np.abs(values))) else math.nan


def baseline_names(seasons: Sequence[int]) -> dict[str, int]:
    """The baselines by name: the season in steps that each looks back; 0 for the drift."""
    return {
        "naive": 1,
        **{f"seasonal naive {season}": season for season in seasons if season > 1},
        "drift": 0,
    }


def baseline(values: np.ndarray, season: int, horizon: int, quantiles: Sequence[float]) -> np.ndarray:
    """Forecasts without learning: the value one season before, or the line through first and last value.

    values: (length,) without NaN. season: in steps; 1 is the last value (naive), 0 the line (drift).
    Returns (horizon, quantiles): the forecast plus quantiles of the errors that it made in the past, the same
    number of steps ahead.
    """
    levels = np.asarray(quantiles)
    result = np.empty((horizon, len(levels)))
    for step in range(1, horizon + 1):
        if season:
            back = season * -(-step // season)
            point, errors = values[len(values) + step - 1 - back], values[back:] - values[:-back]
        else:
            slopes = (values[1:] - values[0]) / np.arange(1, len(values))
            slope = slopes[-1] if len(slopes) else 0.0
            point = values[-1] + step * slope
            errors = values[1 + step :] - (values[1:] + step * slopes)[:-step]
        spread = np.quantile(errors, levels) - np.median(errors) if len(errors) else np.zeros(len(levels))
        result[step - 1] = point + spread
    return result


def backtest(
    fit: Callable[[Sequence[Series]], Forecast],
    grid: TimeGrid,
    series: Sequence[Series],
    *,
    horizon: int,
    folds: int = 5,
    every: int | None = None,
    seasons: Sequence[int] = (),
    least: int = 2,
    tell: Callable[[str], None] = lambda sentence: None,
) -> list[FoldScore]:
    """The errors of forecasts in successive folds of time, each fitted to all values before its fold.

    Time is not shuffled: each fold learns from all values before it (an expanding window), and the last fold
    ends with the data.
    fit: series -> a forecast of `horizon` steps. every: steps from one fold to the next; None for the
    horizon.
    seasons: in steps, of the seasonal baselines; the first one is that of `seasonal_scale`. tell: called with
    a sentence when a fold begins.
    A series takes part in a fold if its values reach the fold and are longer than the longest season. For a
    series whose `seasonal_scale` is undefined only the coverage is measured.
    Raises DataError if the series are too short for so many folds, and as `fit` does.
    """
    every = horizon if every is None else every
    for name, value in (("folds", folds), ("horizon", horizon), ("every", every)):
        check_whole("backtest", name, value)
    last = max(each.end for each in series)
    scores: list[FoldScore] = []
    for fold in range(1, folds + 1):
        cut = last - horizon - (folds - fold) * every
        known = [each.until(cut) for each in series]
        tell(f"fold {fold} of {folds}: known until {grid.written(cut - 1)}")
        pairs = [(now, whole) for now, whole in zip(known, series, strict=True) if len(now) >= least]
        if not pairs:
            raise DataError(
                f"fold {fold} of {folds} begins at {grid.written(cut)}; no series has {least:,} values then",
                remedy="ask for fewer folds, or a smaller horizon",
            )
        forecast = fit([now for now, _ in pairs])
        scores.extend(fold_scores(forecast, fold, cut, pairs, horizon, seasons))
    return scores


def fold_scores(
    forecast: Forecast,
    fold: int,
    cut: int,
    pairs: Sequence[tuple[Series, Series]],
    horizon: int,
    seasons: Sequence[int],
) -> Iterator[FoldScore]:
    """One score for each model, averaged over the series."""
    measured: dict[str, list[tuple[float, float, float]]] = {}
    for number, (now, whole) in enumerate(pairs):
        truth = whole.values[len(now) : len(now) + horizon]
        if now.end != cut or not np.isfinite(truth).any() or len(now) <= max((1, *seasons)):
            continue
        scale = seasonal_scale(now.values, next(iter(seasons), 1))
        positions = np.arange(cut, cut + len(truth))
        covariates = whole.covariates[len(now) : len(now) + horizon]
        said = {NETWORK: forecast.predict(np.full(len(truth), number), positions, covariates)}
        values = filled(now.values, next(iter(seasons), 1))
        for name, season in baseline_names(seasons).items():
            said[name] = baseline(values, season, len(truth), forecast.quantiles)
        for name, quantiles in said.items():
            measured.setdefault(name, []).append(_measured(truth, quantiles, forecast.quantiles, scale))
    if not measured:
        raise DataError(
            f"fold {fold}: no series has values before and after its beginning",
            remedy="ask for fewer folds, or a smaller horizon",
        )
    for name, each in measured.items():
        scores = np.array(each)
        defined = scores[~np.isnan(scores[:, 0])]
        errors = defined.mean(axis=0) if len(defined) else np.full(3, math.nan)
        coverage = float(scores[:, 2].mean())
        yield FoldScore(fold, cut - 1, name, float(errors[0]), float(errors[1]), coverage, len(each))


def _measured(
    truth: np.ndarray, forecast: np.ndarray, quantiles: Sequence[float], scale: float
) -> tuple[float, float, float]:
    known = np.isfinite(truth)
    inside = (forecast[:, 0] <= truth) & (truth <= forecast[:, -1])
    median = forecast[:, list(quantiles).index(0.5)]
    return mase(truth, median, scale), pinball(truth, forecast, quantiles, scale), float(inside[known].mean())
