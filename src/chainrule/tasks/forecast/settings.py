"""The settings of a forecast, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError
from chainrule.nn.settings import check_choice, plain_fields
from chainrule.tasks.forecast.learning import STEPS, ForecastSettings
from chainrule.tasks.settings import AUTO, Auto, common_help
from chainrule.training.attending import MODES, OFF

_AUTO = ("horizon", "lags", "season", "epochs")

HELP: Mapping[str, str] = {
    "time": "column of times: dates with or without a time zone, ISO texts of dates, or whole numbers; auto: "
    "the only column of dates",
    "series": "column that names the series, if the table has several",
    "horizon": "number of steps to forecast, at least 1; auto: one season, such as 7 for days and 24 for "
    "hours",
    "frequency": "time between steps, an alias of pandas such as h, D, W, MS, B; auto: the frequency that "
    "fits all times",
    "lags": "number of latest values that the network gets; auto: two to four seasons, at most a third of "
    "the shortest series",
    "season": "steps after which a series repeats itself; auto: by the frequency",
    "quantiles": "quantiles to forecast, above 0 and below 1; the median is always one of them",
    "test": "number of horizons at the end held out for the final evaluation; 0 for none",
    "validation": "last share of the remaining times, for validation and early stopping",
    "missing": "texts that mean a missing value in columns of text, such as NA,?; auto: the usual ones",
    "network": "steps: one that gets what is known ahead, such as prices and the calendar; linear, last, "
    "trend, residual: networks of each series' own past, for long horizons; auto: the best in a back-test",
    "loss": "quantile: the pinball loss of all quantiles; squared: the squared error, with no quantile but "
    "0.5",
    "units": "width of the hidden layers",
    "dropout": "share of hidden units set to 0 in training, 0 to below 1",
    "learning_rate": "learning rate at the start, above 0; it falls along a cosine",
    "weight_decay": "strength of decoupled weight decay",
    "epochs": "most passes over the windows; auto: about a thousand steps, from 15 to 100 epochs",
    "batch_size": "windows per step, at least 1",
    "patience": "epochs without a lower validation loss before training stops",
    **common_help("doctor"),
    "seed": "seed of the initial weights, the choice and order of the windows, and dropout",
}


@dataclass(frozen=True)
class ForecastTaskSettings:
    """How a table of series is read, and how its forecast is learned; HELP describes each setting.

    Raises ConfigError for a value of the wrong type or out of range.
    """

    time: str = AUTO
    series: str | None = None
    horizon: int | Auto = AUTO
    frequency: str = AUTO
    lags: int | Auto = AUTO
    season: int | Auto = AUTO
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    test: int = 1
    validation: float = 0.1
    missing: tuple[str, ...] | Auto = AUTO
    network: str = STEPS
    loss: str = "quantile"
    units: int = 64
    dropout: float = 0.1
    learning_rate: float = 0.004
    weight_decay: float = 0.01
    epochs: int | Auto = AUTO
    batch_size: int = 64
    patience: int = 6
    doctor: str = OFF
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        check_choice("forecast", "doctor", self.doctor, MODES)
        for name in ("time", "series", "frequency"):
            if not isinstance(getattr(self, name), str | None):
                raise ConfigError(f"{name} is {getattr(self, name)!r}", remedy="it must be a text")
        if isinstance(self.test, bool) or not isinstance(self.test, int) or self.test < 0:
            raise ConfigError(f"test is {self.test!r}", remedy="it must be a whole number, at least 0")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**32:
            raise ConfigError(
                f"seed is {self.seed!r}", remedy="it must be a whole number from 0 to 2**32 - 1"
            )
        if isinstance(self.missing, str) and self.missing != AUTO:
            object.__setattr__(self, "missing", tuple(filter(None, self.missing.split(","))))
        object.__setattr__(self, "quantiles", self.learning().quantiles)

    def learning(self) -> ForecastSettings:
        """The settings of learning, with None for 'auto'. Raises ConfigError for a wrong one."""
        names = (
            "quantiles",
            "network",
            "loss",
            "units",
            "dropout",
            "learning_rate",
            "weight_decay",
            "batch_size",
            "validation",
        )
        values: dict[str, Any] = {name: getattr(self, name) for name in (*names, "patience", "seed")}
        values |= {name: None if (value := getattr(self, name)) == AUTO else value for name in _AUTO}
        return ForecastSettings(**values)
