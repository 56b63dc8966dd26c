"""Bands that are calibrated on windows behind the training ones: ranks by hand, coverage, units."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.data import Arrays
from chainrule.data.clock import Clock
from chainrule.data.frequency import WholeNumbers
from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.tasks.forecast.calibration import conformal, corrections_of
from chainrule.tasks.forecast.learn import fit_forecast
from chainrule.tasks.forecast.learning import ForecastSettings

GRID = TimeGrid(WholeNumbers(), 0, Clock(form="number"))
QUANTILES = (0.1, 0.5, 0.9)


class Told:
    """A run whose every forecast is the same."""

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.array([-0.1, 0.0, 0.1]), (len(x), 12, 3))


def test_ranks_by_hand() -> None:
    errors = np.array([5.0, 1, 9, 3, 7, 2, 8, 4, 6])
    assert [conformal(errors, level) for level in (0.9, 0.8, 0.75, 0.5)] == [9, 8, 8, 5]
    assert [conformal(errors, level) for level in (0.1, 0.2, 0.25)] == [1, 2, 2]
    assert conformal(errors, 0.99) == 9
    assert conformal(errors, 0.01) == 1


def test_a_narrow_band_becomes_as_wide_as_the_errors_of_each_step() -> None:
    random = np.random.default_rng(0)
    spreads = np.linspace(1, 4, 12)
    y = (spreads * random.normal(size=(2000, 12))).astype(np.float32)
    added = corrections_of(Told(), Arrays.of(np.zeros((2000, 1), np.float32), y), QUANTILES)  # type: ignore[arg-type]
    assert added is not None
    np.testing.assert_array_equal(added[:, 1], 0)
    band = Told().predict(y)[0] + added
    np.testing.assert_allclose(band[4:8, 2], 1.2816 * spreads[4:8], rtol=0.1)  # the normal distribution's
    np.testing.assert_allclose(band[4:8, 0], -1.2816 * spreads[4:8], rtol=0.1)
    later = spreads * random.normal(size=(2000, 12))
    assert ((band[:, 0] <= later) & (later <= band[:, 2])).mean() == pytest.approx(0.8, abs=0.02)


def test_few_windows_correct_nothing() -> None:
    few = Arrays.of(np.zeros((19, 1), np.float32), np.zeros((19, 12), np.float32))
    assert corrections_of(Told(), few, QUANTILES) is None  # type: ignore[arg-type]
    assert corrections_of(Told(), None, QUANTILES) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("network", ["steps", "linear"])
def test_corrections_are_added_in_the_unit_of_the_series(network: str) -> None:
    values = 1000 + 50 * np.random.default_rng(0).normal(size=300)
    whole = Series("", 0, values, np.zeros((300, 0), np.float32))
    settings = ForecastSettings(horizon=3, lags=6, epochs=1, network=network)
    forecast = fit_forecast(settings, GRID, [whole])
    assert forecast.corrections is not None
    assert forecast.corrections.shape == (3, 3)
    ask = np.zeros(3, int), np.arange(300, 303), np.zeros((3, 0), np.float32)
    wide = replace(forecast, corrections=np.array([[-1.0, 0, 1]] * 3))
    plain = replace(forecast, corrections=None)
    expected = plain.predict(*ask) + forecast.histories[0].scale * np.array([-1, 0, 1])
    np.testing.assert_allclose(wide.predict(*ask), expected)
    if network == "linear":
        np.testing.assert_allclose(wide.windows_ahead(0, np.array([299]))[0], expected, rtol=1e-6)
