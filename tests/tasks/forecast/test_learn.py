"""Forecasts learn what there is to learn, from the past alone, and each row from itself alone."""

from typing import Any

import numpy as np
import pytest

from chainrule.data.clock import Clock
from chainrule.data.frequency import Duration, Months, WholeNumbers
from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.data.windows import History, training_rows
from chainrule.errors import ConfigError, DataError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import Quantile
from chainrule.tasks.forecast.forecast import Forecast
from chainrule.tasks.forecast.learn import fit_forecast
from chainrule.tasks.forecast.learning import ForecastSettings, windows_for
from chainrule.tasks.forecast.network import ForecastNetwork
from chainrule.training import (
    Batch,
    Event,
    Recipe,
    Started,
    Supervised,
    initial_tree,
    prediction_program,
    training_step,
)

HOURS = TimeGrid(Duration(3600 * 10**9), 0)
STEPS = TimeGrid(WholeNumbers(), 0, Clock(form="number"))


def wave(length: int, level: float = 0.0, size: float = 1.0, seed: int = 0) -> Series:
    """A daily wave with noise, and a covariate that lifts single hours."""
    random = np.random.default_rng(seed)
    lifted = (random.random(length) < 0.2).astype(np.float32)
    values = np.sin(2 * np.pi * np.arange(length) / 24) + 2 * lifted + 0.1 * random.normal(size=length)
    return Series(f"s{seed}", 0, level + size * values, lifted[:, None])


@pytest.fixture(scope="module")
def learned() -> Forecast:
    """Two series of very different sizes."""
    pair = [wave(700), wave(700, 1e6, 1e4, seed=1)]
    return fit_forecast(ForecastSettings(horizon=24), HOURS, pair)


def test_wave_covariate_and_scale_are_learned(learned: Forecast) -> None:
    for number, (level, size) in enumerate([(0.0, 1.0), (1e6, 1e4)]):
        positions = np.arange(700, 724)
        covariates = (np.arange(24) % 3 == 0).astype(np.float32)[:, None]
        low, median, high = learned.predict(np.full(24, number), positions, covariates).T
        truth = level + size * (np.sin(2 * np.pi * positions / 24) + 2 * covariates[:, 0])
        assert np.abs(median - truth).mean() < 0.25 * size  # 0.7 without the covariate
        assert (low <= median).all()
        assert (median <= high).all()
        assert 0.1 * size < (high - low).mean() < 0.8 * size  # 0.26 is the noise's own


def test_each_row_is_forecast_from_itself_alone(learned: Forecast) -> None:
    series = np.arange(100) % 2
    positions = 600 + np.arange(100)
    covariates = np.random.default_rng(0).normal(size=(100, 1)).astype(np.float32)
    together = learned.predict(series, positions, covariates)
    for row in (0, 1, 57, 99):
        alone = learned.predict(series[[row]], positions[[row]], covariates[[row]])
        np.testing.assert_array_equal(alone[0], together[row])


def test_times_outside_are_refused(learned: Forecast) -> None:
    with pytest.raises(
        DataError, match=r"row 1: 1970-01-31 05:00:00 is 26 steps .* series 's0', .*; the horizon is 24"
    ):
        learned.predict(np.zeros(2, int), np.array([700, 725]), np.zeros((2, 1), np.float32))
    with pytest.raises(DataError, match=r"row 0: 1970-01-01 03:00:00 is too early to be forecast"):
        learned.predict(np.zeros(1, int), np.array([3]), np.zeros((1, 1), np.float32))


def test_the_latest_stretch_is_held_out_and_trained_on_by_no_window() -> None:
    """Of 400 values, windows of 5 and 5 that end before the last tenth: their futures begin at 5 … 355."""
    whole = Series("", 0, np.random.default_rng(0).normal(size=400), np.zeros((400, 0), np.float32))
    heard: list[Event] = []
    fit_forecast(ForecastSettings(horizon=5, lags=5, epochs=1), STEPS, [whole], listeners=[heard.append])
    assert [event.examples for event in heard if isinstance(event, Started)] == [351]


def test_the_same_seed_gives_the_same_bits() -> None:
    settings = ForecastSettings(horizon=3, epochs=2)
    found = [fit_forecast(settings, HOURS, [wave(300)]) for _ in range(2)]
    ask = (np.zeros(3, int), np.arange(300, 303), np.zeros((3, 1), np.float32))
    np.testing.assert_array_equal(found[0].predict(*ask), found[1].predict(*ask))


def test_defaults_follow_frequency_and_length() -> None:
    def of(grid: TimeGrid, length: int) -> tuple[object, ...]:
        windows = windows_for(ForecastSettings(), grid, [wave(length)], 1)
        return windows.lags, windows.horizon, windows.season, windows.seasonal

    assert of(HOURS, 5000) == (48, 24, 24, ((24, 4), (168, 4)))
    assert of(HOURS, 300) == (48, 24, 24, ((24, 2),))
    assert of(HOURS, 40) == (8, 1, 1, ())
    assert of(STEPS, 1000) == (8, 1, 1, ())
    assert of(TimeGrid(Months(), 0), 120) == (40, 12, 12, ((12, 2),))


def test_short_series_and_bad_settings_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"series 's0' has 1 sample; 1 lags and a horizon of 1 need at least 2"
    ):
        fit_forecast(ForecastSettings(), STEPS, [wave(1)])
    with pytest.raises(
        DataError, match=r"has 30 samples; 20 lags and a horizon of 12 need at least 32; give more"
    ):
        fit_forecast(ForecastSettings(horizon=12, lags=20), STEPS, [wave(30)])
    sparse = Series("", 0, np.where(np.arange(100) % 5 == 0, 1.0, np.nan), np.zeros((100, 0), np.float32))
    with pytest.raises(DataError, match="no time after which half of the next 3 values is known"):
        fit_forecast(ForecastSettings(horizon=3), STEPS, [sparse])
    wrong: list[dict[str, Any]] = [
        *({"horizon": 0}, {"lags": 1.5}, {"validation": 1}),
        *({"quantiles": ()}, {"quantiles": (0.5, 1.0)}),
    ]
    for bad in wrong:
        with pytest.raises(ConfigError, match=f"forecast: {next(iter(bad))} is"):
            ForecastSettings(**bad)


def test_learning_begins_at_the_mean_of_the_latest_seasons() -> None:
    windows = windows_for(ForecastSettings(horizon=24), HOURS, [wave(300)], 1)
    history = History.of(wave(300), 0, 24, 300)
    x, _, _ = training_rows(windows, history, np.array([200]))
    network = ForecastNetwork(windows.past, 1, 24, windows.features, 3, base=windows.base)
    recipe = Recipe(Supervised(network, Quantile()))
    batch = Batch({"x": (x.shape, "float32"), "y": ((1, 24), "float32")})
    tree = initial_tree(recipe, training_step(recipe, batch))
    program = prediction_program(recipe, Batch({"x": (x.shape, "float32")}))
    found = compile_numpy(program).run(tree, {"x": x})["prediction"][0, :, 1] * history.scale
    expected = (history.values[177:201] + history.values[153:177]) / 2 - history.values[153:201].mean()
    assert windows.seasonal == ((24, 2),)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_step_depends_on_nothing_that_is_known_of_another() -> None:
    network = ForecastNetwork(past=4, series=3, horizon=2, features=3, quantiles=2, units=8)
    recipe = Recipe(Supervised(network, Quantile((0.1, 0.9))))
    program = prediction_program(recipe, Batch({"x": ((5, 11), "float32")}))
    batch = Batch({"x": ((5, 11), "float32"), "y": ((5, 2), "float32")})
    tree = initial_tree(recipe, training_step(recipe, batch))
    x = np.random.default_rng(0).normal(size=(5, 11)).astype(np.float32)
    x[:, 4] = [0, 1, 2, 0, 1]
    tree = {name: array + 0.1 if array.dtype.kind == "f" else array for name, array in tree.items()}
    before = compile_numpy(program).run(dict(tree), {"x": x})["prediction"]
    x[:, 8:] += 1  # what is known of the second step
    after = compile_numpy(program).run(dict(tree), {"x": x})["prediction"]
    assert before.shape == (5, 2, 2)
    np.testing.assert_array_equal(before[:, 0], after[:, 0])
    assert (before[:, 1] != after[:, 1]).all()
