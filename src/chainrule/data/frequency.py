"""How far apart the times of a series are: told or seen in them, and what follows from it.

Moments are int64: microseconds since 1970-01-01 where times are dates, else the whole numbers themselves.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chainrule.errors import ConfigError

_SECOND = 1_000_000
_MINUTE, _HOUR, _DAY, _WEEK = 60, 3600, 86_400, 7 * 86_400
_NAMES = {_WEEK: "week", _DAY: "day", _HOUR: "hour", _MINUTE: "minute", 1: "second"}
# Months, and the shortest and longest that many of them last, in days.
_MONTHS = ((1, 28, 31), (3, 89, 92), (6, 181, 184), (12, 365, 366))


@dataclass(frozen=True)
class Frequency:
    """The distance between neighbouring times: `count` units.

    unit: 'second', 'month' (of the calendar), or 'step' where times are whole numbers, which say nothing of
    the calendar. count: at least 1; an hour is 3600 seconds, a year 12 months.
    """

    unit: Literal["second", "month", "step"]
    count: int = 1

    def __str__(self) -> str:
        if self.unit == "month":
            count, name = (self.count // 12, "year") if self.count % 12 == 0 else (self.count, "month")
        elif self.unit == "step":
            count, name = self.count, "step"
        else:
            size = next(size for size in _NAMES if self.count % size == 0)
            count, name = self.count // size, _NAMES[size]
        return f"{count:,} {name}{'' if count == 1 else 's'}"

    @property
    def seasons(self) -> tuple[int, ...]:
        """Lengths of what may repeat itself, in steps, from the shortest: (24, 168, 8736) for hours.

        The day, the week and 52 weeks (which end on the same weekday), or the year where steps are months;
        the hour where steps are shorter than a minute. Those that are no whole number of steps are left out.
        """
        if self.unit == "step":
            return ()
        if self.unit == "month":
            return (12 // self.count,) if self.count < 12 and 12 % self.count == 0 else ()
        periods = (*((_HOUR,) if self.count < _MINUTE else ()), _DAY, _WEEK, 52 * _WEEK)
        return tuple(each // self.count for each in periods if each > self.count and each % self.count == 0)

    def calendar(self, moments: np.ndarray) -> np.ndarray:
        """Where moments stand in the day, the week, the month and the year: sines and cosines.

        moments: (times,). Of each circle as many waves as its steps can tell apart and a network can use:
        four of the day, three of the week (all there are for seven days), one of the month, two of the year.
        Returns (times, features) float32 from -1 to 1: 16 features for hours, 8 for days, 4 for weeks and
        months, none for years and whole numbers.
        """
        if self.unit == "step" or (self.unit == "month" and self.count >= 12):
            return np.zeros((len(moments), 0), np.float32)
        times = moments.view("datetime64[us]")
        days, months, years = (times.astype(f"datetime64[{unit}]") for unit in "DMY")
        circles: list[tuple[np.ndarray, int]] = []
        if self.unit == "second" and self.count < _DAY:
            circles.append(((times - days) / np.timedelta64(1, "D"), 4))
        if self.unit == "second" and self.count <= _DAY:
            circles.append(((days.astype(np.int64) + 3) % 7 / 7, 3))  # 1970-01-01 was a Thursday
            circles.append((_share(days, months), 1))
        circles.append((_share(days, years), 2))
        waves = [
            wave(2 * np.pi * turn * place)
            for place, turns in circles
            for turn in range(1, turns + 1)
            for wave in (np.sin, np.cos)
        ]
        return np.stack(waves, axis=1).astype(np.float32)


@dataclass(frozen=True)
class TimeGrid:
    """Equally spaced times: position p stands p steps of the frequency after the anchor.

    anchor: a moment.
    """

    frequency: Frequency
    anchor: int

    def positions(self, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """((times,) int64 positions, (times,) booleans: whether the moment lies on the grid).

        Where steps are months, every day of a month stands for it.
        """
        if self.frequency.unit == "month":
            distance, step = _months(moments) - _months(np.array([self.anchor])), self.frequency.count
        else:
            distance = moments - self.anchor
            step = self.frequency.count * (_SECOND if self.frequency.unit == "second" else 1)
        return distance // step, distance % step == 0

    def moments(self, positions: np.ndarray) -> np.ndarray:
        """(times,) int64. Where steps are months, the anchor's day, or the month's last where that is
        none.
        """
        if self.frequency.unit != "month":
            step = self.frequency.count * (_SECOND if self.frequency.unit == "second" else 1)
            return self.anchor + positions * step
        start = _months(np.array([self.anchor]))
        months = (start + positions * self.frequency.count).view("datetime64[M]")
        lengths = _lengths(months)
        day = (np.array([self.anchor]).view("datetime64[us]").astype("datetime64[D]") - start.view("M8[M]"))[
            0
        ]
        last = day + 1 >= _lengths(start.view("datetime64[M]"))[0]  # ends of months stay ends of months
        days = lengths - 1 if last else np.minimum(day, lengths - 1)
        return (months.astype("datetime64[D]") + days).astype("datetime64[us]").view(np.int64)

    def times(self, positions: np.ndarray) -> np.ndarray:
        """(times,) as a table shows them: datetime64, or whole numbers."""
        moments = self.moments(positions)
        return moments if self.frequency.unit == "step" else moments.view("datetime64[us]")

    def calendar(self, positions: np.ndarray) -> np.ndarray:
        """`Frequency.calendar` of positions."""
        return self.frequency.calendar(self.moments(positions))

    def written(self, position: int) -> str:
        """A time for a message: 2015-07-31, 2015-07-31 08:00:00 or 17."""
        time: Any = self.times(np.array([position]))[0]
        if not isinstance(time, np.datetime64):
            return str(time)
        midnight = time == time.astype("datetime64[D]")
        return str(time.astype("datetime64[D]" if midnight else "datetime64[s]")).replace("T", " ")


def told_frequency(name: str) -> Frequency:
    """The frequency that pandas calls this: 'h', '15min', 'D', 'W', 'MS', 'QS', 'YS' and their like.

    Raises ConfigError for another.
    """
    import pandas as pd
    from pandas.tseries import frequencies, offsets

    try:
        offset: Any = frequencies.to_offset(name)
    except (ValueError, TypeError):
        offset = None
    kinds: tuple[tuple[Any, int], ...] = (
        ((offsets.MonthBegin, offsets.MonthEnd), 1),
        ((offsets.QuarterBegin, offsets.QuarterEnd), 3),
        ((offsets.YearBegin, offsets.YearEnd), 12),
    )
    for kind, months in kinds:
        if isinstance(offset, kind) and offset.n >= 1:
            return Frequency("month", months * offset.n)
    seconds = 0.0
    if isinstance(offset, offsets.Week):
        seconds = float(_WEEK * offset.n)
    elif isinstance(offset, offsets.Day | offsets.Tick):
        seconds = pd.Timedelta(f"{offset.n}D" if isinstance(offset, offsets.Day) else offset).total_seconds()
    if seconds < 1 or seconds % 1:
        raise ConfigError(
            f"frequency is {name!r}",
            remedy="give one that pandas knows, of whole seconds, such as '15min', 'h', 'D', 'W' or 'MS'",
        )
    return Frequency("second", int(seconds))


def seen_frequency(distances: np.ndarray, dates: bool) -> tuple[Frequency, float]:
    """The commonest distance between neighbouring moments, and the share of distances that are as long.

    distances: at least one, each above 0. dates: whether moments are microseconds; otherwise whole numbers.
    """
    lengths, counts = np.unique(distances, return_counts=True)
    commonest, share = int(lengths[counts.argmax()]), counts.max() / counts.sum()
    if not dates:
        return Frequency("step", commonest), float(share)
    days = lengths / (_DAY * _SECOND)
    for months, shortest, longest in _MONTHS:
        fits = (days >= shortest) & (days <= longest)
        always_four_weeks = share > 0.9 and commonest == 4 * _WEEK * _SECOND
        if counts[fits].sum() > counts.sum() / 2 and not always_four_weeks:
            return Frequency("month", months), float(counts[fits].sum() / counts.sum())
    return Frequency("second", max(commonest // _SECOND, 1)), float(share)


def _months(moments: np.ndarray) -> np.ndarray:
    return moments.view("datetime64[us]").astype("datetime64[M]").view(np.int64)


def _lengths(months: np.ndarray) -> np.ndarray:
    """Days of months, as timedelta64."""
    return (months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")


def _share(days: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """How much of its month or year has passed when a day begins: from 0 to below 1."""
    begins, ends = spans.astype("datetime64[D]"), (spans + 1).astype("datetime64[D]")
    return (days - begins) / (ends - begins)
