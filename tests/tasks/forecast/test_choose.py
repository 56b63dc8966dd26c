"""The choice of a network by a back-test: of what suits the series, from the past alone."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.data.frequency import Duration
from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.errors import ConfigError
from chainrule.tasks.forecast.choose import Chosen, choose_network, settled
from chainrule.tasks.forecast.learn import fit_forecast
from chainrule.tasks.forecast.learning import NETWORKS, ForecastSettings

HOURS = TimeGrid(Duration(3600 * 10**9), 0)
SETTINGS = ForecastSettings(horizon=8, lags=32, season=1, network="auto", epochs=2)


def lifted(length: int) -> Series:
    """Noise, lifted where a covariate says so: only a network that is told of it can know."""
    random = np.random.default_rng(0)
    told = (random.random(length) < 0.5).astype(np.float32)
    return Series("", 0, 4 * told + 0.2 * random.normal(size=length), told[:, None])


def waves(length: int) -> Series:
    """Waves of 16 and 5.3 steps, which no season of the network for steps fits: linear in the past."""
    t = np.arange(length)
    noise = 0.02 * np.random.default_rng(0).normal(size=length)
    values = np.sin(2 * np.pi * t / 16) + np.sin(2 * np.pi * t / 5.3) + noise
    return Series("", 0, values, np.zeros((length, 0), np.float32))


def test_what_suits_the_series_is_chosen() -> None:
    known_ahead = choose_network(replace(SETTINGS, epochs=30), HOURS, [lifted(400)])
    assert known_ahead.network == "steps"
    periodic = choose_network(SETTINGS, HOURS, [waves(400)])
    assert periodic.network != "steps"
    assert set(periodic.losses) == set(NETWORKS)
    assert list(periodic.losses.values()) == sorted(periodic.losses.values())
    assert periodic.horizons == 4
    assert "scaled pinball loss of a back-test on the last 4 horizons" in periodic.told()


def test_series_too_short_to_compare_get_the_usual_network() -> None:
    chosen = choose_network(replace(SETTINGS, lags=4), HOURS, [waves(13)])
    assert chosen == Chosen("steps", {}, 0)
    assert "too short" in chosen.told()


def test_settings_are_settled_once() -> None:
    named = replace(SETTINGS, network="last")
    assert settled(named, HOURS, [waves(400)]) is named
    with pytest.raises(ConfigError, match="still to be chosen"):
        fit_forecast(SETTINGS, HOURS, [waves(400)])
