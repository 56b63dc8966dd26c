"""Measures and baselines against their formulas by hand, and folds that never see their future."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from chainrule.data.clock import Clock
from chainrule.data.frequency import WholeNumbers
from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.errors import DataError
from chainrule.tasks.forecast.backtest import backtest, baseline, mase, pinball, seasonal_scale
from chainrule.tasks.forecast.forecast import Forecast
from chainrule.tasks.forecast.learn import fit_forecast
from chainrule.tasks.forecast.learning import ForecastSettings

GRID = TimeGrid(WholeNumbers(), 0, Clock(form="number"))
QUANTILES = (0.1, 0.5, 0.9)


def series(values: np.ndarray, start: int = 0) -> Series:
    return Series("", start, values, np.zeros((len(values), 0), np.float32))


def test_mase_by_hand() -> None:
    past = np.array([1.0, 3.0, 2.0, 5.0, 1.0])
    assert seasonal_scale(past, 1) == pytest.approx((2 + 1 + 3 + 4) / 4)
    assert seasonal_scale(past, 2) == pytest.approx((1 + 2 + 1) / 3)
    assert math.isnan(seasonal_scale(past[:2], 2))
    assert mase(np.array([2.0, np.nan, 4.0]), np.array([1.0, 9.0, 6.0]), 0.5) == pytest.approx(
        (1 + 2) / 2 / 0.5
    )


def test_pinball_is_scikit_learns() -> None:
    random = np.random.default_rng(0)
    truth, forecast = random.normal(size=20), random.normal(size=(20, 3))
    expected = np.mean(
        [mean_pinball_loss(truth, forecast[:, i], alpha=level) for i, level in enumerate(QUANTILES)]
    )
    assert pinball(truth, forecast, QUANTILES, 4.0) == pytest.approx(expected / 4)


def test_baselines_by_hand() -> None:
    values = np.array([1.0, 4.0, 2.0, 5.0, 3.0, 9.0])
    assert baseline(values, 1, 3, (0.5,))[:, 0].tolist() == [9, 9, 9]
    assert baseline(values, 2, 3, (0.5,))[:, 0].tolist() == [3, 9, 3]
    assert baseline(values, 0, 3, (0.5,))[:, 0].tolist() == pytest.approx([9 + 1.6, 9 + 3.2, 9 + 4.8])


def test_the_bands_of_baselines_are_those_of_their_past_errors() -> None:
    values = np.cumsum(np.random.default_rng(0).normal(size=400))
    bands = baseline(values, 1, 4, QUANTILES)
    for step in range(1, 5):
        errors = values[step:] - values[:-step]
        expected = values[-1] + np.quantile(errors, QUANTILES) - np.median(errors)
        np.testing.assert_allclose(bands[step - 1], expected)
    drifts = baseline(values, 0, 2, QUANTILES)
    origins = np.arange(1, len(values) - 2)
    errors = values[origins + 2] - (values[origins] + 2 * (values[origins] - values[0]) / origins)
    width = np.quantile(errors, 0.9) - np.quantile(errors, 0.1)
    assert drifts[1, 2] - drifts[1, 0] == pytest.approx(width)


def quick(known: Sequence[Series]) -> Forecast:
    return fit_forecast(ForecastSettings(horizon=4, lags=8, season=4, epochs=1), GRID, known)


def test_folds_expand_and_end_with_the_data() -> None:
    whole = series(np.random.default_rng(0).normal(size=120))
    seen: list[int] = []

    def fit(known: Sequence[Series]) -> Forecast:
        seen.append(known[0].end)
        np.testing.assert_array_equal(known[0].values, whole.values[: known[0].end])
        return quick(known)

    scores = backtest(fit, GRID, [whole], horizon=4, folds=3, every=10, seasons=[4])
    assert seen == [96, 106, 116]
    assert [(s.fold, s.known_until) for s in scores if s.model == "drift"] == [(1, 95), (2, 105), (3, 115)]
    assert {s.model for s in scores} == {"network", "naive", "seasonal naive 4", "drift"}
    naive = next(s for s in scores if s.fold == 2 and s.model == "seasonal naive 4")
    expected = np.abs(whole.values[106:110] - whole.values[102:106]).mean()
    assert naive.mase == pytest.approx(expected / np.abs(whole.values[4:106] - whole.values[:102]).mean())


def test_series_that_end_before_a_fold_are_not_measured_in_it() -> None:
    random = np.random.default_rng(0)
    pair = [series(random.normal(size=120)), series(random.normal(size=100))]
    scores = backtest(quick, GRID, pair, horizon=4, folds=2, every=20, seasons=[4], least=12)
    assert [s.series for s in scores if s.model == "network"] == [2, 1]


def test_a_series_whose_values_pause_when_a_fold_begins_is_not_measured_in_it() -> None:
    random = np.random.default_rng(0)
    paused = random.normal(size=120)
    paused[114:116] = np.nan
    pair = [series(random.normal(size=120)), series(paused)]
    scores = backtest(quick, GRID, pair, horizon=4, folds=1, seasons=[4])
    assert [s.series for s in scores] == [1, 1, 1, 1]


def test_more_folds_than_the_past_holds_are_refused() -> None:
    with pytest.raises(DataError, match=r"fold 1 of 40 begins at -40; no series has 12 values then; ask for"):
        backtest(quick, GRID, [series(np.arange(120.0))], horizon=4, folds=40, least=12)


@pytest.mark.parametrize("values", [np.full(120, 0.1), np.sin(2 * np.pi * np.arange(120) / 4) + 0.1])
def test_of_a_constant_or_exactly_seasonal_series_scaled_errors_are_undefined(values: np.ndarray) -> None:
    """Hyndman and Koehler 2006: the unit of both, the error of repeating the season, is 0."""
    assert math.isnan(seasonal_scale(values, 4))
    scores = backtest(quick, GRID, [series(values)], horizon=4, folds=2, seasons=[4])
    assert len(scores) == 8
    assert all(math.isnan(score.mase) and math.isnan(score.pinball) for score in scores)
    assert all(0 <= score.coverage <= 1 and score.series == 1 for score in scores)


def test_beside_others_an_undefined_error_is_left_out_of_the_mean() -> None:
    whole = series(np.random.default_rng(0).normal(size=120))
    alone = backtest(quick, GRID, [whole], horizon=4, folds=1, seasons=[4])
    beside = backtest(quick, GRID, [whole, series(np.full(120, 2.0))], horizon=4, folds=1, seasons=[4])
    of = {score.model: score for score in alone}
    for score in beside:
        assert score.series == 2
        if score.model != "network":
            assert (score.mase, score.pinball) == (of[score.model].mase, of[score.model].pinball)


def test_tiny_values_have_a_unit() -> None:
    values = np.random.default_rng(0).normal(size=50) * 1e-20
    assert seasonal_scale(values, 1) == pytest.approx(np.abs(np.diff(values)).mean())
