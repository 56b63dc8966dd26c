"""Windows over series: everything known when a forecast is made, as one row of numbers for a network."""

from dataclasses import dataclass

import numpy as np

from chainrule.data.series import Series, filled
from chainrule.data.time_grid import TimeGrid

NOTHING = 1e-12
"""Relative differences up to this count as rounding errors."""


@dataclass(frozen=True)
class Windows:
    """The layout of an input row of a forecasting network.

    A row for an origin (the position of the last known value) holds, in this order:
    past: the last `lags` values, and the difference between level and mean of the series;
    series: the number of the series;
    steps: for each of the `horizon` times after the origin: calendar features, the elapsed share of all
    times, covariates, and the values one or more seasons earlier with the covariates of those times; nothing
    where `ahead` is False.

    Values are normalized as (value - level) / scale. level is the mean of the last values, over whole
    seasons; scale is the standard deviation of the series. So all series have a similar range, even growing
    ones.

    grid: of the times. lags: at least 1. horizon: steps ahead. seasonal: pairs (length of a season in steps,
    number of its latest repetitions before the origin in the row). season: the shortest season in steps, at
    least 1. covariates: their number. ahead: whether a row tells of the steps ahead, or of the past alone.
    """

    grid: TimeGrid
    lags: int
    horizon: int
    season: int
    seasonal: tuple[tuple[int, int], ...]
    covariates: int
    ahead: bool = True

    @property
    def depth(self) -> int:
        """Number of values that a window needs up to and including the origin."""
        return max([self.lags, *(season * many for season, many in self.seasonal)])

    @property
    def past(self) -> int:
        """Number of columns that describe the past: the lags, and the difference of level and mean."""
        return self.lags + 1

    @property
    def features(self) -> int:
        """Number of columns that describe one step ahead."""
        if not self.ahead:
            return 0
        told = sum(many for _, many in self.seasonal)
        return self.grid.circles + 1 + self.covariates + told * (1 + self.covariates)

    @property
    def base(self) -> tuple[int, ...]:
        """Indices, within a step, of the values of the shortest season; their mean is a simple forecast."""
        told = self.seasonal[0][1] if self.seasonal else 0
        begin = self.grid.circles + 1 + self.covariates
        return tuple(range(begin, begin + told * (1 + self.covariates), 1 + self.covariates))

    @property
    def width(self) -> int:
        """Number of columns of a row."""
        return self.past + 1 + self.horizon * self.features


@dataclass(frozen=True, eq=False)
class History:
    """A series prepared for windows.

    number: of the series. values: (length,) float64, with gaps filled in. known: (length,) booleans, False at
    filled gaps. mean, scale: mean and standard deviation of the known values. span: the number of positions
    from the first value of any series to the last.
    """

    series: Series
    number: int
    values: np.ndarray
    known: np.ndarray
    mean: float
    scale: float
    span: int

    @staticmethod
    def of(series: Series, number: int, season: int, span: int) -> "History":
        """Fill the gaps of a series from the season before, and compute mean and scale (see `spread_of`)."""
        known = ~np.isnan(series.values)
        values = series.values[known]
        return History(
            series=series,
            number=number,
            values=filled(series.values, season),
            known=known,
            mean=float(values.mean()),
            scale=spread_of(values),
            span=span,
        )


def spread_of(values: np.ndarray) -> float:
    """The standard deviation, without overflow or underflow; 1 if it is no more than a rounding error."""
    _, exponent = np.frexp(np.abs(values).max())
    deviation = np.ldexp(values, -exponent).std()  # exact; no square overflows
    return float(np.ldexp(deviation, exponent)) if deviation > NOTHING else 1.0


def level_of(windows: Windows, history: History, origins: np.ndarray) -> np.ndarray:
    """(origins,) the mean of the last values, over as many whole seasons as fit into the lags."""
    length = max(windows.lags // windows.season * windows.season, min(windows.lags, windows.season))
    sums = np.concatenate([[0.0], np.cumsum(history.values - history.mean)])
    return history.mean + (sums[origins + 1] - sums[origins + 1 - length]) / length


def past_of(windows: Windows, history: History, origins: np.ndarray) -> np.ndarray:
    """(origins, past + 1) float32: the columns of the past, and the number of the series.

    origins: (origins,) indices into the history, at least depth - 1.
    """
    level = level_of(windows, history, origins)
    lags = history.values[origins[:, None] + np.arange(1 - windows.lags, 1)]
    row = np.empty((len(origins), windows.past + 1), np.float32)
    row[:, : windows.lags] = (lags - level[:, None]) / history.scale
    row[:, windows.lags] = (level - history.mean) / history.scale
    row[:, windows.past] = history.number
    return row


def steps_of(
    windows: Windows, history: History, origins: np.ndarray, steps: np.ndarray, covariates: np.ndarray
) -> np.ndarray:
    """(origins, steps, features) float32: the columns of some steps after each origin.

    steps: (origins, steps), numbers from 1 to the horizon. covariates: (origins, steps, covariates) of those
    times.
    """
    positions = history.series.start + origins[:, None] + steps
    first, last = int(positions.min()), int(positions.max())
    calendar = windows.grid.calendar(np.arange(first, last + 1))[positions - first]
    blocks = [calendar, (positions / history.span)[..., None], covariates]
    level = level_of(windows, history, origins)[:, None]
    for season, many in windows.seasonal:
        latest = origins[:, None] + steps - season * -(-steps // season)
        for back in range(many):
            index = latest - season * back
            blocks.append(((history.values[index] - level) / history.scale)[..., None])
            blocks.append(history.series.covariates[index])
    return np.concatenate([block.astype(np.float32, copy=False) for block in blocks], axis=2)


def training_rows(
    windows: Windows, history: History, origins: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows for training, whose horizon is known.

    origins: (origins,) indices from depth - 1 to length - horizon - 1.
    Returns ((origins, width) float32 inputs, (origins, horizon) float32 targets, (origins,) float32 weights:
    the share of the targets that is known; the others are filled in).
    """
    steps = np.broadcast_to(np.arange(1, windows.horizon + 1), (len(origins), windows.horizon))
    index = origins[:, None] + steps
    x = past_of(windows, history, origins)
    if windows.ahead:
        ahead = steps_of(windows, history, origins, steps, history.series.covariates[index])
        x = np.concatenate([x, ahead.reshape(len(origins), -1)], axis=1)
    level = level_of(windows, history, origins)[:, None]
    y = ((history.values[index] - level) / history.scale).astype(np.float32)
    return x, y, history.known[index].mean(axis=1).astype(np.float32)


def step_rows(
    windows: Windows, history: History, origins: np.ndarray, steps: np.ndarray, covariates: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows that forecast one step each; the columns of all other steps are 0.

    origins, steps: (rows,). covariates: (rows, covariates) of the times of the steps.
    Returns ((rows, width) float32 inputs, (rows,) levels).
    """
    x = np.zeros((len(origins), windows.width), np.float32)
    x[:, : windows.past + 1] = past_of(windows, history, origins)
    if windows.ahead:
        ahead = steps_of(windows, history, origins, steps[:, None], covariates[:, None])[:, 0]
        begins = windows.past + 1 + (steps - 1) * windows.features
        x[np.arange(len(x))[:, None], begins[:, None] + np.arange(windows.features)] = ahead
    return x, level_of(windows, history, origins)
