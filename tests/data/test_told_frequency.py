"""Frequencies as pandas names them: every alias, offsets with settings, and what is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pandas.tseries import offsets

from chainrule.data.frequency import BUSINESS_DAYS, DAY, Days, Duration, Months, PandasOffset
from chainrule.data.told_frequency import offset_of, plain_offset, told_frequency
from chainrule.errors import ConfigError

HOUR = DAY // 24


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("90min", Duration(HOUR * 3 // 2)),
        ("10ms", Duration(10**7)),
        ("24h", Duration(DAY)),
        ("D", Days()),
        ("2W-TUE", Days(14)),
        ("B", Days(1, BUSINESS_DAYS)),
        ("2MS", Months(2)),
        ("QE-FEB", Months(3)),
        ("YS", Months(12)),
        ("bh", Days(1, BUSINESS_DAYS, (), tuple(range(9 * HOUR, 17 * HOUR, HOUR)))),
        ("BQE", PandasOffset("BQE-DEC")),
        ("WOM-2TUE", PandasOffset("WOM-2TUE")),
        (offsets.MonthEnd(2), Months(2)),
        (
            offsets.CustomBusinessDay(weekmask="Sun Mon Tue", holidays=["2024-01-01"]),
            Days(1, "1100001", ("2024-01-01",)),
        ),
        (
            offsets.BusinessHour(start=["09:00", "14:30"], end=["11:00", "15:30"]),
            Days(1, BUSINESS_DAYS, (), (9 * HOUR, 10 * HOUR, 14 * HOUR + HOUR // 2)),
        ),
    ],
)
def test_what_pandas_calls_it(told: Any, expected: Any) -> None:
    assert told_frequency(told) == expected


@pytest.mark.parametrize(
    ("told", "message"),
    [
        *((each, r"; give one that pandas knows") for each in ("no", "-1h", "0D", 5, timedelta(hours=1))),
        (offsets.DateOffset(months=1), "settings no alias expresses; give an alias"),
        (offsets.CustomBusinessMonthEnd(holidays=["2024-01-31"]), "settings no alias expresses"),
        (offsets.BDay(offset=timedelta(hours=2)), "settings no alias expresses"),
        (offsets.BusinessHour(start="17:00", end="04:00"), "hours go past midnight"),
        (offsets.BusinessHour(start="09:00", end="16:30"), "opening hours are not whole hours"),
    ],
)
def test_what_is_no_frequency_is_refused(told: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=f"frequency is .*{message}"):
        told_frequency(told)


@pytest.mark.parametrize(
    "offset",
    [
        offsets.Hour(3),
        offsets.BusinessMonthEnd(2),
        offsets.CustomBusinessDay(3, weekmask="Sun Mon Tue", holidays=["2024-01-01"]),
        offsets.BusinessHour(start=["08:00", "14:00"], end=["12:00", "18:00"]),
        offsets.CustomBusinessHour(2, start="08:00", end="12:00", holidays=["2024-01-01"]),
    ],
)
def test_an_offset_is_kept_as_json(offset: Any) -> None:
    plain = json.loads(json.dumps(plain_offset(offset)))
    again = plain if isinstance(plain, str) else offset_of(plain)
    assert told_frequency(again) == told_frequency(offset)
