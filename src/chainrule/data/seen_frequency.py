"""Inference of the frequency from the times of some series.

Of the frequencies that fit all rows, the one with the fewest times without a row is chosen. Ties are broken
in this order: calendar months (one or several), all rows on the same day of the month or all on the last day;
a constant number of days; a constant duration; one of pandas' offsets (business months, weekdays of a month,
half months). For example, rows on 1 January and 1 February are a month apart; as soon as a row is on another
day of the month, 31 days fits and a month does not. The same holds for quarters and years.

Weekdays and times of the day without any row are excluded only if otherwise a tenth of all times or more had
no row, if the exclusion explains at least half of these, and if the absence is unlikely to be chance:
Saturday and Sunday must both lie between rows at least once, other weekdays three times each; times of the
day need rows of three days. If nothing else fits, they are excluded regardless.

If none of these fits, rows about a month apart on any days are monthly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from chainrule.data.clock import Clock
from chainrule.data.frequency import (
    BUSINESS_DAYS,
    DAY,
    EVERY_DAY,
    MONTH_END,
    NANOSECONDS,
    Days,
    Duration,
    Frequency,
    Months,
    PandasOffset,
    WholeNumbers,
    dates_of,
    days_of_month,
    lengths_of,
    months_of,
    times_of_day,
)
from chainrule.data.time_grid import TimeGrid

LEAST_REGULAR = 0.5
"""Share of neighbouring rows that must be one step apart."""

_FULL, _EXPLAINED = 0.9, 0.5
_MONTH = 30.44  # days, on average
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True, eq=False)
class Rows:
    """The times of some series in the order of the table, one series after the other.

    moments: (rows,), ascending within each series. same: (rows - 1,) whether a row and the next are of one
    series.
    """

    moments: np.ndarray
    same: np.ndarray
    clock: Clock

    def steps(self, moments: np.ndarray) -> np.ndarray:
        """Distances between neighbouring rows of one series. moments: (rows,)."""
        return np.diff(moments)[self.same]


def told_grid(rows: Rows, frequency: Frequency) -> TimeGrid:
    """The grid of a frequency that the user named."""
    local = rows.clock.local(rows.moments)
    clock = rows.clock.refined(frequency.finest)
    if isinstance(frequency, Months):
        frequency = replace(frequency, day=_day_of(local, rows.clock) or 0)
    return _grid(rows, local, frequency, clock)


def seen_grid(rows: Rows) -> tuple[TimeGrid, float]:
    """(the inferred grid, the share of neighbouring rows that are one step apart); some series has two rows.

    If no grid fits all rows, the grid of the most frequent distance.
    """
    if rows.clock.form == "number":
        count, share = _commonest(rows.steps(rows.moments))
        return TimeGrid(WholeNumbers(count), int(rows.moments.min()), rows.clock), share
    local = rows.clock.local(rows.moments)
    judge = _Judge(rows, local)
    best = judge.best(_open(rows, local))
    if best is None or best.filled < _FULL:
        closed = _closed(rows, local, certain=best is None)
        better = judge.best(closed)
        if better is not None and (best is None or 1 - better.filled <= _EXPLAINED * (1 - best.filled)):
            best = better
    if best is None:
        best = judge.best(_loose(rows, local))
    if best is not None:
        return best.grid, best.share
    frequency, share = _likeliest(rows, local)
    return _grid(rows, local, frequency, rows.clock), share


@dataclass(frozen=True, eq=False)
class _Judged:
    """filled: share of the times from the first to the last row of each series that have a row."""

    grid: TimeGrid
    filled: float
    share: float


class _Judge:
    """Tries frequencies on all rows; times that occur in several series are tried once."""

    def __init__(self, rows: Rows, local: np.ndarray) -> None:
        self.rows, self.local = rows, local
        self.distinct, self.which = np.unique(rows.moments, return_inverse=True)

    def best(self, frequencies: Iterator[Frequency]) -> _Judged | None:
        """The first of those with the fewest times without a row; None if none fits all rows."""
        best = None
        for frequency in frequencies:
            judged = self._judged(frequency)
            if judged is not None and (best is None or judged.filled > best.filled):
                best = judged
            if best is not None and best.filled == 1:
                break
        return best

    def _judged(self, frequency: Frequency) -> _Judged | None:
        grid = _grid(self.rows, self.local, frequency, self.rows.clock)
        positions, on = grid.positions(self.distinct)
        exact = not isinstance(frequency, Months) or not frequency.day
        if not on.all() or not (exact or (grid.moments(positions) == self.distinct).all()):
            return None
        steps = self.rows.steps(positions[self.which])
        if (steps < 1).any():
            return None
        share = float((steps == 1).mean())
        if share < LEAST_REGULAR:
            return None
        series = len(self.local) - len(steps)
        return _Judged(grid, len(self.local) / float(steps.sum() + series), share)


def _grid(rows: Rows, local: np.ndarray, frequency: Frequency, clock: Clock) -> TimeGrid:
    """Anchored at the first time; if all steps have one time of the day, at the most frequent one."""
    if not frequency.wall:
        anchor = int(rows.moments.min())
    else:
        anchor = int(local.min())
        unit = rows.clock.unit
        times, counts = np.unique(times_of_day(local, unit), return_counts=True)
        if not (isinstance(frequency, Days) and frequency.times):
            anchor += int(times[counts.argmax()]) - anchor % (DAY // NANOSECONDS[unit])
    return TimeGrid(frequency, int(clock.converted(np.array([anchor]), rows.clock.unit)[0][0]), clock)


def _open(rows: Rows, local: np.ndarray) -> Iterator[Frequency]:
    """Frequencies that exclude no weekday and no time of the day, the preferred first."""
    unit = rows.clock.unit
    steps = rows.steps(months_of(local, unit))
    monthly = bool((steps > 0).all())
    count = int(np.gcd.reduce(steps)) if monthly else 1
    day = _day_of(local, rows.clock)
    if monthly and day is not None:
        yield Months(count, day)
    days = rows.steps(dates_of(local, unit).astype(np.int64))
    if (days > 0).all():
        yield Days(_commonest(days)[0])
    yield Duration(_commonest(rows.steps(rows.moments))[0] * NANOSECONDS[unit])
    if monthly:
        weekday = _WEEKDAYS[_weekdays(dates_of(local[:1], unit).astype(np.int64))[0]]
        week = (int(days_of_month(local[:1], unit)[0]) + 6) // 7
        names = ("BMS", "BME", *([f"WOM-{week}{weekday}"] if week < 5 else []), f"LWOM-{weekday}")
        for name in names:
            yield PandasOffset(f"{count if count > 1 else ''}{name}")
    yield from _twice_a_month(local, rows.clock)


def _twice_a_month(local: np.ndarray, clock: Clock) -> Iterator[Frequency]:
    """The first and another day of each month, or another day and the last; pandas offers days up to 27."""
    days = np.unique(days_of_month(local, clock.unit)).tolist()
    if len(days) == 2 and days[0] == 1 and days[1] <= 27:
        yield PandasOffset(f"SMS-{days[1]}")
    elif len(days) > 1 and days[0] <= 27 and days[1] >= 28:
        yield PandasOffset(f"SME-{days[0]}")


def _closed(rows: Rows, local: np.ndarray, certain: bool) -> Iterator[Frequency]:
    """Frequencies that exclude weekdays or times of the day.

    certain: nothing else fits, so do not require a minimum number of absences.
    """
    unit = rows.clock.unit
    dates = np.unique(dates_of(local, unit).astype(np.int64))
    present = set(_weekdays(dates).tolist())
    passed = [_passed(day, int(dates[0]), int(dates[-1])) for day in range(7)]
    choices = [EVERY_DAY]
    if not present & {5, 6} and (certain or min(passed[5:]) >= 1):
        choices.append(BUSINESS_DAYS)
    if certain or all(passed[day] >= 3 for day in range(7) if day not in present):
        choices.append("".join("1" if day in present else "0" for day in range(7)))
    times: tuple[int, ...] = ()
    if not (rows.steps(dates_of(local, unit).astype(np.int64)) > 0).all():
        if len(dates) < 3:
            return
        times = tuple((np.unique(times_of_day(local, unit)) * NANOSECONDS[unit]).tolist())
    for weekdays in choices:
        each = Days(1, weekdays, (), times)
        steps = rows.steps(each.positions(local, int(local.min()), unit)[0])
        yield replace(each, count=max(1, int(np.gcd.reduce(steps))))


def _loose(rows: Rows, local: np.ndarray) -> Iterator[Frequency]:
    """Months with rows on any day, if most rows are about that far apart."""
    steps = rows.steps(months_of(local, rows.clock.unit))
    if (steps > 0).all():
        count = int(np.gcd.reduce(steps))
        days = rows.steps(local) * (NANOSECONDS[rows.clock.unit] / DAY / count)
        if (np.abs(days - _MONTH) <= 2.5).mean() > 0.5:
            yield Months(count)


def _likeliest(rows: Rows, local: np.ndarray) -> tuple[Frequency, float]:
    """The most frequent distance, which does not fit all rows, and the share of neighbours with it."""
    unit = NANOSECONDS[rows.clock.unit]
    distance, share = _commonest(rows.steps(rows.moments))
    months, monthly_share = _commonest(rows.steps(months_of(local, rows.clock.unit)))
    if months > 0 and monthly_share > share:
        return Months(months), monthly_share
    return Days(distance * unit // DAY) if distance * unit % DAY == 0 else Duration(distance * unit), share


def _day_of(local: np.ndarray, clock: Clock) -> int | None:
    """The day of the month on which all rows stand, `MONTH_END` for the last; None where they differ."""
    days = days_of_month(local, clock.unit)
    lengths = lengths_of(months_of(local, clock.unit))
    if (days == lengths).all():
        return MONTH_END
    most = int(days.max())
    return most if (days == np.minimum(most, lengths)).all() else None


def _weekdays(dates: np.ndarray) -> np.ndarray:
    """(dates,) from 0, Monday. dates: days since 1970-01-01, a Thursday."""
    return (dates + 3) % 7


def _passed(weekday: int, first: int, last: int) -> int:
    """Number of days strictly between two days (since 1970-01-01) that fall on a weekday."""
    begin = first + 1 + (weekday - (first + 4)) % 7
    return max(0, (last - begin + 6) // 7)


def _commonest(distances: np.ndarray) -> tuple[int, float]:
    lengths, counts = np.unique(distances, return_counts=True)
    return int(lengths[counts.argmax()]), float(counts.max() / counts.sum())
