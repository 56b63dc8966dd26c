"""Series from a long table: one row for each time of each series, checked once before anything is learned."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.clock import Clock, Times, read_times
from chainrule.data.frequency import WholeNumbers
from chainrule.data.seen_frequency import LEAST_REGULAR, Rows, seen_grid, told_grid
from chainrule.data.time_grid import TimeGrid
from chainrule.data.told_frequency import told_frequency
from chainrule.data.values import column_of, keys_of
from chainrule.data.wording import counted, listed, place, shortened
from chainrule.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from pandas.tseries.offsets import BaseOffset

_IN_ORDER = TimeGrid(WholeNumbers(), 0, Clock(form="number"))

LEAST_KNOWN = 0.5
"""Share of a series' times that must have a value; where fewer do, the frequency is hardly the series'
own.
"""


@dataclass(frozen=True, eq=False)
class Series:
    """Values at equal steps, from the first to the last that is known.

    name: what tells it from the others; '' where there is one only. start: position of the first value on the
    grid. values: (length,) float64, NaN where the table has no row. covariates: (length, features) float32,
    what else is known of each time, also of times to come; 0 where the table has no row.
    """

    name: str
    start: int
    values: np.ndarray
    covariates: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    @property
    def end(self) -> int:
        """Position after the last value."""
        return self.start + len(self.values)

    def until(self, end: int) -> "Series":
        """What was known before a position, up to the last value."""
        known = np.flatnonzero(~np.isnan(self.values[: max(end - self.start, 0)]))
        length = int(known[-1]) + 1 if len(known) else 0
        return Series(self.name, self.start, self.values[:length], self.covariates[:length])


@dataclass(frozen=True, eq=False)
class Places:
    """Where the rows of a table stand: of which series (by number), at which position of the grid.

    names: of the series, by number. series, positions: (rows,) int64.
    """

    grid: TimeGrid
    names: tuple[str, ...]
    series: np.ndarray
    positions: np.ndarray

    def written(self, number: int, position: int) -> str:
        """A time of a series for a message."""
        name = self.names[number]
        return f"{self.grid.written(position)}{f' of series {name!r}' if name else ''}"

    @staticmethod
    def in_order(rows: int) -> "Places":
        """One series, whose rows follow one another."""
        return Places(_IN_ORDER, ("",), np.zeros(rows, np.int64), np.arange(rows, dtype=np.int64))


def find_places(
    frame: "pd.DataFrame",
    time: str | None,
    series: str | None,
    source: str,
    frequency: "str | BaseOffset | None" = None,
) -> Places:
    """Read which series and which time each row of a table belongs to.

    time: the column of times: dates with or without a time zone, ISO texts of dates or whole numbers; None:
    the rows of each series follow one another. series: the column that names the series; None where there is
    one. frequency: see `told_frequency`; None: see `seen_frequency`.
    Raises DataError, naming source, column and row, for missing or unreadable times, and where times of a
    series are out of order, double, or not on the grid of the frequency; ConfigError for an unknown
    frequency.
    """
    names, numbers = _series_of(frame, series, source)
    if time is None:
        if frequency is not None:
            raise DataError(
                f"{source}: frequency is {frequency!r} and no column is named that holds times",
                remedy="name it ({time}), or leave frequency out",
                settings={"time": ...},
            )
        return Places(_IN_ORDER, names, numbers, _counted_up(numbers))
    column = _times_column(frame, time, source)
    times = read_times(column, source)
    order = np.argsort(numbers, kind="stable")
    same = numbers[order][1:] == numbers[order][:-1]
    distances = np.where(same, np.diff(times.moments[order]), 1)
    _refuse_disorder(column, order, distances, source)
    grid = _grid(column, Rows(times.moments[order], same, times.clock), times.mixed, frequency, source)
    positions = positions_on(grid, column, times, source)
    distances = np.where(same, np.diff(positions[order]), 1)
    _refuse_disorder(column, order, distances, source, str(grid.frequency))
    return Places(grid, names, numbers, positions)


def find_again(
    frame: "pd.DataFrame", time: str | None, series: str | None, source: str, known: Places
) -> Places:
    """The places of other rows, in any order, on a grid and among series that are known already.

    time: None: the rows of each series follow one another from position 0. Raises DataError as `find_places`,
    and for a series never seen.
    """
    numbers = np.zeros(len(frame), np.int64)
    if series is not None:
        texts = _names(frame, series, source)
        by_name = {name: number for number, name in enumerate(known.names)}
        numbers = np.array([by_name.get(text, -1) for text in texts], np.int64)
        if (numbers < 0).any():
            position = int(np.argmax(numbers < 0))
            name = texts[position]
            raise DataError(
                f"{source}, column {series!r}, {place(frame, position)}: there is no series {name!r}"
                f"{did_you_mean(name, known.names)}",
                remedy=f"fit knew {listed(known.names, 5)}; leave the row out, or fit with that series too",
            )
    if time is None:
        return Places(known.grid, known.names, numbers, _counted_up(numbers))
    column = _times_column(frame, time, source)
    times = read_times(column, source)
    now, before = _kind(times.clock), _kind(known.grid.clock)
    if now != before:
        raise DataError(
            f"{source}, column {time!r} holds {now}; in training it held {before}",
            remedy="give the times as in training",
        )
    return Places(known.grid, known.names, numbers, positions_on(known.grid, column, times, source))


def positions_on(grid: TimeGrid, column: "pd.Series", times: Times, source: str) -> np.ndarray:
    """(rows,) positions on a grid; DataError for the first time that lies beside it."""
    moments, exact = grid.clock.converted(times.moments, times.clock.unit)
    positions, fits = grid.positions(moments)
    fits = fits & exact
    if not fits.all():
        row = int(np.argmin(fits))
        where = f"{source}, column {column.name!r}, {place(column, row)}"
        raise DataError(
            f"{where}: {shortened(str(column.iloc[row]))} is not a whole number of steps of {grid.frequency} "
            f"after {grid.written(0)}",
            remedy="correct the time, give the time from row to row ({frequency}), or resample them",
            settings={"frequency": ...},
        )
    return positions


def collect(
    places: Places, values: np.ndarray, covariates: np.ndarray, source: str, *, least: int = 1
) -> tuple[Series, ...]:
    """The series of a table, by number.

    values: (rows,). covariates: (rows, features). least: values that each series must have.
    Raises DataError for a series shorter than that, and for one that lacks more than half of its times.
    """
    found = []
    order = np.argsort(places.series, kind="stable")
    begins = np.searchsorted(places.series[order], np.arange(len(places.names) + 1))
    for number, name in enumerate(places.names):
        rows = order[begins[number] : begins[number + 1]]
        positions = places.positions[rows]
        start = int(positions[0])
        length = int(positions[-1]) - start + 1
        what = f"series {name!r}" if name else "the series"
        if len(rows) < LEAST_KNOWN * length:
            raise DataError(
                f"{source}: at steps of {places.grid.frequency}, {what} has {len(rows):,} values "
                f"for {length:,} times",
                remedy="give the time from row to row ({frequency}), or leave out what lies before the gap",
                settings={"frequency": ...},
            )
        if length < least:
            raise DataError(
                f"{source}: {what} has {counted(length, 'sample')}; {least:,} are needed",
                remedy="give more of its past, leave it out, or set a smaller horizon or fewer lags",
            )
        each = np.full(length, np.nan)
        each[positions - start] = values[rows]
        known = np.zeros((length, covariates.shape[1]), np.float32)
        known[positions - start] = covariates[rows]
        found.append(Series(name, start, each, known))
    return tuple(found)


def filled(values: np.ndarray, season: int) -> np.ndarray:
    """Values where every missing one is that of the season before, or the last known within the first season.

    values: (length,), the first not NaN. season: in steps, at least 1.
    """
    result = values.copy()
    for index in np.flatnonzero(np.isnan(values)):  # ascending, so that what is filled in fills on
        result[index] = result[index - season if index >= season else index - 1]
    return result


def _series_of(frame: "pd.DataFrame", series: str | None, source: str) -> tuple[tuple[str, ...], np.ndarray]:
    import pandas as pd

    if series is None:
        return ("",), np.zeros(len(frame), np.int64)
    numbers, names = pd.factorize(_names(frame, series, source))  # in the order of their first rows
    return tuple(str(name) for name in names), numbers.astype(np.int64)


def _names(frame: "pd.DataFrame", series: str, source: str) -> np.ndarray:
    column = _column(frame, series, source)
    missing = column.isna().to_numpy()
    if missing.any():
        where = place(column, int(np.argmax(missing)))
        raise DataError(
            f"{source}, column {series!r}, {where}: the name of the series is missing",
            remedy="fill it in or leave the row out",
        )
    return keys_of(column)


def _column(frame: "pd.DataFrame", name: str, source: str) -> "pd.Series":
    names = [str(each) for each in frame.columns]
    if name not in names:
        raise DataError(
            f"{source} has no column {name!r}{did_you_mean(name, names)}: it has {listed(names, 30)}",
            remedy="name one of these",
        )
    return column_of(frame, name)


def _times_column(frame: "pd.DataFrame", time: str, source: str) -> "pd.Series":
    column = _column(frame, time, source)
    missing = column.isna().to_numpy()
    if missing.any():
        where = place(column, int(np.argmax(missing)))
        raise DataError(
            f"{source}, column {time!r}, {where}: the time is missing",
            remedy="fill it in or leave the row out",
        )
    return column


def _kind(clock: Clock) -> str:
    if clock.form == "number":
        return "whole numbers"
    return "dates without a time zone" if clock.zone is None else "dates with a time zone"


def _counted_up(numbers: np.ndarray) -> np.ndarray:
    """Which row of its series each row is: 0, 1, 2, …"""
    order = np.argsort(numbers, kind="stable")
    begins = np.searchsorted(numbers[order], numbers[order])
    places = np.empty(len(numbers), np.int64)
    places[order] = np.arange(len(numbers)) - begins
    return places


def _refuse_disorder(
    column: "pd.Series", order: np.ndarray, distances: np.ndarray, source: str, step: str = ""
) -> None:
    """Raises DataError where a row's time is not after that of the row before it in its series.

    order: rows, series after series. distances: (rows - 1,) between neighbours in that order, 1 between
    series.
    step: what each row stands for, where rows of different times may stand for the same.
    """
    if (distances > 0).all():
        return
    where = int(np.argmin(distances > 0))
    earlier, row = order[where], order[where + 1]
    value = f"{source}, column {column.name!r}, {place(column, row)}: {shortened(str(column.iloc[row]))}"
    if distances[where] == 0:
        same = (
            f"stands for the same step of {step} as {place(column, earlier)}"
            if step
            else (f"occurs twice (before in {place(column, earlier)})")
        )
        raise DataError(
            f"{value} {same}",
            remedy="leave one out or add them up; where rows belong to several series, "
            "name their column ({series})",
            settings={"series": ...},
        )
    raise DataError(
        f"{value} comes after {shortened(str(column.iloc[earlier]))}: the dates are out of order",
        remedy=f"sort the rows by time, such as frame.sort_values({column.name!r}), and the values with "
        "them; where they belong to several series, name their column ({series})",
        settings={"series": ...},
    )


def _grid(
    column: "pd.Series", rows: Rows, mixed: bool, told: "str | BaseOffset | None", source: str
) -> TimeGrid:
    """The grid that was told, or that the rows show. mixed: whether their offsets from UTC differ."""
    if told is not None:
        frequency = told_frequency(told)
        if rows.clock.form == "number":
            raise DataError(
                f"{source}, column {column.name!r} holds whole numbers and frequency is {told!r}",
                remedy="leave frequency out, or give dates",
            )
        grid, share = told_grid(rows, frequency), 1.0
    elif not rows.same.any():
        raise DataError(
            f"{source}: no series has more than 1 sample, so the frequency can't be inferred",
            remedy="give more of the past, or give the time from row to row ({frequency})",
            settings={"frequency": ...},
        )
    else:
        grid, share = seen_grid(rows)
    if mixed and (grid.frequency.wall or (told is None and not grid.positions(rows.moments)[1].all())):
        raise DataError(
            f"{source}, column {column.name!r}: the offsets from UTC differ from row to row and name no time "
            "zone, so that days can't be counted",
            remedy="give the column in its time zone, by pandas' to_datetime in UTC and then dt.tz_convert",
        )
    if share < LEAST_REGULAR:
        raise DataError(
            f"{source}, column {column.name!r}: the times are not equally spaced; most often they are "
            f"{grid.frequency} apart, and only {share:.0%} of neighbours are",
            remedy="give the time from row to row ({frequency}), or resample them",
            settings={"frequency": ...},
        )
    return grid
