"""Runs on tables of series: training, evaluating on the last horizons, saving and loading them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chainrule.data import Reading, Table
from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.data.wording import counted
from chainrule.errors import DataError
from chainrule.tasks.forecast.choose import choose_network
from chainrule.tasks.forecast.evaluate import evaluate
from chainrule.tasks.forecast.folder import plain, read_forecast, write_forecast
from chainrule.tasks.forecast.forecast import Forecast
from chainrule.tasks.forecast.known_ahead import KnownAhead
from chainrule.tasks.forecast.learn import Lessons, learn, lessons_of, recipe_for
from chainrule.tasks.forecast.learning import BY_BACKTEST, ForecastSettings, windows_for
from chainrule.tasks.forecast.prepare import PreparedSeries, prepare_series
from chainrule.tasks.forecast.sections import sections
from chainrule.tasks.forecast.settings import ForecastTaskSettings
from chainrule.tasks.storing import config_of, read_config, read_evaluation, save_run
from chainrule.tasks.task import Planned, Say, say_nothing
from chainrule.tasks.trainer import training_facts
from chainrule.training import Listener, Run
from chainrule.training.folder import check_kind

NAME = "forecast"


@dataclass(frozen=True, eq=False)
class ForecastRun:
    """A run on a table of series.

    forecast: the network, with the series that it continues. known_ahead: how columns become covariates.
    source: the file, or the name of a named data set. target, time, series: columns. names: of the series, as
    in the table. reading: how other files are read. evaluation: metrics on the last horizons, as plain data.
    """

    forecast: Forecast
    known_ahead: KnownAhead
    settings: ForecastTaskSettings
    source: str
    target: str
    time: str
    series: str | None
    names: list[Any]
    reading: Reading | None
    evaluation: dict[str, Any]

    @property
    def run(self) -> Run:
        """The run of the network."""
        return self.forecast.run

    def config(self) -> dict[str, Any]:
        """The content of config.toml: everything needed to repeat the run."""
        return config_of(NAME, self.source, self.target, self.settings)

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all. Raises ConfigError if it exists."""
        return save_run(self, folder, sections(self.evaluation), self._write_own)

    def _write_own(self, folder: Path) -> None:
        kept = {
            "target": self.target,
            "time": self.time,
            "series": self.series,
            "names": [plain(name) for name in self.names],
            "reading": None if self.reading is None else self.reading.to_json(),
        }
        write_forecast(folder, self.forecast, self.known_ahead, kept)


@dataclass(frozen=True, eq=False)
class SeriesInTime:
    """The series of a table with all values, and with those before the held-out horizons.

    known: the series before `cut`, the position on the grid where the held-out horizons begin. horizon: in
    steps. lessons: the windows of the known values. found: sentences on what was found and inferred.
    """

    prepared: PreparedSeries
    known: tuple[Series, ...]
    cut: int
    horizon: int
    lessons: Lessons
    found: tuple[str, ...]

    @property
    def grid(self) -> TimeGrid:
        """The grid of the times of all series."""
        return self.prepared.places.grid

    def learning(self, settings: ForecastTaskSettings) -> ForecastSettings:
        """How the forecast is learned, with the horizon that follows from all values."""
        return replace(settings.learning(), horizon=self.horizon)


def series_in_time(table: Table, settings: ForecastTaskSettings) -> SeriesInTime:
    """Read the series of a table, and hold out the last horizons. Raises DataError and ConfigError."""
    prepared = prepare_series(table, settings)
    horizon, cut, known = _held_out(prepared, settings)
    lessons = lessons_of(replace(settings.learning(), horizon=horizon), prepared.places.grid, known)
    found = (*prepared.notes, _story(prepared, horizon, lessons.windows.lags, settings, cut))
    return SeriesInTime(prepared, known, cut, horizon, lessons, found)


def settle(table: Table, settings: ForecastTaskSettings, say: Say) -> ForecastTaskSettings:
    """With the network that a back-test before the held-out horizons chooses, if it is 'auto'."""
    if settings.network != BY_BACKTEST:
        return settings
    prepared = prepare_series(table, settings)
    horizon, _, known = _held_out(prepared, settings)
    chosen = choose_network(replace(settings.learning(), horizon=horizon), prepared.places.grid, known)
    say(chosen.told())
    return replace(settings, network=chosen.network)


def _held_out(
    prepared: PreparedSeries, settings: ForecastTaskSettings
) -> tuple[int, int, tuple[Series, ...]]:
    """The horizon, the position where the held-out horizons begin, and the series before it."""
    grid, series, learning = prepared.places.grid, prepared.values, settings.learning()
    covariates = prepared.known_ahead.features
    horizon = windows_for(learning, grid, series, covariates).horizon
    cut = max(each.end for each in series) - settings.test * horizon
    known = tuple(each.until(cut) for each in series)
    for now, whole in zip(known, series, strict=True):
        if not len(now):
            raise DataError(
                f"{prepared.table.source}: series {whole.name!r} has no value before {grid.written(cut)}, "
                "where the held-out horizons begin",
                remedy="leave it out, or hold out fewer ({test}), or a smaller horizon",
                settings={"test": 0},
            )
    return horizon, cut, known


def plan_forecast(opened: Table, settings: ForecastTaskSettings) -> Planned:
    """What learning of the series begins with."""
    settled = settle(opened, settings, say_nothing)
    parts = series_in_time(opened, settled)
    lessons = parts.lessons
    recipe = recipe_for(parts.learning(settled), lessons)
    return Planned(recipe, lessons.training, lessons.validation, parts.found)


def train_forecast(
    opened: Table,
    settings: ForecastTaskSettings,
    *,
    progress: bool | None = None,
    checkpoint: Path | None = None,
    listeners: Sequence[Listener] = (),
    say: Say = say_nothing,
) -> ForecastRun:
    """Read the series of a table, train on all but the last horizons, and evaluate on those.

    The forecasts of the run continue all values; the network is trained on the values before the held-out
    horizons only. progress, checkpoint, listeners: as for chainrule.train. say: called with sentences on what
    is inferred.
    Raises DataError and ConfigError before training, TrainingError if training fails.
    """
    settings = settle(opened, settings, say)
    parts = series_in_time(opened, settings)
    # Said only now: what is wrong with a table or its settings stands alone on standard error.
    for sentence in parts.found:
        say(sentence)
    forecast = learn(
        parts.learning(settings),
        parts.lessons,
        progress=progress,
        checkpoint=checkpoint,
        listeners=listeners,
        doctor=settings.doctor,
    )
    return finished(parts, forecast, settings)


def finished(parts: SeriesInTime, forecast: Forecast, settings: ForecastTaskSettings) -> ForecastRun:
    """The run of a forecast trained on the known values, evaluated on the held-out horizons."""
    prepared, run = parts.prepared, forecast.run
    table, series = prepared.table, prepared.values
    if settings.test:
        figures = evaluate(forecast, series, parts.cut, settings.test)
    else:
        figures = {"horizon": parts.horizon}
    values, trained = (sum(map(len, each)) for each in (series, parts.known))
    evaluation = figures | {
        "problem": NAME,
        "target": table.target,
        "rows": {"train": trained} | ({"test": values - trained} if settings.test else {}),
        **training_facts(run),
    }
    return ForecastRun(
        forecast.going_on_from(series),
        prepared.known_ahead,
        settings,
        table.source,
        table.target,
        prepared.time,
        prepared.series,
        prepared.names,
        table.reading,
        evaluation,
    )


def load_forecast_run(folder: Path) -> ForecastRun:
    """The run that `ForecastRun.save` wrote. Raises DataError for any other folder, and for a damaged one."""
    check_kind(folder, NAME, "give the folder of a forecast's run")
    forecast, known_ahead, kept = read_forecast(folder)
    settings, source, _ = read_config(folder, ForecastTaskSettings)
    evaluation = read_evaluation(folder)
    try:
        return ForecastRun(
            forecast,
            known_ahead,
            settings,
            source,
            kept["target"],
            kept["time"],
            kept["series"],
            kept["names"],
            None if kept["reading"] is None else Reading.from_json(kept["reading"]),
            evaluation,
        )
    except (KeyError, ValueError) as error:
        raise DataError(f"{folder} is damaged ({error!r})", remedy="train again") from None


def _story(
    prepared: PreparedSeries, horizon: int, lags: int, settings: ForecastTaskSettings, cut: int
) -> str:
    grid, series = prepared.places.grid, prepared.values
    what = f"{len(series):,} series"
    ahead = prepared.known_ahead.features
    told = f", {counted(ahead, 'number')} known ahead of each time" if ahead else ""
    held = f"; held out from {grid.written(cut)} on" if settings.test else ""
    return (
        f"{what} of {prepared.table.target} at steps of {grid.frequency}, {sum(map(len, series)):,} times"
        f"{told}; {horizon:,} steps ahead from the latest {lags:,}{held}"
    )
