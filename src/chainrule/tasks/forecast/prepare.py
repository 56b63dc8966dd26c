"""Preparing a table of series: times, values, and covariates."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import Table
from chainrule.data.series import Places, Series, collect, find_places
from chainrule.data.wording import listed
from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.tasks.forecast.known_ahead import KnownAhead
from chainrule.tasks.forecast.settings import ForecastTaskSettings
from chainrule.tasks.settings import AUTO

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class PreparedSeries:
    """The series of a table, with their covariates as numbers.

    table: in the order of time, without rows that have no value. time, series: columns; series is None if
    there is one series. names: of the series, as in the table. notes: sentences on what was found.
    """

    table: Table
    time: str
    series: str | None
    names: list[Any]
    places: Places
    values: tuple[Series, ...]
    known_ahead: KnownAhead
    notes: tuple[str, ...]


def prepare_series(table: Table, settings: ForecastTaskSettings) -> PreparedSeries:
    """Read the times and the series of a table.

    Rows are sorted by time. Rows without a value are left out, since they may be future times.
    Raises DataError for missing columns, for times that can't be read or have no regular frequency, and for
    values that are not numbers.
    """
    frame, target = table.frame, table.target
    time, why = _time_column(table, settings.time)
    notes = [*table.notes, *why]
    for name, column in (("series", settings.series), ("time", time)):
        if column is not None and column not in frame.columns:
            what = f"{table.source} has no column {column!r}{did_you_mean(column, frame.columns)}"
            known = listed(list(frame.columns), 30)
            raise DataError(what, remedy=f"name one of {known} ({{{name}}})", settings={name: ...})
        if column == target:
            raise ConfigError(f"{name} and target are both {column!r}", remedy="name another column")
    values = _values(table)
    missing = int(values.isna().sum())
    if missing:
        notes.append(f"{missing:,} rows without {target} are left out: they may be times to come")
    frame = frame[values.notna().to_numpy()]
    if not len(frame):
        raise DataError(
            f"{table.source}, column {target!r}: no row has a value", remedy="choose another target"
        )
    order = frame.reset_index(drop=True).sort_values(time, kind="stable").index.to_numpy()
    if settings.series is None and (order[1:] < order[:-1]).any():
        notes.append(f"rows are put in the order of {time}")
    frame = frame.iloc[order]
    frequency = None if settings.frequency == AUTO else settings.frequency
    places = find_places(frame.drop(columns=target), time, settings.series, table.source, frequency)
    known = frame.drop(columns=target)
    known_ahead = KnownAhead.of_frame(known, (time, settings.series), table.source)
    numbers = values.loc[frame.index].to_numpy(np.float64)
    series = collect(places, numbers, known_ahead.of_table(known, table.source), table.source)
    names: list[Any] = []
    if settings.series is not None:
        first = np.unique(places.series, return_index=True)[1]
        names = frame[settings.series].iloc[first].tolist()
    return PreparedSeries(
        replace(table, frame=frame, written=None),
        time,
        settings.series,
        names,
        places,
        series,
        known_ahead,
        (*notes, *known_ahead.notes),
    )


def _time_column(table: Table, asked: str) -> tuple[str, tuple[str, ...]]:
    """The column of times, and a sentence if it was inferred."""
    import pandas as pd

    if asked != AUTO:
        return asked, ()
    dates = [name for name in table.frame.columns if pd.api.types.is_datetime64_any_dtype(table.frame[name])]
    if len(dates) == 1:
        return dates[0], (f"times are those of column {dates[0]!r}",)
    found = f"{listed(dates)} hold dates" if dates else "no column holds dates"
    raise DataError(
        f"{table.source}: which column holds the times? {found}",
        remedy="name it ({time})",
        settings={"time": ...},
    )


def _values(table: Table) -> "pd.Series":
    import pandas as pd

    values = table.target_values()
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        raise DataError(
            f"{table.source}, column {table.target!r} holds no numbers", remedy="choose a target to forecast"
        )
    infinite = np.isinf(values.to_numpy(np.float64, na_value=np.nan))
    if infinite.any():
        line = table.frame.index[int(np.argmax(infinite))]
        raise DataError(
            f"{table.source}, column {table.target!r}, line {line}: the value is infinite",
            remedy="correct it, or leave it empty",
        )
    return values.astype(np.float64)
