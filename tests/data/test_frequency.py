"""Kinds of frequency: what they are called, their seasons, and positions there and back against pandas."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data.frequency import (
    BUSINESS_DAYS,
    DAY,
    Days,
    Duration,
    Frequency,
    Months,
    PandasOffset,
    WholeNumbers,
)
from chainrule.data.told_frequency import told_frequency

HOUR = DAY // 24
OPENING = Days(1, BUSINESS_DAYS, (), tuple(range(9 * HOUR, 17 * HOUR, HOUR)))


def moments(times: pd.DatetimeIndex) -> np.ndarray:
    return times.to_numpy().astype("datetime64[us]").view(np.int64)


@pytest.mark.parametrize(
    ("frequency", "text", "seasons", "circles"),
    [
        (Duration(250 * 10**6), "250 milliseconds", (14_400, 345_600, 2_419_200, 125_798_400), 4),
        (Duration(10**9), "1 second", (3600, 86_400, 604_800, 31_449_600), 4),
        (Duration(HOUR // 4), "15 minutes", (96, 672, 34_944), 4),
        (Duration(HOUR), "1 hour", (24, 168, 8736), 4),
        (Duration(DAY), "24 hours", (7, 364), 3),
        (Days(), "1 day", (7, 364), 3),
        (Days(7), "1 week", (52,), 1),
        (Days(14), "2 weeks", (26,), 1),
        (Days(31), "31 days", (), 1),
        (Days(1, BUSINESS_DAYS), "1 business day", (5, 260), 3),
        (Days(2, BUSINESS_DAYS), "2 business days", (130,), 1),
        (Days(1, "1010100"), "1 day of Mon-Wed-Fri", (3, 156), 3),
        (OPENING, "1 hour from 09:00 to 17:00 of each business day", (8, 40, 2080), 4),
        (Months(), "1 month", (12,), 1),
        (Months(3), "3 months", (4,), 1),
        (Months(12), "1 year", (), 0),
        (PandasOffset("BME"), "BME (business month end)", (12,), 1),
        (PandasOffset("SMS-15"), "SMS-15 (semi month begin)", (24,), 2),
        (PandasOffset("2BQS-JAN"), "2BQS-JAN (business quarter begin)", (2,), 1),
        (PandasOffset("BYE-DEC"), "BYE-DEC (business year end)", (), 0),
        (WholeNumbers(5), "5 steps", (), 0),
    ],
)
def test_names_seasons_and_circles(
    frequency: Frequency, text: str, seasons: tuple[int, ...], circles: int
) -> None:
    assert str(frequency) == text
    assert frequency.seasons == seasons
    assert len(frequency.circles) == circles


ALIASES = [
    *("ms", "15min", "h", "36h", "D", "2D", "W", "2W", "MS", "ME", "QS", "QE", "YS", "YE"),
    *("B", "2B", "C", "bh", "3bh", "BMS", "BME", "BQS", "BQE", "BYS", "BYE", "SMS", "SME"),
    *("WOM-3FRI", "LWOM-TUE", "RE-N-JAN-MON", "REQ-N-JAN-MON-1"),
]


@pytest.mark.parametrize("alias", ALIASES)
def test_every_offset_of_pandas_goes_there_and_back(alias: str) -> None:
    """Against pandas' date_range, at a time of the day, and before the anchor, too."""
    times = moments(pd.date_range("2019-01-31 09:00", periods=120, freq=alias))
    frequency = told_frequency(alias)
    if isinstance(frequency, Months):
        frequency = Months(frequency.count, 31 if alias.endswith("E") else 1)
    for first in (0, 50):
        positions, on = frequency.positions(times, int(times[first]), "us")
        assert on.all()
        assert positions.tolist() == list(range(-first, 120 - first))
        np.testing.assert_array_equal(frequency.moments(positions, int(times[first]), "us"), times)


@pytest.mark.parametrize("alias", ["h", "D", "B", "bh", "BME", "SMS"])
def test_times_beside_the_grid_are_told(alias: str) -> None:
    times = moments(pd.date_range("2024-01-01 09:00", periods=80, freq=alias))
    frequency = told_frequency(alias)
    _, on = frequency.positions(times + 1, int(times[0]), "us")
    assert not on.any()


def test_saturdays_holidays_and_closing_times_are_beside_the_grid() -> None:
    times = moments(pd.DatetimeIndex(["2024-01-05", "2024-01-06", "2024-01-08", "2024-01-09"]))
    holidays = Days(1, BUSINESS_DAYS, ("2024-01-08",))
    positions, on = holidays.positions(times, int(times[0]), "us")
    assert on.tolist() == [True, False, False, True]
    assert positions[on].tolist() == [0, 1]
    hours = moments(pd.DatetimeIndex(["2024-01-05 16:00", "2024-01-05 17:00", "2024-01-08 09:00"]))
    positions, on = OPENING.positions(hours, int(hours[0]), "us")
    assert on.tolist() == [True, False, True]
    assert positions[on].tolist() == [0, 1]


def test_days_of_the_month_that_a_month_lacks_are_its_last() -> None:
    anchor = int(moments(pd.DatetimeIndex(["2023-01-30"]))[0])
    for day, expected in ((0, ["2023-02-28", "2023-03-30"]), (31, ["2023-02-28", "2023-03-31"])):
        found = Months(1, day).moments(np.array([1, 2]), anchor, "us").view("datetime64[us]")
        assert found.astype("datetime64[D]").astype(str).tolist() == expected


def test_offsets_reach_as_far_as_dates_do() -> None:
    """Nanoseconds end in 2262; a step beyond, or a date that stands for never, is no reason to fail."""
    times = pd.date_range("1880-01-01", periods=150, freq="BYE", unit="ns").to_numpy().view(np.int64)
    frequency = told_frequency("BYE")
    positions, on = frequency.positions(times, int(times[0]), "ns")
    assert on.all()
    assert positions.tolist() == list(range(150))
    never = np.array(["2024-01-29", "9999-12-31"], "datetime64[us]").view(np.int64)
    assert told_frequency("RE-N-JAN-MON").positions(never, int(never[0]), "us")[1].tolist() == [True, False]
