"""Frequencies by the names that pandas gives them."""

from datetime import time
from typing import Any

import numpy as np

from chainrule.data.frequency import (
    BUSINESS_DAYS,
    DAY,
    Days,
    Duration,
    Frequency,
    Months,
    PandasOffset,
)
from chainrule.errors import ConfigError

_MONTHS = {"MS": 1, "ME": 1, "QS": 3, "QE": 3, "HYS": 6, "HYE": 6, "YS": 12, "YE": 12}
_OLDER_MONTHS = {"M": 1, "Q": 3, "AS": 12, "A": 12}  # names in pandas before 2.2


def told_frequency(told: Any) -> Frequency:
    """The frequency by pandas' name: 'h', '15min', 'D', 'W', 'MS', 'B', 'bh', 'BME', 'QS-FEB', 'WOM-3FRI' …

    told: an alias or one of pandas' offsets, such as CustomBusinessDay with holidays. Weeks, months, quarters
    and years begin where the rows do: 'W' is every seventh day, 'MS' every month on the day of the rows.
    Raises ConfigError for an unknown name, an offset that does not go forward, and an offset whose settings
    no alias expresses.
    """
    from pandas.tseries import frequencies, offsets

    try:
        offset: Any = frequencies.to_offset(told) if isinstance(told, str | offsets.BaseOffset) else None
    except (ValueError, TypeError):
        offset = None
    if offset is None or offset.n < 1:
        raise ConfigError(
            f"frequency is {told!r}",
            remedy="give one that pandas knows, such as '15min', 'h', 'D', 'W', 'MS', 'B' or 'BME'",
        )
    months = _months_of(offset)
    if months is not None:
        return Months(months)
    if isinstance(offset, offsets.Tick):
        return Duration(offset.nanos)
    if isinstance(offset, offsets.Week | offsets.Day):
        return Days(offset.n * (7 if isinstance(offset, offsets.Week) else 1))
    if not offset.kwds.get("offset"):  # which shifts the time of the day
        if isinstance(offset, offsets.BusinessHour | offsets.CustomBusinessHour):
            return Days(offset.n, *_days_of(offset), _hours_of(offset, told))
        if isinstance(offset, offsets.BusinessDay | offsets.CustomBusinessDay):
            return Days(offset.n, *_days_of(offset))
        if _named(offset):
            return PandasOffset(offset.freqstr)
    raise ConfigError(
        f"frequency is {told!r}, whose settings no alias expresses",
        remedy="give an alias of pandas, such as 'BME', or an offset that has one",
    )


def plain_offset(offset: Any) -> str | dict[str, Any]:
    """Plain data for an offset that `told_frequency` accepts: its alias, if that is complete."""
    if _named(offset):
        return offset.freqstr
    plain: dict[str, Any] = {"offset": type(offset).__name__, "n": offset.n}
    if "calendar" in offset.kwds:
        plain["weekmask"], holidays = _days_of(offset)
        plain["holidays"] = list(holidays)
    if "start" in offset.kwds:
        plain["start"] = [f"{each:%H:%M}" for each in offset.start]
        plain["end"] = [f"{each:%H:%M}" for each in offset.end]
    return plain


def offset_of(plain: dict[str, Any]) -> Any:
    """The offset that `plain_offset` wrote; KeyError or TypeError for anything else."""
    from pandas.tseries import offsets

    kinds = {
        kind.__name__: kind
        for kind in (offsets.CustomBusinessDay, offsets.BusinessHour, offsets.CustomBusinessHour)
    }
    return kinds[plain["offset"]](**{name: value for name, value in plain.items() if name != "offset"})


def _months_of(offset: Any) -> int | None:
    """Number of calendar months that an offset advances; None for one that does not count months."""
    try:
        name = offset.rule_code.split("-")[0]
    except NotImplementedError:  # DateOffset has no name
        return None
    months = {**_MONTHS, **_OLDER_MONTHS}.get(name)
    return None if months is None else months * offset.n


def _named(offset: Any) -> bool:
    """Whether the alias of an offset restores the same offset."""
    from pandas.tseries import frequencies

    try:
        return frequencies.to_offset(offset.freqstr) == offset
    except ValueError:
        return False


def _days_of(offset: Any) -> tuple[str, tuple[str, ...]]:
    """(the weekdays, the holidays) of an offset of business days or hours."""
    calendar = offset.kwds.get("calendar")
    if calendar is None:
        return BUSINESS_DAYS, ()
    weekdays = "".join("1" if counts else "0" for counts in calendar.weekmask)
    return weekdays, tuple(str(day) for day in np.asarray(calendar.holidays))


def _hours_of(offset: Any, told: Any) -> tuple[int, ...]:
    """Each hour from opening on, but for the closing time, as pandas' date_range gives them."""
    hour = DAY // 24
    times: list[int] = []
    for start, end in zip(offset.start, offset.end, strict=True):
        first, last = _since_midnight(start), _since_midnight(end)
        if first >= last:
            raise ConfigError(
                f"frequency is {told!r}, whose hours go past midnight", remedy="give hours of one day"
            )
        if (last - first) % hour:
            raise ConfigError(
                f"frequency is {told!r}, whose opening hours are not whole hours",
                remedy="leave it out, so that it is inferred from the rows",
            )
        times.extend(range(first, last, hour))
    return tuple(times)


def _since_midnight(moment: time) -> int:
    return (moment.hour * 3600 + moment.minute * 60 + moment.second) * 10**9
