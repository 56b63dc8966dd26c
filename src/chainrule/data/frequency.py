"""The distance between the times of a series: one class for each kind of frequency, with its arithmetic.

A moment is an int64: units (s, ms, us or ns) since 1970-01-01, or the whole number itself where times are
whole numbers. Position p is p steps after the anchor, which is a moment. Durations are counted in UTC and
take moments of UTC; days, months and pandas' offsets are counted in local time and take local moments.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np

Unit = Literal["s", "ms", "us", "ns"]
Circle = Literal["day", "week", "month", "year"]
NANOSECONDS: dict[Unit, int] = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
DAY = 86_400 * 10**9
"""Nanoseconds of a day."""

EVERY_DAY, BUSINESS_DAYS = "1111111", "1111100"
MONTH_END = 31
"""The value of `Months.day` for the last day of each month."""

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DURATIONS = {
    3600 * 10**9: "hour",
    60 * 10**9: "minute",
    10**9: "second",
    10**6: "millisecond",
    10**3: "microsecond",
    1: "nanosecond",
}
_ALL_CIRCLES: tuple[Circle, ...] = ("day", "week", "month", "year")


@dataclass(frozen=True)
class WholeNumbers:
    """Whole numbers `count` apart, without a calendar. count: at least 1."""

    wall: ClassVar[bool] = False
    circles: ClassVar[tuple[Circle, ...]] = ()
    seasons: ClassVar[tuple[int, ...]] = ()
    finest: ClassVar[Unit] = "s"
    count: int = 1

    def __str__(self) -> str:
        return _counted(self.count, "step")

    def positions(self, moments: np.ndarray, anchor: int, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
        """((times,) positions, rounded down; (times,) whether the moment is exactly on its position)."""
        distance = moments - anchor
        return distance // self.count, distance % self.count == 0

    def moments(self, positions: np.ndarray, anchor: int, unit: Unit) -> np.ndarray:
        """(times,) moments of positions."""
        return anchor + positions * self.count


@dataclass(frozen=True)
class Duration:
    """A fixed span of time, also across clock changes: seconds, minutes, hours. nanoseconds: at least 1."""

    wall: ClassVar[bool] = False
    nanoseconds: int

    def __str__(self) -> str:
        size = next(size for size in _DURATIONS if self.nanoseconds % size == 0)
        return _counted(self.nanoseconds // size, _DURATIONS[size])

    @property
    def seasons(self) -> tuple[int, ...]:
        """Lengths of possible seasons, in steps: the day, the week, and 52 weeks, which end on the same
        weekday; the hour where steps are shorter than a minute. (24, 168, 8736) for hours. Lengths that are
        not a whole number of steps are left out, here and in every kind.
        """
        hour = (DAY // 24,) if self.nanoseconds < 60 * 10**9 else ()
        return _whole((*hour, DAY, 7 * DAY, 364 * DAY), self.nanoseconds)

    @property
    def circles(self) -> tuple[Circle, ...]:
        """The cycles in which the position of a step varies, so that it is a useful feature."""
        return _ALL_CIRCLES if self.nanoseconds < DAY else _ALL_CIRCLES[1 if self.nanoseconds == DAY else 3 :]

    @property
    def finest(self) -> Unit:
        """The coarsest unit in which the distances between all moments are whole numbers."""
        return _finest([self.nanoseconds])

    def positions(self, moments: np.ndarray, anchor: int, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
        """As `WholeNumbers.positions`."""
        return WholeNumbers(self.nanoseconds // NANOSECONDS[unit]).positions(moments, anchor, unit)

    def moments(self, positions: np.ndarray, anchor: int, unit: Unit) -> np.ndarray:
        """(times,) moments of positions."""
        return WholeNumbers(self.nanoseconds // NANOSECONDS[unit]).moments(positions, anchor, unit)


@dataclass(frozen=True)
class Days:
    """Days of the wall clock, all or some of the week's, at one or several times of the day.

    count: steps from one position to the next, at least 1: 7 are a week where every day counts. weekdays:
    which days count, Monday first, as NumPy's weekmask: '1111100' are business days. holidays: ISO dates that
    don't count. times: nanoseconds since midnight, ascending, where a day has several steps, such as opening
    hours; (): one, at the anchor's time.
    """

    wall: ClassVar[bool] = True
    count: int = 1
    weekdays: str = EVERY_DAY
    holidays: tuple[str, ...] = ()
    times: tuple[int, ...] = ()

    def __str__(self) -> str:
        if not self.times:
            if self.weekdays == EVERY_DAY and self.count % 7 == 0:
                return _counted(self.count // 7, "week")
            return _counted(self.count, self._day)
        distances = {b - a for a, b in zip(self.times, self.times[1:], strict=False)}
        if len(distances) != 1:
            return f"{self.count} of {len(self.times)} times of each {self._day}"
        step = distances.pop()
        first, end = (
            f"{time // 3_600_000_000_000:02}:{time // 60_000_000_000 % 60:02}"
            for time in (self.times[0], self.times[-1] + step)
        )
        return f"{Duration(step * self.count)} from {first} to {end} of each {self._day}"

    @property
    def _day(self) -> str:
        if self.weekdays == EVERY_DAY:
            name = "day"
        elif self.weekdays == BUSINESS_DAYS:
            name = "business day"
        else:
            days = [day for day, counts in zip(_WEEKDAYS, self.weekdays, strict=True) if counts == "1"]
            name = f"day of {'-'.join(days)}"
        return f"{name} without holidays" if self.holidays else name

    @property
    def seasons(self) -> tuple[int, ...]:
        """The day where it has several steps, the week, and 52 weeks: (7, 364) for days, (5, 260) for
        business days.
        """
        a_day = max(1, len(self.times))
        a_week = a_day * self.weekdays.count("1")
        return _whole((a_day, a_week, 52 * a_week), self.count)

    @property
    def circles(self) -> tuple[Circle, ...]:
        """As `Duration.circles`."""
        if self.times:
            return _ALL_CIRCLES
        return _ALL_CIRCLES[1 if self.count == 1 and self.weekdays.count("1") > 1 else 3 :]

    @property
    def finest(self) -> Unit:
        """As `Duration.finest`."""
        return _finest(self.times)

    def positions(self, moments: np.ndarray, anchor: int, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
        """As `WholeNumbers.positions`."""
        steps, on = self._steps(moments, anchor, unit)
        distance = steps - self._steps(np.array([anchor]), anchor, unit)[0]
        return distance // self.count, on & (distance % self.count == 0)

    def moments(self, positions: np.ndarray, anchor: int, unit: Unit) -> np.ndarray:
        """(times,) moments of positions."""
        first = self._steps(np.array([anchor]), anchor, unit)[0]
        slots = self._slots(anchor, unit)
        days, slot = np.divmod(first + positions * self.count, len(slots))
        begin = dates_of(np.array([anchor]), unit)[0]
        dates = np.busday_offset(begin, days, roll="forward", busdaycal=self._calendar)
        return _midnights(dates, unit) + slots[slot]

    @property
    def _calendar(self) -> np.busdaycalendar:
        return np.busdaycalendar(self.weekdays, [np.datetime64(day, "D") for day in self.holidays])

    def _slots(self, anchor: int, unit: Unit) -> np.ndarray:
        """Times of the day, in units since midnight."""
        if not self.times:
            return times_of_day(np.array([anchor]), unit)
        return np.array(self.times, np.int64) // NANOSECONDS[unit]

    def _steps(self, moments: np.ndarray, anchor: int, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
        """(steps, each of one time of one day, from the anchor's first; whether the moment is on one)."""
        slots, calendar = self._slots(anchor, unit), self._calendar
        dates, times = dates_of(moments, unit), times_of_day(moments, unit)
        slot = np.searchsorted(slots, times, side="right") - 1
        begin = dates_of(np.array([anchor]), unit)[0]
        days = np.busday_count(begin, dates, busdaycal=calendar)
        on = np.is_busday(dates, busdaycal=calendar) & (slots[slot] == times)
        return days * len(slots) + slot, on


@dataclass(frozen=True)
class Months:
    """Months of the calendar; a quarter is 3, a year 12.

    Any day of a month belongs to its position. count: at least 1. day: the day of the month of all moments,
    from 1; the last day where the month is shorter, so that `MONTH_END` is always the last. 0: the anchor's.
    """

    wall: ClassVar[bool] = True
    finest: ClassVar[Unit] = "s"
    count: int = 1
    day: int = 0

    def __str__(self) -> str:
        if self.count % 12 == 0:
            return _counted(self.count // 12, "year")
        return _counted(self.count, "month")

    @property
    def seasons(self) -> tuple[int, ...]:
        """The year: (12,) for months."""
        return _whole((12,), self.count)

    @property
    def circles(self) -> tuple[Circle, ...]:
        """As `Duration.circles`."""
        return ("year",) if self.count < 12 else ()

    def positions(self, moments: np.ndarray, anchor: int, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
        """As `WholeNumbers.positions`."""
        distance = months_of(moments, unit) - months_of(np.array([anchor]), unit)
        return distance // self.count, distance % self.count == 0

    def moments(self, positions: np.ndarray, anchor: int, unit: Unit) -> np.ndarray:
        """(times,) moments of positions."""
        start = np.array([anchor])
        months = months_of(start, unit) + positions * self.count
        day = self.day or int(days_of_month(start, unit)[0])
        dates = months.view("datetime64[M]").astype("datetime64[D]") + np.minimum(day, lengths_of(months)) - 1
        return _midnights(dates, unit) + times_of_day(start, unit)


@dataclass(frozen=True)
class PandasOffset:
    """Any other of pandas' offsets, by its alias: 'BME', '2BQS-JAN', 'SMS-15', 'WOM-3FRI' …"""

    wall: ClassVar[bool] = True
    finest: ClassVar[Unit] = "s"
    alias: str

    def __str__(self) -> str:
        name = re.sub(r"^B(?=[A-Z])", "Business", type(_offset(self.alias)).__name__)
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
        return f"{self.alias} ({words})"

    @property
    def seasons(self) -> tuple[int, ...]:
        """The year: (12,) for the ends of business months."""
        steps = _steps_a_year(self.alias)
        return (round(steps),) if steps > 1.5 and abs(steps - round(steps)) < 0.05 else ()

    @property
    def circles(self) -> tuple[Circle, ...]:
        """As `Duration.circles`."""
        steps = _steps_a_year(self.alias)
        return () if steps < 1.5 else ("year",) if steps < 12.5 else ("month", "year")

    def positions(self, moments: np.ndarray, anchor: int, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
        """As `WholeNumbers.positions`."""
        second = 10**9 // NANOSECONDS[unit]
        seconds, rest = np.divmod(moments, second)
        reach = 64
        table = _table(self.alias, anchor // second, reach)
        while len(moments) and (seconds.min() < table[0] or seconds.max() > table[-1]):
            reach *= 2
            try:
                table = _table(self.alias, anchor // second, reach)
            except (ValueError, OverflowError):  # beyond the year 9999: no step is there
                reach //= 2
                break
        index = np.searchsorted(table, seconds, side="right") - 1
        return index - reach, (table[index] == seconds) & (rest == anchor % second)

    def moments(self, positions: np.ndarray, anchor: int, unit: Unit) -> np.ndarray:
        """(times,) moments of positions."""
        second = 10**9 // NANOSECONDS[unit]
        reach = 64
        while len(positions) and np.abs(positions).max() > reach:
            reach *= 2
        return _table(self.alias, anchor // second, reach)[reach + positions] * second + anchor % second


Frequency = WholeNumbers | Duration | Days | Months | PandasOffset


def dates_of(moments: np.ndarray, unit: Unit) -> np.ndarray:
    """(times,) datetime64[D]."""
    return moments.view(f"datetime64[{unit}]").astype("datetime64[D]")


def times_of_day(moments: np.ndarray, unit: Unit) -> np.ndarray:
    """(times,) int64: units since midnight."""
    return moments % (DAY // NANOSECONDS[unit])


def months_of(moments: np.ndarray, unit: Unit) -> np.ndarray:
    """(times,) int64: months since January 1970."""
    return moments.view(f"datetime64[{unit}]").astype("datetime64[M]").view(np.int64)


def days_of_month(moments: np.ndarray, unit: Unit) -> np.ndarray:
    """(times,) int64 from 1 to 31."""
    dates = dates_of(moments, unit)
    return (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1


def lengths_of(months: np.ndarray) -> np.ndarray:
    """(months,) int64 number of days, from 28 to 31. months: since January 1970, as `months_of` gives."""
    begins = months.view("datetime64[M]")
    return ((begins + 1).astype("datetime64[D]") - begins.astype("datetime64[D]")).astype(np.int64)


def _midnights(dates: np.ndarray, unit: Unit) -> np.ndarray:
    return dates.astype("datetime64[D]").view(np.int64) * (DAY // NANOSECONDS[unit])


def _whole(periods: tuple[int, ...], step: int) -> tuple[int, ...]:
    return tuple(each // step for each in periods if each > step and each % step == 0)


def _finest(spans: Any) -> Unit:
    return next(unit for unit, size in NANOSECONDS.items() if all(span % size == 0 for span in spans))


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


@lru_cache(maxsize=64)
def _offset(alias: str) -> Any:
    from pandas.tseries import frequencies

    return frequencies.to_offset(alias)


@lru_cache(maxsize=64)
def _steps_a_year(alias: str) -> float:
    """The average over twenty years."""
    import pandas as pd

    return len(pd.date_range("2001-01-01", "2020-12-31", freq=_offset(alias))) / 20


@lru_cache(maxsize=32)
def _table(alias: str, anchor: int, reach: int) -> np.ndarray:
    """Seconds since 1970-01-01 of the positions from -reach to reach: (2 reach + 1,), ascending.

    Position 0 is the anchor, or the first step after it.
    """
    import pandas as pd

    first = _offset(alias).rollforward(pd.Timestamp(np.datetime64(anchor, "s")))
    options: dict[str, Any] = {"periods": reach + 1, "freq": _offset(alias), "unit": "s"}
    before, after = pd.date_range(end=first, **options), pd.date_range(start=first, **options)
    table = np.concatenate([before[:-1].to_numpy(), after.to_numpy()]).view(np.int64)
    table.setflags(write=False)
    return table
