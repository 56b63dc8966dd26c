"""Forecasts of a run on series: of future times, or one step ahead of times in its history."""

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import is_named, load_named, read_table
from chainrule.data.series import Places, find_again
from chainrule.data.wording import listed
from chainrule.errors import DataError
from chainrule.tasks.forecast.run import ForecastRun
from chainrule.tasks.task import Predictions, Say

if TYPE_CHECKING:
    import pandas as pd


def predict(run: ForecastRun, source: str | None, say: Say) -> Predictions:
    """Forecasts for the times in a file, row by row; without a file, for the horizon after each series.

    Returns the columns of time and series under their names in the table, so that the frame can be joined
    with it; 'prediction', the median; and 'quantile_<q>' for each quantile.
    Raises DataError for times that are too late or not on the grid, for unknown series, and for missing
    covariates.
    """
    frame = _times_to_come(run) if source is None else _rows_of(run, source, say)
    name = "the times to come" if source is None else source
    places = find_again(frame, run.time, run.series, name, _known(run))
    if source is None and run.known_ahead.features:
        columns = (
            [column.name for column in run.known_ahead.preparation.columns]
            if run.known_ahead.preparation
            else []
        )
        raise DataError(
            f"the forecast needs the known covariates of the times to forecast: {listed(columns, 10)}",
            remedy="name a file that has a row for each of them, with these columns",
        )
    covariates = run.known_ahead.of_table(frame, name)
    run.known_ahead.refuse_gaps(
        frame, lambda row: places.written(int(places.series[row]), int(places.positions[row])), name
    )
    quantiles = run.forecast.predict(places.series, places.positions, covariates)
    return Predictions(_answer(run, frame, places, quantiles))


def _rows_of(run: ForecastRun, source: str, say: Say) -> "pd.DataFrame":
    frame = load_named(source, say=say).frame if is_named(source) else read_table(source, run.reading)
    return frame.drop(columns=run.target, errors="ignore")


def _times_to_come(run: ForecastRun) -> "pd.DataFrame":
    """A row for each step of the horizon after the last value of each series."""
    import pandas as pd

    histories, horizon = run.forecast.histories, run.forecast.windows.horizon
    positions = np.concatenate([each.series.end + np.arange(horizon) for each in histories])
    columns: dict[str, Any] = {run.time: run.forecast.windows.grid.times(positions)}
    if run.series is not None:
        columns[run.series] = np.repeat(np.asarray(run.names), horizon)
    return pd.DataFrame(columns)


def _known(run: ForecastRun) -> Places:
    names = tuple(history.series.name for history in run.forecast.histories)
    nothing = np.empty(0, np.int64)
    return Places(run.forecast.windows.grid, names, nothing, nothing)


def _answer(run: ForecastRun, frame: "pd.DataFrame", places: Places, quantiles: np.ndarray) -> "pd.DataFrame":
    import pandas as pd

    told = [run.time] if run.series is None else [run.time, run.series]
    columns: dict[str, Any] = {name: frame[name].to_numpy() for name in told}
    levels = run.forecast.quantiles
    columns["prediction"] = quantiles[:, levels.index(0.5)]
    asked = sorted(run.settings.quantiles)
    columns |= {f"quantile_{level:g}": quantiles[:, levels.index(level)] for level in asked}
    return pd.DataFrame(columns)
