"""How a forecast is learned, and the windows that follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.data.windows import Windows
from chainrule.data.wording import counted
from chainrule.errors import ConfigError, DataError
from chainrule.nn.settings import check_choice, check_number, check_whole, plain_fields

STEPS = "steps"
NETWORKS = {
    STEPS: "residual networks that get each step's calendar, covariates and values of earlier seasons",
    "linear": "a linear map of the past, normalized by its mean and deviation (RevIN)",
    "last": "a linear map of the past, less its last value (NLinear)",
    "trend": "linear maps of the past's moving average and of the remainder (DLinear)",
    "residual": "a linear map and a residual network of the past, normalized by its mean and deviation",
}
"""The networks by name; all but the first get the past of the series alone."""

BY_BACKTEST = "auto"
"""In place of a name: the network that is best in a back-test, see `choose_network`."""

LOSSES = ("quantile", "squared")


@dataclass(frozen=True)
class ForecastSettings:
    """How a forecast is learned.

    horizon: steps ahead, at least 1; None: one season (24 for hours), fewer if the series are shorter than
    four seasons, and 1 if the frequency has no season. lags: number of latest values that the network gets;
    None: four seasons of up to 12 steps, or two longer ones, or 8 without a season; for a network of the past
    alone six horizons, from 8 to 720; at most a third of the shortest series. season: in steps; None: the
    shortest of the frequency, such as 7 for days. quantiles: each above 0 and below 1. network: a name in
    NETWORKS, or 'auto' for the best in a back-test. loss: 'quantile', or 'squared': the network learns the
    mean instead of the median, and there are no other quantiles. units: width of the hidden layers.
    dropout: from 0 to below 1. learning_rate, weight_decay: of AdamW; the rate falls along a cosine; of a
    network of the past it is 8 / lags times as high, at most as high. epochs: the most; None: about a
    thousand steps, from 15 to 100 epochs, of the past from 3. batch_size, patience: as for chainrule.train.
    validation: the last share of all times, at least one horizon, which is not trained on, decides on early
    stopping and calibrates the quantiles; if the series are too short for it, there is no validation. seed:
    of all random numbers.
    """

    horizon: int | None = None
    lags: int | None = None
    season: int | None = None
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    network: str = STEPS
    loss: str = "quantile"
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
        check_choice("forecast", "network", self.network, (*NETWORKS, BY_BACKTEST))
        check_choice("forecast", "loss", self.loss, LOSSES)
        if self.loss == "squared" and set(self.quantiles) != {0.5}:
            raise ConfigError(
                f"forecast: loss is 'squared', and quantiles are {self.quantiles}",
                remedy="the squared error teaches the mean alone: give (0.5,) as quantiles, or another loss",
            )

    @property
    def ahead(self) -> bool:
        """Whether the network gets what is known of the steps ahead."""
        return self.network == STEPS


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
    if lags is None and not settings.ahead:
        lags = max(1, min(max(8, 6 * horizon), 720, len(shortest) // 3))
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
    if not settings.ahead:
        return Windows(grid, lags, horizon, season, (), covariates, ahead=False)
    told = []
    for each in usable if season > 1 else ():
        # Of short seasons the latest four places tell more than one; all must leave windows to learn from.
        many = next((n for n in (4, 2, 1) if each * n + horizon <= len(shortest) / 3), 0)
        if many:
            told.append((each, many))
    return Windows(grid, lags, horizon, season, tuple(told), covariates)


def _quantiles(given: Any) -> tuple[float, ...]:
    values: tuple[Any, ...] = tuple(given) if isinstance(given, tuple | list) else (given,)
    if not values:
        raise ConfigError("forecast: quantiles is ()", remedy="give at least one number, such as (0.5,)")
    for value in values:
        check_number("forecast", "quantiles", value, above=0, below=1)
    return values
