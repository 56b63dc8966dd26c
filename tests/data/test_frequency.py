"""Frequencies: told and seen, grids there and back, and calendars against pandas' own."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data.frequency import Frequency, TimeGrid, seen_frequency, told_frequency
from chainrule.errors import ConfigError


def moments(times: pd.DatetimeIndex) -> np.ndarray:
    return times.to_numpy().astype("datetime64[us]").view(np.int64)


@pytest.mark.parametrize(
    ("alias", "text", "seasons"),
    [
        ("s", "1 second", (3600, 86_400, 604_800, 31_449_600)),
        ("15min", "15 minutes", (96, 672, 34_944)),
        ("h", "1 hour", (24, 168, 8736)),
        ("D", "1 day", (7, 364)),
        ("W", "1 week", (52,)),
        ("2W", "2 weeks", (26,)),
        ("MS", "1 month", (12,)),
        ("QS", "3 months", (4,)),
        ("YS", "1 year", ()),
    ],
)
def test_told_and_seen_frequencies_agree_and_know_their_seasons(
    alias: str, text: str, seasons: tuple[int, ...]
) -> None:
    frequency = told_frequency(alias)
    assert str(frequency) == text
    assert frequency.seasons == seasons
    times = moments(pd.date_range("2019-01-31", periods=40, freq=alias))
    assert seen_frequency(np.diff(times), dates=True) == (frequency, 1.0)


@pytest.mark.parametrize("alias", ["B", "10ms", "no", "-1h"])
def test_a_frequency_that_is_none_is_refused(alias: str) -> None:
    with pytest.raises(ConfigError, match=r"frequency is .*; give one that pandas knows"):
        told_frequency(alias)


def test_the_commonest_distance_is_seen_through_gaps() -> None:
    times = np.array([0, 1, 2, 3, 7, 8, 9]) * 3_600_000_000
    assert seen_frequency(np.diff(times), dates=True) == (Frequency("second", 3600), 5 / 6)
    assert seen_frequency(np.diff([1990, 1995, 2000]), dates=False) == (Frequency("step", 5), 1.0)


@pytest.mark.parametrize("alias", ["15min", "h", "D", "W", "MS", "ME", "QS", "YE"])
def test_a_grid_gives_every_time_back(alias: str) -> None:
    times = pd.date_range("2020-01-31", periods=60, freq=alias)
    grid = TimeGrid(told_frequency(alias), int(moments(times)[0]))
    positions, fits = grid.positions(moments(times))
    assert fits.all()
    assert positions.tolist() == list(range(60))
    assert (grid.times(positions) == times.to_numpy()).all()


def test_days_of_the_month_that_a_month_lacks_are_its_last() -> None:
    grid = TimeGrid(Frequency("month"), int(moments(pd.DatetimeIndex(["2023-01-30"]))[0]))
    assert grid.times(np.array([1, 2])).astype("datetime64[D]").astype(str).tolist() == [
        "2023-02-28",
        "2023-03-30",
    ]


def test_times_beside_the_grid_are_told() -> None:
    grid = TimeGrid(Frequency("second", 3600), 0)
    _, fits = grid.positions(np.array([0, 3_600_000_000, 3_600_000_001]))
    assert fits.tolist() == [True, True, False]


def test_the_calendar_is_that_of_pandas() -> None:
    times = pd.date_range("2023-12-20", periods=24 * 40, freq="h")
    calendar = Frequency("second", 3600).calendar(moments(times))
    day, week = times.hour.to_numpy() / 24, times.day_of_week.to_numpy() / 7
    month = (times.day.to_numpy() - 1) / times.days_in_month.to_numpy()
    year = (times.day_of_year.to_numpy() - 1) / np.where(times.is_leap_year, 366, 365)
    circles = [(day, 4), (week, 3), (month, 1), (year, 2)]
    expected = [
        wave(2 * np.pi * turn * place)
        for place, turns in circles
        for turn in range(1, turns + 1)
        for wave in (np.sin, np.cos)
    ]
    assert calendar.shape == (960, 20)
    np.testing.assert_allclose(calendar, np.stack(expected, axis=1), atol=1e-6)


def test_each_frequency_is_told_the_circles_it_can_see() -> None:
    now = moments(pd.DatetimeIndex(["2024-02-29"]))
    found = [told_frequency(alias).calendar(now).shape[1] for alias in ("h", "D", "W", "MS", "YS")]
    assert found == [20, 12, 4, 4, 0]
    assert Frequency("step").calendar(np.arange(3)).shape == (3, 0)
