"""Windows hold what is known at their origin and nothing later, checked number by number."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data.frequency import Days
from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.data.windows import History, Windows, spread_of, step_rows, training_rows

DAYS = TimeGrid(Days(), int(pd.Timestamp("2024-01-01").value // 1000))


@pytest.fixture
def windows() -> Windows:
    return Windows(DAYS, lags=10, horizon=8, season=7, seasonal=((7, 2),), covariates=1)


@pytest.fixture
def history() -> History:
    random = np.random.default_rng(0)
    values = 100 + 10 * random.normal(size=60)
    values[30] = np.nan
    covariates = random.normal(size=(60, 1)).astype(np.float32)
    return History.of(Series("a", 5, values, covariates), number=3, season=7, span=100)


def test_a_window_number_by_number(windows: Windows, history: History) -> None:
    x, y, weight = training_rows(windows, history, np.array([21, 40]))
    values = history.series.values.copy()
    values[30] = values[23]
    known = np.delete(values, 30)
    scale = known.std()
    assert x.shape == (2, windows.width)
    for row, origin in enumerate((21, 40)):
        level = values[origin - 6 : origin + 1].mean()  # one whole season fits into ten lags
        np.testing.assert_allclose(
            x[row, :10], (values[origin - 9 : origin + 1] - level) / scale, rtol=1e-4, atol=1e-5
        )
        assert x[row, 10] == pytest.approx((level - known.mean()) / scale, rel=1e-4)
        assert x[row, 11] == 3
        steps = x[row, 12:].reshape(8, windows.features)
        for step in range(1, 9):
            at = origin + step
            day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=5 + at)
            told = steps[step - 1]
            assert told[0] == pytest.approx(np.sin(2 * np.pi * day.day_of_week / 7), abs=1e-6)
            assert told[12] == pytest.approx((5 + at) / 100)
            assert told[13] == history.series.covariates[at, 0]
            for back, place in ((at - 7 * (1 if step < 8 else 2), 14), (at - 7 * (2 if step < 8 else 3), 16)):
                assert back <= origin
                assert told[place] == pytest.approx((values[back] - level) / scale, rel=1e-4, abs=1e-5)
                assert told[place + 1] == history.series.covariates[back, 0]
        np.testing.assert_allclose(
            y[row], (values[origin + 1 : origin + 9] - level) / scale, rtol=1e-4, atol=1e-5
        )
    assert weight.tolist() == [1.0, 1.0]


def test_nothing_later_than_the_origin_is_seen(windows: Windows, history: History) -> None:
    """Values after the origin may be anything: the row stays the same."""
    origins = np.array([30])
    before = training_rows(windows, history, origins)[0]
    history.values[31:] = 1e6
    np.testing.assert_array_equal(training_rows(windows, history, origins)[0], before)


def test_missing_targets_count_less(windows: Windows, history: History) -> None:
    assert training_rows(windows, history, np.array([25]))[2].tolist() == [0.875]


def test_a_row_for_one_step_is_that_of_all_steps_at_this_step(windows: Windows, history: History) -> None:
    whole, _, _ = training_rows(windows, history, np.array([30, 30]))
    single, level = step_rows(
        windows, history, np.array([30, 30]), np.array([2, 8]), history.series.covariates[[32, 38]]
    )
    begins = windows.past + 1
    np.testing.assert_array_equal(single[:, :begins], whole[:, :begins])
    steps = single[:, begins:].reshape(2, 8, -1)
    for row, step in ((0, 2), (1, 8)):
        np.testing.assert_array_equal(steps[row, step - 1], whole[row, begins:].reshape(8, -1)[step - 1])
        assert not np.delete(steps[row], step - 1, axis=0).any()
    assert level[0] == pytest.approx(history.values[24:31].mean())


def test_depth_reaches_back_to_the_oldest_value_that_is_told(windows: Windows) -> None:
    assert windows.depth == 14
    assert Windows(DAYS, 30, 1, 7, ((7, 1),), 0).depth == 30
    assert Windows(DAYS, 3, 1, 1, (), 0).depth == 3


def test_a_series_that_never_changes_has_a_scale() -> None:
    constant = Series("", 0, np.full(20, 1e9), np.zeros((20, 0), np.float32))
    assert History.of(constant, 0, 1, 20).scale == 1.0


@pytest.mark.parametrize("size", [1e-300, 1e-13, 1e-11, 1.0, 1e300])
def test_the_scale_is_the_deviation_however_small_or_large(size: float) -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert spread_of(values * size) == pytest.approx(values.std() * size, rel=1e-12)
    assert spread_of(10 + values) == (10 + values).std()  # to the last bit


def test_a_deviation_that_is_nothing_but_rounding_is_none() -> None:
    for value in (0.0, 0.1, 1e9 / 3, 1e-13):
        assert spread_of(np.full(30, value)) == 1.0
    assert spread_of(1e9 + 1e-7 * np.arange(30)) == 1.0
