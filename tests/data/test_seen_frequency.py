"""The frequency that rows show: constant distances, months, weekdays, opening hours, gaps and chance."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data.clock import read_times
from chainrule.data.frequency import MONTH_END, Months
from chainrule.data.seen_frequency import Rows, seen_grid, told_grid
from chainrule.data.time_grid import TimeGrid


def seen(times: pd.DatetimeIndex | list[str]) -> TimeGrid:
    """Of one series; every time must be on the grid that is found."""
    read = read_times(pd.Series(pd.DatetimeIndex(times)), "X")
    grid, share = seen_grid(Rows(read.moments, np.ones(len(read.moments) - 1, bool), read.clock))
    assert share >= 0.5
    _, on = grid.positions(read.moments)
    assert on.all()
    return grid


ALIASES = [
    *("ms", "15min", "h", "36h", "D", "W", "2W", "MS", "ME", "2MS", "QS", "QE", "YS", "YE"),
    *("B", "2B", "bh", "3bh", "BMS", "BME", "BQS", "BQE-FEB", "BYE", "SMS", "SME-10", "WOM-3FRI", "LWOM-TUE"),
]


@pytest.mark.parametrize("zone", [None, "America/New_York"])
@pytest.mark.parametrize("alias", ALIASES)
def test_what_comes_next_is_what_pandas_says(alias: str, zone: str | None) -> None:
    times = pd.date_range("2023-01-01 09:00", periods=70, freq=alias, tz=zone)
    grid = seen(times[:60])
    assert grid.positions(seen_moments(times))[0].tolist() == list(range(70))
    assert (pd.DatetimeIndex(grid.times(np.arange(70))) == times).all()


def seen_moments(times: pd.DatetimeIndex) -> np.ndarray:
    return read_times(pd.Series(times), "X").moments


@pytest.mark.parametrize("days", [28, 30, 31, 90, 91, 182, 365, 366])
def test_a_constant_distance_wins(days: int) -> None:
    times = pd.date_range("2021-03-01", periods=30, freq=f"{days}D")
    grid = seen(times[:20])
    assert grid.positions(seen_moments(times))[0].tolist() == list(range(30))
    assert (grid.times(np.arange(30)) == times.to_numpy()).all()


@pytest.mark.parametrize(
    ("times", "text", "coming"),
    [
        (["2024-01-01", "2024-02-01"], "1 month", "2024-03-01"),
        (["2024-01-01", "2024-02-01", "2024-03-03"], "31 days", "2024-04-03"),
        (["2023-01-01", "2024-01-01"], "1 year", "2025-01-01"),
        (["2021-01-01", "2022-01-01", "2023-01-01"], "1 year", "2024-01-01"),
        (["2021-01-01", "2022-01-01", "2023-01-01", "2024-01-01", "2024-12-31"], "365 days", "2025-12-31"),
        (["2023-04-30", "2023-05-30", "2023-06-30"], "1 month", "2023-07-30"),
        (["2023-04-30", "2023-05-31", "2023-06-30"], "1 month", "2023-07-31"),
        (["2023-02-28", "2023-03-28", "2023-04-28"], "1 month", "2023-05-28"),
        (["2023-01-15", "2023-02-15", "2023-04-15"], "1 month", "2023-05-15"),
        (["2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"], "1 business day", "2024-01-09"),
        (["2024-01-05", "2024-01-08"], "3 days", "2024-01-11"),
        (["2024-01-02", "2024-01-04", "2024-01-09", "2024-01-11"], "1 day of Tue-Thu", "2024-01-16"),
    ],
)
def test_few_rows(times: list[str], text: str, coming: str) -> None:
    grid = seen(times)
    assert str(grid.frequency) == text
    last = grid.positions(seen_moments(pd.DatetimeIndex(times)))[0][-1]
    assert grid.written(int(last) + 1) == coming


HOURS = pd.date_range("2024-01-01", periods=24 * 30, freq="h")
DAYS = pd.date_range("2024-01-01", periods=60, freq="D")
FIVE_MINUTES = pd.date_range("2024-01-01", periods=12 * 24 * 12, freq="5min")
WEEK = HOURS.day_of_week < 5
OPEN = (HOURS.hour >= 9) & (HOURS.hour < 18)


@pytest.mark.parametrize(
    ("times", "text"),
    [
        (HOURS[OPEN & WEEK], "1 hour from 09:00 to 18:00 of each business day"),
        (HOURS[OPEN], "1 hour from 09:00 to 18:00 of each day"),
        (HOURS[WEEK], "1 hour from 00:00 to 24:00 of each business day"),
        (HOURS[OPEN & WEEK & (HOURS.hour != 12)], "1 of 8 times of each business day"),
        (
            FIVE_MINUTES[
                (FIVE_MINUTES.hour >= 10) & (FIVE_MINUTES.hour < 16) & (FIVE_MINUTES.day_of_week < 5)
            ],
            "5 minutes from 10:00 to 16:00 of each business day",
        ),
        (DAYS[DAYS.day_of_week < 6], "1 day of Mon-Tue-Wed-Thu-Fri-Sat"),
        (DAYS[~DAYS.day_of_week.isin([4, 5])], "1 day of Mon-Tue-Wed-Thu-Sun"),
        (DAYS[DAYS.day_of_week < 5].drop(["2024-01-01", "2024-02-09"]), "1 business day"),  # holidays
    ],
)
def test_opening_hours_and_weekdays(times: pd.DatetimeIndex, text: str) -> None:
    assert str(seen(times).frequency) == text


def test_chance_closes_no_day_and_no_hour() -> None:
    random = np.random.default_rng(0)
    for times, text in ((DAYS, "1 day"), (HOURS[:100], "1 hour")):
        for _ in range(20):
            kept = random.random(len(times)) < 0.8
            assert str(seen(times[kept]).frequency) == text
    a_sunday_less = DAYS[:14].drop("2024-01-07")
    assert str(seen(a_sunday_less).frequency) == "1 day"
    one_morning = HOURS[:20].drop("2024-01-01 05:00")
    assert str(seen(one_morning).frequency) == "1 hour"


def test_months_that_were_told_are_on_the_day_of_the_rows() -> None:
    """The ends of quarters at 02:00; of 31 March 2019, when Berlin's clocks went on, 03:00 stands for it."""
    ends = pd.date_range("2018-06-30 02:00", periods=14, freq="QE")
    times = ends.tz_localize("Europe/Berlin", nonexistent="shift_forward")
    read = read_times(pd.Series(times[:10]), "X")
    grid = told_grid(Rows(read.moments, np.ones(9, bool), read.clock), Months(3))
    assert grid.frequency == Months(3, MONTH_END)
    assert (grid.times(np.arange(14)) == times).all()


def test_months_on_any_day_are_months() -> None:
    grid = seen(["2023-04-03", "2023-05-01", "2023-06-05", "2023-07-04"])
    assert str(grid.frequency) == "1 month"
    assert grid.positions(seen_moments(pd.DatetimeIndex(["2023-08-02"])))[0].tolist() == [4]


def test_a_time_that_fits_nothing_is_beside_the_grid_of_the_others() -> None:
    times = DAYS[:20].to_series().reset_index(drop=True)
    for row in (0, 7):
        wrong = times.copy()
        wrong[row] += pd.Timedelta("6h")
        read = read_times(wrong, "X")
        grid, _ = seen_grid(Rows(read.moments, np.ones(19, bool), read.clock))
        assert np.flatnonzero(~grid.positions(read.moments)[1]).tolist() == [row]
