"""Forecast: a trained network, with the series that it continues."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.data.series import Series
from chainrule.data.windows import History, Windows, level_of, past_of, step_rows
from chainrule.errors import DataError
from chainrule.training import Run

_ROWS_AT_ONCE = 64  # always as many: no bit of a forecast depends on the rows beside it
_WINDOWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Forecast:
    """A trained network, with the histories of the series that it continues.

    quantiles: ascending, with 0.5 among them. corrections: (horizon, quantiles), added to the outputs, in
    units of a series' scale (see `corrections_of`); None for none.
    """

    run: Run
    windows: Windows
    histories: tuple[History, ...]
    quantiles: tuple[float, ...]
    corrections: np.ndarray | None = None

    def going_on_from(self, series: Sequence[Series]) -> "Forecast":
        """The same network with other histories of the same series, longer or shorter; nothing is learned.

        The mean and scale of each series remain those of training.
        """
        season = self.windows.season
        histories = (
            replace(History.of(each, old.number, season, old.span), mean=old.mean, scale=old.scale)
            for each, old in zip(series, self.histories, strict=True)
        )
        return replace(self, histories=tuple(histories))

    def predict(self, series: np.ndarray, positions: np.ndarray, covariates: np.ndarray) -> np.ndarray:
        """Quantiles at some times; the forecast of a row does not depend on other rows.

        series: (rows,) numbers of series. positions: (rows,) on the grid, at most `horizon` steps after the
        last value of the series; a time within the history is forecast one step ahead, from the values before
        it. covariates: (rows, covariates) of these times.
        Returns (rows, quantiles) float64, sorted along the quantiles, which makes none of them worse
        (Chernozhukov et al. 2010). Raises DataError for a time that is too late or too early.
        """
        result = np.empty((len(series), len(self.quantiles)))
        for number in np.unique(series):
            rows = np.flatnonzero(series == number)
            history = self.histories[number]
            steps = np.maximum(positions[rows] - history.series.end + 1, 1)
            origins = positions[rows] - steps - history.series.start
            self._refuse_outside(history, rows, origins, steps)
            for begin in range(0, len(rows), _ROWS_AT_ONCE):
                part = slice(begin, begin + _ROWS_AT_ONCE)
                result[rows[part]] = self._quantiles(
                    history, origins[part], steps[part], covariates[rows[part]]
                )
        return result

    def windows_ahead(self, number: int, origins: np.ndarray) -> np.ndarray:
        """All steps ahead of some origins, for networks of the past alone.

        number: of the series. origins: (origins,) positions on the grid of the last values known.
        Returns (origins, horizon, quantiles), as `predict`. Raises DataError for an origin with too little
        before it or after the end.
        """
        history = self.histories[number]
        index = origins - history.series.start
        if len(index) and (index.min() < self.windows.depth - 1 or index.max() >= len(history.values)):
            raise DataError(
                f"origins are from {index.min():,} to {index.max():,} values after the first of the series",
                remedy=f"they must be from {self.windows.depth - 1:,} to {len(history.values) - 1:,}",
            )
        result = np.empty((len(index), self.windows.horizon, len(self.quantiles)))
        for begin in range(0, len(index), _WINDOWS_AT_ONCE):
            part = slice(begin, begin + _WINDOWS_AT_ONCE)
            level = level_of(self.windows, history, index[part])
            outputs = self.run.predict(past_of(self.windows, history, index[part])).astype(np.float64)
            if self.corrections is not None:
                outputs += self.corrections
            result[part] = np.sort(outputs, axis=2) * history.scale + level[:, None, None]
        return result

    def _quantiles(
        self, history: History, origins: np.ndarray, steps: np.ndarray, covariates: np.ndarray
    ) -> np.ndarray:
        x, level = step_rows(self.windows, history, origins, steps, covariates)
        padded = np.concatenate([x, np.repeat(x[-1:], _ROWS_AT_ONCE - len(x), axis=0)])
        outputs = self.run.predict(padded)[np.arange(len(x)), steps - 1].astype(np.float64)
        if self.corrections is not None:
            outputs += self.corrections[steps - 1]
        return np.sort(outputs, axis=1) * history.scale + level[:, None]

    def _refuse_outside(
        self, history: History, rows: np.ndarray, origins: np.ndarray, steps: np.ndarray
    ) -> None:
        grid, series = self.windows.grid, history.series
        what = f"series {series.name!r}" if series.name else "the series"
        first, last = grid.written(series.start), grid.written(series.end - 1)
        late, early = steps > self.windows.horizon, origins < self.windows.depth - 1
        if late.any():
            row = int(np.argmax(late))
            time = grid.written(series.start + origins[row] + steps[row])
            raise DataError(
                f"row {rows[row]}: {time} is {steps[row]:,} steps of {grid.frequency} after the last of "
                f"{what}, {last}; the horizon is {self.windows.horizon}",
                remedy="fit for a longer horizon ({horizon}), or with later values",
                settings={"horizon": int(steps.max())},
            )
        if early.any():
            row = int(np.argmax(early))
            time = grid.written(series.start + origins[row] + 1)
            raise DataError(
                f"row {rows[row]}: {time} is too early to be forecast: what is known of {what} begins at "
                f"{first}, and {self.windows.depth:,} values before are needed",
                remedy=f"ask for times from {grid.written(series.start + self.windows.depth)} on",
            )
