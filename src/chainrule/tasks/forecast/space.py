"""The search space of forecasts: the width of the network, and settings of training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule.data import Table
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.forecast.learn import MOST_EPOCHS, fit_forecast, forecast_of
from chainrule.tasks.forecast.run import ForecastRun, SeriesInTime, finished, series_in_time
from chainrule.tasks.forecast.settings import ForecastTaskSettings
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Search
from chainrule.training import Listener, Run
from chainrule.tune import Categorical, Float, Integer, Space

FORECAST_SPACE = Space(
    {
        "learning_rate": Float(3e-4, 3e-2, log=True, first=0.004),
        "batch_size": Categorical((16, 32, 64, 128, 256), first=64),
        "units": Integer(16, 256, log=True, first=64),
        "dropout": Float(0.0, 0.5, first=0.1),
        "weight_decay": Float(1e-4, 1.0, log=True, first=0.01),
    }
)
"""The first trial has the default settings of `train`. Horizon, lags and season are not searched."""


def trial_settings(values: Mapping[str, Any], settings: ForecastTaskSettings) -> ForecastTaskSettings:
    """The settings of a trial: the values that it drew, and the others as given."""
    return replace(settings, **values)


@dataclass(frozen=True, eq=False)
class ForecastTrials:
    """Series that are prepared once for all trials."""

    parts: SeriesInTime

    @property
    def found(self) -> Sequence[str]:
        """Sentences on what was found and inferred."""
        return self.parts.found

    def fit(
        self,
        settings: ForecastTaskSettings,
        *,
        listeners: Sequence[Listener] = (),
        progress: bool | None = None,
    ) -> Run:
        """Train on the values before the held-out horizons."""
        learning = self.parts.learning(settings)
        return fit_forecast(
            learning, self.parts.grid, self.parts.known, progress=progress, listeners=listeners
        ).run

    def evaluated(self, run: Run, settings: ForecastTaskSettings) -> ForecastRun:
        """A run of `fit`, evaluated on the held-out horizons."""
        learning = self.parts.learning(settings)
        return finished(self.parts, forecast_of(run, learning, self.parts.grid, self.parts.known), settings)


def _prepare(table: Table, settings: ForecastTaskSettings) -> ForecastTrials:
    parts = series_in_time(table, settings)
    if not settings.validation:
        raise ConfigError(
            "validation is 0, and trials are compared by their validation loss",
            remedy="set a share of the times aside ({validation})",
            settings={"validation": 0.1},
        )
    if parts.lessons.validation is None:
        raise DataError(
            f"{table.source}: the series are too short for validation behind what is trained on, and trials "
            "are compared by their validation loss",
            remedy="give more of their past, or set a smaller horizon or fewer lags",
        )
    return ForecastTrials(parts)


SEARCH = Search(
    spaces={"forecast": FORECAST_SPACE},
    usual=lambda settings: "forecast",
    settings=trial_settings,
    prepare=_prepare,
    most_epochs=lambda settings: MOST_EPOCHS if settings.epochs == AUTO else settings.epochs,
)
