"""Grids over changes of the clock, calendars against pandas' own, and grids as JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from chainrule.data.clock import Clock, TextForm
from chainrule.data.frequency import DAY, Days, Duration, Frequency, Months, PandasOffset, WholeNumbers
from chainrule.data.time_grid import TimeGrid

HOURS = Duration(DAY // 24)


def micros(*times: str) -> np.ndarray:
    return pd.DatetimeIndex(times).to_numpy().astype("datetime64[us]").view(np.int64)


def test_days_are_counted_on_the_wall_clock_and_hours_are_not() -> None:
    """On 31 March 2024 the day has 23 hours in Berlin."""
    berlin = Clock("us", "Europe/Berlin")
    days = TimeGrid(Days(), int(micros("2024-03-30")[0]), berlin)
    assert [str(time) for time in days.times(np.arange(3))] == [
        "2024-03-30 00:00:00+01:00",
        "2024-03-31 00:00:00+01:00",
        "2024-04-01 00:00:00+02:00",
    ]
    hours = TimeGrid(HOURS, int(micros("2024-03-31 00:00")[0]), berlin)  # 01:00 in Berlin
    assert [str(time) for time in hours.times(np.arange(2))] == [
        "2024-03-31 01:00:00+01:00",
        "2024-03-31 03:00:00+02:00",
    ]
    assert [days.written(2), hours.written(1)] == ["2024-04-01", "2024-03-31 03:00:00+02:00"]


@pytest.mark.parametrize(
    ("zone", "start", "day"),
    [
        ("Europe/Berlin", "2024-03-30 02:30", "2024-03-31 03:00:00+02:00"),  # 02:30 is left out
        ("Europe/Berlin", "2024-10-26 02:30", "2024-10-27 02:30:00+02:00"),  # 02:30 is there twice
        ("America/Sao_Paulo", "2018-11-03", "2018-11-04 01:00:00-02:00"),  # no midnight
        ("Africa/Cairo", "2024-04-25", "2024-04-26 01:00:00+03:00"),
        ("America/Havana", "2024-11-02", "2024-11-03 00:00:00-04:00"),  # midnight twice
    ],
)
def test_left_out_and_repeated_times_are_those_of_pandas_resample(zone: str, start: str, day: str) -> None:
    grid = TimeGrid(Days(), int(micros(start)[0]), Clock("us", zone))
    times = grid.times(np.arange(3))
    assert str(times[1]) == day
    if ":" not in start:  # pandas resamples from midnight to midnight
        quarters = pd.Series(0, pd.date_range(times[0], times[2], freq="15min"))
        assert quarters.resample("D").sum().index[1] == times[1]
    positions, on = grid.positions(grid.moments(np.arange(3)))
    assert on.all()
    assert positions.tolist() == [0, 1, 2]


def test_of_a_repeated_time_both_are_on_the_grid() -> None:
    grid = TimeGrid(Days(), int(micros("2024-10-26 02:30")[0]), Clock("us", "Europe/Berlin"))
    positions, on = grid.positions(micros("2024-10-27 00:30", "2024-10-27 01:30"))  # in UTC
    assert on.tolist() == [True, True]
    assert positions.tolist() == [1, 1]


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_the_calendar_is_that_of_pandas(zone: str | None) -> None:
    """Local time over a change of the clock, on 10 March 2024 in New York."""
    times = pd.date_range("2024-02-20", periods=24 * 40, freq="h", tz=zone)
    anchor = int(times[:1].tz_convert("UTC").asi8[0]) if zone else int(micros("2024-02-20")[0])
    calendar = TimeGrid(HOURS, anchor, Clock("us", zone)).calendar(np.arange(len(times)))
    day, week = times.hour.to_numpy() / 24, times.day_of_week.to_numpy() / 7
    month = (times.day.to_numpy() - 1) / times.days_in_month.to_numpy()
    year = (times.day_of_year.to_numpy() - 1) / np.where(times.is_leap_year, 366, 365)
    expected = [
        wave(2 * np.pi * turn * place)
        for place, turns in [(day, 4), (week, 3), (month, 1), (year, 2)]
        for turn in range(1, turns + 1)
        for wave in (np.sin, np.cos)
    ]
    assert calendar.shape == (960, 20)
    np.testing.assert_allclose(calendar, np.stack(expected, axis=1), atol=1e-6)


def test_each_frequency_is_told_the_circles_it_can_see() -> None:
    cases: list[tuple[Frequency, int]] = [
        *((HOURS, 20), (Days(), 12), (Days(7), 4), (Months(), 4), (Months(12), 0)),
        *((PandasOffset("BME"), 4), (PandasOffset("SMS-15"), 6), (WholeNumbers(), 0)),
    ]
    for frequency, features in cases:
        grid = TimeGrid(frequency, 0)
        assert grid.calendar(np.arange(3)).shape == (3, features)
        assert grid.circles == features


@pytest.mark.parametrize(
    "grid",
    [
        TimeGrid(Days(2, "1111100", ("2024-01-01",), (0, 3600)), 17, Clock("s", "Europe/Berlin")),
        TimeGrid(Months(3, 31), 5, Clock("ns", None, "text", TextForm(" ", "m", ""))),
        TimeGrid(PandasOffset("BME"), 0, Clock("ms", None, "date")),
        TimeGrid(WholeNumbers(5), -3, Clock(form="number")),
    ],
)
def test_a_grid_is_kept_as_json(grid: TimeGrid) -> None:
    assert TimeGrid.from_plain(json.loads(json.dumps(grid.to_plain()))) == grid
