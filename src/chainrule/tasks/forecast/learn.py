"""Training forecasts: windows over many series, and one network for all steps and quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chainrule.data import Arrays
from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.data.windows import History, Windows, training_rows
from chainrule.data.wording import counted
from chainrule.errors import DataError
from chainrule.nn import CosineDecay, ExponentialMovingAverage, MeanSquaredError, Quantile, adamw, chain
from chainrule.tasks.forecast.calibration import corrections_of
from chainrule.tasks.forecast.forecast import Forecast
from chainrule.tasks.forecast.learning import ForecastSettings, windows_for
from chainrule.tasks.forecast.networks import initial_of, network_for
from chainrule.training import Listener, Recipe, Run, Supervised, train_recipe

# Windows overlap, so that these many, drawn at random, show each value many times an epoch.
_MOST_TARGETS = 500_000
_MOST_OF_THE_PAST = 20_000  # a linear map of them needs more than networks that know the season
_MOST_BYTES = 200e6
_USUAL_STEPS = 1000
_LEAST_EPOCHS_OF_PAST = 3  # they begin at the best linear map
_USUAL_WIDTH = 8
_DECAY = 0.995
MOST_EPOCHS = 100
"""The most epochs, unless the settings give their number."""


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
    recipe = recipe_for(settings, lessons)
    run = train_recipe(
        recipe,
        lessons.training,
        lessons.validation,
        watch=False,
        progress=progress,
        checkpoint=checkpoint,
        listeners=listeners,
        doctor=doctor,
        initial=initial_of(recipe.model, lessons.training, lessons.validation, _with_median(settings)),
    )
    return _calibrated(run, settings, lessons)


def recipe_for(settings: ForecastSettings, lessons: Lessons) -> Recipe:
    """The recipe that the settings ask for; ConfigError for a bad setting."""
    windows, training, validation = lessons.windows, lessons.training, lessons.validation
    quantiles = _with_median(settings)
    batch_size = min(settings.batch_size, max(1, len(training) // 8))
    steps = -(-len(training) // batch_size)
    epochs = settings.epochs
    if epochs is None:
        least = 15 if windows.ahead else _LEAST_EPOCHS_OF_PAST
        epochs = min(max(_USUAL_STEPS // steps, least), MOST_EPOCHS)
    rate = settings.learning_rate
    averaged = ()
    if not windows.ahead:
        # The wider the input, the lower (Yang et al. 2021, "Tensor programs V", table 3). They begin near the
        # best, which the noise of the steps would lead away from: the mean of the latest weights does not.
        rate *= min(1.0, _USUAL_WIDTH / windows.lags)
        averaged = (ExponentialMovingAverage(_DECAY),)
    squared = settings.loss == "squared"
    return Recipe(
        Supervised(
            network_for(settings, windows, len(lessons.histories), len(quantiles)),
            MeanSquaredError() if squared else Quantile(quantiles),
        ),
        optimizer=chain(adamw(CosineDecay(rate, steps * epochs), settings.weight_decay), *averaged),
        epochs=epochs,
        batch_size=batch_size,
        seed=settings.seed,
        patience=settings.patience if validation is not None else None,
    )


def forecast_of(run: Run, settings: ForecastSettings, grid: TimeGrid, series: Sequence[Series]) -> Forecast:
    """The forecast of a run that `fit_forecast` trained with these arguments."""
    return _calibrated(run, settings, lessons_of(settings, grid, series))


def _calibrated(run: Run, settings: ForecastSettings, lessons: Lessons) -> Forecast:
    quantiles = _with_median(settings)
    corrections = corrections_of(run, lessons.validation, quantiles)
    return Forecast(run, lessons.windows, lessons.histories, quantiles, corrections)


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
    targets = _MOST_TARGETS // windows.horizon if windows.ahead else _MOST_OF_THE_PAST
    most = min(targets, int(_MOST_BYTES / 4 / windows.width)) + 1
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
