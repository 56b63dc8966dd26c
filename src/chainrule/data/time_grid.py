"""Equally spaced times: conversion between positions, moments and labels; calendar features."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from chainrule.data.clock import Clock, TextForm
from chainrule.data.frequency import (
    DAY,
    NANOSECONDS,
    Circle,
    Days,
    Duration,
    Frequency,
    Months,
    PandasOffset,
    WholeNumbers,
    dates_of,
    times_of_day,
)

_PLAIN = Clock()
# Harmonics of each cycle that are useful to a network; of the week, all that daily steps can represent.
_WAVES: dict[Circle, int] = {"day": 4, "week": 3, "month": 1, "year": 2}
_KINDS = {kind.__name__: kind for kind in (WholeNumbers, Duration, Days, Months, PandasOffset)}


@dataclass(frozen=True)
class TimeGrid:
    """A grid of times: position p is p steps of the frequency after the anchor.

    anchor: the moment of position 0, in local time if `frequency.wall`, else in UTC. clock: how the column
    writes times. A moment is an int64 in the clock's unit since 1970, or the whole number of the column.
    """

    frequency: Frequency
    anchor: int
    clock: Clock = _PLAIN

    def positions(self, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """((times,) int64 positions, (times,) booleans: whether the moment lies on the grid).

        Where a clock change skips a local time, the moment that replaces it (`Clock.absolute`) lies on the
        grid; where a clock change repeats a local time, both moments do.
        """
        wall = self.frequency.wall
        seen = self.clock.local(moments) if wall else moments
        positions, on = self.frequency.positions(seen, self.anchor, self.clock.unit)
        if wall and self.clock.zone is not None and not on.all():
            on = on.copy()
            on[~on] = self.moments(positions[~on]) == moments[~on]
        return positions, on

    def moments(self, positions: np.ndarray) -> np.ndarray:
        """(times,) int64 moments of positions, in UTC where the clock has a zone."""
        moments = self.frequency.moments(positions, self.anchor, self.clock.unit)
        return self.clock.absolute(moments) if self.frequency.wall else moments

    def times(self, positions: np.ndarray) -> Any:
        """(times,) labels of positions, of the same type and zone as the column of times."""
        return self.clock.labels(self.moments(positions))

    @property
    def circles(self) -> int:
        """The number of features of `calendar`."""
        return 2 * sum(_WAVES[circle] for circle in self.frequency.circles)

    def calendar(self, positions: np.ndarray) -> np.ndarray:
        """Sines and cosines of the elapsed share of the day, week, month and year, in local time.

        Each of these cycles that the frequency resolves has several harmonics: four of the day, three of the
        week, one of the month, two of the year.
        Returns (times, features) float32 from -1 to 1: 20 features for hours, 12 for days, 4 for weeks and
        months, none for years and whole numbers.
        """
        circles = self.frequency.circles
        if not circles:
            return np.zeros((len(positions), 0), np.float32)
        local, unit = self.clock.local(self.moments(positions)), self.clock.unit
        days = dates_of(local, unit)
        waves = [
            wave(2 * np.pi * turn * _place(circle, days, times_of_day(local, unit) * NANOSECONDS[unit] / DAY))
            for circle in circles
            for turn in range(1, _WAVES[circle] + 1)
            for wave in (np.sin, np.cos)
        ]
        return np.stack(waves, axis=1).astype(np.float32)

    def written(self, position: int) -> str:
        """A position as text for messages, by `Clock.written`."""
        return self.clock.written(int(self.moments(np.array([position]))[0]))

    def to_plain(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "kind": type(self.frequency).__name__,
            "frequency": asdict(self.frequency),
            "anchor": self.anchor,
            "clock": asdict(self.clock),
        }

    @staticmethod
    def from_plain(plain: dict[str, Any]) -> "TimeGrid":
        """The grid that `to_plain` wrote. Raises KeyError, TypeError or ValueError for damaged data."""
        told: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in plain["frequency"].items()
        }
        clock = Clock(**plain["clock"])
        if clock.text is not None:
            clock = replace(clock, text=TextForm(**plain["clock"]["text"]))
        return TimeGrid(_KINDS[plain["kind"]](**told), plain["anchor"], clock)


def _place(circle: Circle, days: np.ndarray, of_day: np.ndarray) -> np.ndarray:
    """(times,) the elapsed share of the cycle, from 0 to below 1. of_day: the elapsed share of the day."""
    if circle == "day":
        return of_day
    if circle == "week":
        return (days.astype(np.int64) + 3) % 7 / 7  # 1970-01-01 was a Thursday
    spans = days.astype("datetime64[M]" if circle == "month" else "datetime64[Y]")
    begins, ends = spans.astype("datetime64[D]"), (spans + 1).astype("datetime64[D]")
    return (days - begins) / (ends - begins)
