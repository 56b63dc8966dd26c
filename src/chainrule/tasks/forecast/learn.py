"""Training forecasts: windows over many series, and one network for all steps and quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import Arrays
from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.data.windows import History, Windows, step_rows, training_rows
from chainrule.data.wording import counted
from chainrule.errors import ConfigError, DataError
from chainrule.nn import CosineDecay, Quantile, adamw
from chainrule.nn.settings import check_number, check_whole, plain_fields
from chainrule.tasks.forecast.network import ForecastNetwork
from chainrule.training import Listener, Recipe, Run, Supervised, train_recipe

# Windows overlap, so that these many, drawn at random, show each value many times an epoch.
_MOST_TARGETS = 500_000
_MOST_BYTES = 200e6
_USUAL_STEPS = 1000
MOST_EPOCHS = 100
"""The most epochs, unless the settings give their number."""
_ROWS_AT_ONCE = 64  # always as many: no bit of a forecast depends on the rows beside it


@dataclass(frozen=True)
class ForecastSettings:
    """How a forecast is learned.

    horizon: steps ahead, at least 1; None: one season (24 for hours), fewer if the series are shorter than
    four seasons, and 1 if the frequency has no season. lags: number of latest values that the network gets;
    None: four seasons of up to 12 steps, or two longer ones, or 8 without a season; at most a third of the
    shortest series. season: in steps; None: the shortest of the frequency, such as 7 for days. quantiles:
    each above 0 and below 1. units: width of the hidden layers. dropout: from 0 to below 1.
    learning_rate, weight_decay: of AdamW; the rate falls along a cosine. epochs: the most; None: about a
    thousand steps, from 15 to 100 epochs. batch_size, patience: as for chainrule.train. validation: the last
    share of all times, at least one horizon, which is not trained on and decides on early stopping; if the
    series are too short for it, there is no validation. seed: of all random numbers.
    """

    horizon: int | None = None
    lags: int | None = None
    season: int | None = None
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    units: int = 64
    dropout: float = 0.1
    learning_rate: float = 0.004
    weight_decay: float = 0.01
    epochs: int | None = None
    batch_size: int = 64
    validation: float = 0.1
    patience: int = 6
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        for name in ("horizon", "lags", "season", "epochs"):
            if getattr(self, name) is not None:
                check_whole("forecast", name, getattr(self, name))
        for name in ("units", "batch_size", "patience"):
            check_whole("forecast", name, getattr(self, name))
        check_number("forecast", "validation", self.validation, at_least=0, below=1)
        check_number("forecast", "learning_rate", self.learning_rate, above=0)
        object.__setattr__(self, "quantiles", _quantiles(self.quantiles))


@dataclass(frozen=True, eq=False)
class Forecast:
    """A trained network, with the histories of the series that it continues.

    quantiles: ascending, with 0.5 among them.
    """

    run: Run
    windows: Windows
    histories: tuple[History, ...]
    quantiles: tuple[float, ...]

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

    def _quantiles(
        self, history: History, origins: np.ndarray, steps: np.ndarray, covariates: np.ndarray
    ) -> np.ndarray:
        x, level = step_rows(self.windows, history, origins, steps, covariates)
        padded = np.concatenate([x, np.repeat(x[-1:], _ROWS_AT_ONCE - len(x), axis=0)])
        outputs = self.run.predict(padded)[np.arange(len(x)), steps - 1].astype(np.float64)
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


def windows_for(
    settings: ForecastSettings, grid: TimeGrid, series: Sequence[Series], covariates: int
) -> Windows:
    """The windows by the settings; what they leave open follows from frequency and lengths of the series.

    covariates: their number. Raises DataError if a series is shorter than lags and horizon together.
    """
    shortest = min(series, key=len)
    seasons = (settings.season,) if settings.season is not None else grid.frequency.seasons
    usable = [season for season in seasons if season * 3 <= len(shortest)]
    season = next(iter(usable), 1)
    horizon = settings.horizon
    if horizon is None:
        horizon = max(1, min(season, len(shortest) // 4))
    lags = settings.lags
    if lags is None:
        wanted = 8 if season == 1 else season * (4 if season <= 12 else 2)
        lags = max(1, min(wanted, len(shortest) // 3))
    if len(shortest) < lags + horizon:
        what = f"series {shortest.name!r}" if shortest.name else "the series"
        raise DataError(
            f"{what} has {counted(len(shortest), 'sample')}; {lags:,} lags and a horizon of {horizon:,} "
            f"need at least {lags + horizon:,}",
            remedy="give more of its past, leave it out, or set a smaller horizon or fewer lags",
        )
    told = []
    for each in usable if season > 1 else ():
        # Of short seasons the latest four places tell more than one; all must leave windows to learn from.
        many = next((n for n in (4, 2, 1) if each * n + horizon <= len(shortest) / 3), 0)
        if many:
            told.append((each, many))
    return Windows(grid, lags, horizon, season, tuple(told), covariates)


@dataclass(frozen=True, eq=False)
class Lessons:
    """The windows that a forecast is trained on, and those for validation.

    validation: None if the series are too short for it.
    """

    windows: Windows
    histories: tuple[History, ...]
    training: Arrays
    validation: Arrays | None


def lessons_of(settings: ForecastSettings, grid: TimeGrid, series: Sequence[Series]) -> Lessons:
    """The windows to train on. Raises DataError for a series that is too short or has too few values."""
    windows, histories = _windows_and_histories(settings, grid, series)
    first, last = min(each.start for each in series), max(each.end for each in series)
    stretch = max(windows.horizon, round(settings.validation * (last - first))) if settings.validation else 0
    training, validation = _split(windows, histories, last - stretch, settings)
    if validation is None:
        training, _ = _split(windows, histories, last, settings)
    if training is None:  # every series is long enough for one window, which may be gaps
        raise DataError(
            f"values are missing so often that there is no time after which half of the next "
            f"{counted(windows.horizon, 'value')} is known",
            remedy="set a smaller horizon, or a frequency at which most values are known",
        )
    return Lessons(windows, histories, training, validation)


def fit_forecast(
    settings: ForecastSettings,
    grid: TimeGrid,
    series: Sequence[Series],
    *,
    progress: bool | None = False,
    listeners: Sequence[Listener] = (),
    doctor: str | None = None,
) -> Forecast:
    """Train on all windows of all series; the latest ones are for validation.

    progress, listeners, doctor: as for chainrule.train.
    Raises ConfigError for a bad setting, DataError for a series that is too short, TrainingError if training
    fails.
    """
    lessons = lessons_of(settings, grid, series)
    return learn(settings, lessons, progress=progress, listeners=listeners, doctor=doctor)


def learn(
    settings: ForecastSettings,
    lessons: Lessons,
    *,
    progress: bool | None = False,
    checkpoint: Path | None = None,
    listeners: Sequence[Listener] = (),
    doctor: str | None = None,
) -> Forecast:
    """Train on the windows of `lessons`.

    progress, checkpoint, listeners, doctor: as for chainrule.train. Raises ConfigError for a bad setting,
    TrainingError if training fails.
    """
    run = train_recipe(
        recipe_for(settings, lessons),
        lessons.training,
        lessons.validation,
        watch=False,
        progress=progress,
        checkpoint=checkpoint,
        listeners=listeners,
        doctor=doctor,
    )
    return Forecast(run, lessons.windows, lessons.histories, _with_median(settings))


def recipe_for(settings: ForecastSettings, lessons: Lessons) -> Recipe:
    """The recipe that the settings ask for; ConfigError for a bad setting."""
    windows, training, validation = lessons.windows, lessons.training, lessons.validation
    quantiles = _with_median(settings)
    batch_size = min(settings.batch_size, max(1, len(training) // 8))
    steps = -(-len(training) // batch_size)
    epochs = settings.epochs
    if epochs is None:
        epochs = min(max(_USUAL_STEPS // steps, 15), MOST_EPOCHS)
    return Recipe(
        Supervised(
            ForecastNetwork(
                past=windows.past,
                series=len(lessons.histories),
                horizon=windows.horizon,
                features=windows.features,
                quantiles=len(quantiles),
                base=windows.base,
                units=settings.units,
                dropout=settings.dropout,
            ),
            Quantile(quantiles),
        ),
        optimizer=adamw(CosineDecay(settings.learning_rate, steps * epochs), settings.weight_decay),
        epochs=epochs,
        batch_size=batch_size,
        seed=settings.seed,
        patience=settings.patience if validation is not None else None,
    )


def forecast_of(run: Run, settings: ForecastSettings, grid: TimeGrid, series: Sequence[Series]) -> Forecast:
    """The forecast of a run that `fit_forecast` trained with these arguments."""
    windows, histories = _windows_and_histories(settings, grid, series)
    return Forecast(run, windows, histories, _with_median(settings))


def _windows_and_histories(
    settings: ForecastSettings, grid: TimeGrid, series: Sequence[Series]
) -> tuple[Windows, tuple[History, ...]]:
    windows = windows_for(settings, grid, series, series[0].covariates.shape[1])
    span = max(each.end for each in series) - min(each.start for each in series)
    return windows, tuple(
        History.of(each, number, windows.season, span) for number, each in enumerate(series)
    )


def _with_median(settings: ForecastSettings) -> tuple[float, ...]:
    return tuple(sorted({*settings.quantiles, 0.5}))


def _split(
    windows: Windows, histories: Sequence[History], cut: int, settings: ForecastSettings
) -> tuple[Arrays | None, Arrays | None]:
    """The windows whose horizon ends before the position `cut`, and those whose horizon begins after that."""
    before, after = [], []
    for history in histories:
        origins = np.arange(windows.depth - 1, len(history.values) - windows.horizon)
        begins = history.series.start + origins + 1
        before.append(origins[begins + windows.horizon <= cut])
        after.append(origins[begins >= cut])
    random = np.random.default_rng(settings.seed)
    most = min(_MOST_TARGETS // windows.horizon, int(_MOST_BYTES / 4 / windows.width)) + 1
    training = _gathered(windows, histories, before, random, most)
    validation = _gathered(windows, histories, after, random, most // 4)
    return (None, None) if training is None else (training, validation)


def _gathered(
    windows: Windows,
    histories: Sequence[History],
    origins: Sequence[np.ndarray],
    random: np.random.Generator,
    most: int,
) -> Arrays | None:
    """Windows at the given origins of each history, at `most` random ones if there are more."""
    share = most / max(sum(map(len, origins)), 1)
    parts = []
    for history, each in zip(histories, origins, strict=True):
        if share < 1:
            each = np.sort(random.permutation(each)[: max(1, round(share * len(each)))])
        if len(each):
            parts.append(training_rows(windows, history, each))
    if not parts:
        return None
    x, y, weight = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    known = weight >= 0.5
    if not known.any():
        return None
    return Arrays.of(x[known], y[known], None if weight.min() == 1 else weight[known])


def _quantiles(given: Any) -> tuple[float, ...]:
    values: tuple[Any, ...] = tuple(given) if isinstance(given, tuple | list) else (given,)
    if not values:
        raise ConfigError("forecast: quantiles is ()", remedy="give at least one number, such as (0.5,)")
    for value in values:
        check_number("forecast", "quantiles", value, above=0, below=1)
    return values
