"""NetForecaster: forecasts of one or many series behind scikit-learn's interface."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_array, check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.calls import naming_settings
from chainrule.data import tidy_columns
from chainrule.data.given import as_pandas, refuse_missing
from chainrule.data.series import Places, Series, collect, find_again, find_places
from chainrule.data.wording import listed
from chainrule.errors import ConfigError, DataError
from chainrule.estimators.door import words_of_estimators
from chainrule.nn.settings import check_whole
from chainrule.tasks.forecast.backtest import backtest
from chainrule.tasks.forecast.choose import settled
from chainrule.tasks.forecast.folder import plain, read_forecast, settings_of, write_forecast
from chainrule.tasks.forecast.forecast import Forecast
from chainrule.tasks.forecast.known_ahead import KnownAhead
from chainrule.tasks.forecast.learn import fit_forecast
from chainrule.tasks.forecast.learning import STEPS, ForecastSettings
from chainrule.training import folder_aside
from chainrule.training.folder import check_kind

if TYPE_CHECKING:
    import pandas as pd
    from pandas.tseries.offsets import BaseOffset

_SOURCE = "X"
KIND = "forecaster"


@dataclass(frozen=True, eq=False)
class _Read:
    """What stands in X and y. names: of the series, as the table has them."""

    places: Places
    series: tuple[Series, ...]
    known_ahead: KnownAhead
    names: list[Any]


class NetForecaster(RegressorMixin, BaseEstimator):
    """Forecasts one or many series: all steps of a horizon at once, with quantiles.

    One network learns from windows over all series. Its inputs are the latest values, values of earlier
    seasons, the calendar of the times to forecast, and covariates: all columns of X except time and series.
    Covariates must be known for future times, such as prices, opening days and holidays. Each series is
    scaled by itself. The last share of the times is for validation and early stopping; times are never
    shuffled.

    X is one of:

    - a DataFrame with a column of times (`time`) and, for several series, a column that names them
    (`series`).
      Rows of a series are in the order of time, one for each time; a missing time is an unknown value, which
      is filled with that of the season before. `predict` forecasts each row for its time.
    - an array of covariates, or a DataFrame without times: rows are equally spaced, one after the other.
      `predict` forecasts each row as if it were the next step after the last known value.

    Times may be dates with or without a time zone, ISO texts of dates, or whole numbers. Hours and shorter
    steps are counted in absolute time; days, weeks, months and opening hours in local time. For a local time
    that a clock change skips, the first moment after the gap is used; for one that it repeats, the first of
    both. Forecasts have times of the same type, zone and resolution as X, so that both can be merged; texts
    become texts if all are written in the same way, else datetime64. Texts with one offset from UTC keep it;
    if offsets differ, hours and shorter steps are given in UTC, and days are refused, since they need a time
    zone.

    time, series: names of columns, or None.
    horizon: steps to forecast, at least 1. None: one season, such as 24 for hours, 7 for days, 12 for months;
        1 without a season; at most a quarter of the shortest series.
    lags: number of latest values that the network gets, at least 1. None: two to four seasons, at most a
        third of the shortest series.
    season: steps after which a series repeats itself. None: by the frequency: hours repeat after a day, a
        week and 52 weeks, days after a week and 52 weeks, months after a year.
    frequency: an alias of pandas, such as 'h', '15min', 'D', 'W', 'MS', 'B', 'bh', 'BME', 'WOM-3FRI', or one
        of its offsets, such as CustomBusinessDay with holidays. None: the one that fits all times and leaves
        the fewest of its times without a row: months, quarters or years on one day, else equal distances,
        business months and the like, weekdays, opening hours (see `chainrule.data.seen_frequency`).
        `frequency_` is the one in use.
    quantiles: to forecast, each above 0 and below 1. The median is always one of them: `predict` returns it.
    network: 'steps' is the one above. Others continue each series from its own past alone, for long horizons:
        'linear', a linear map of the past normalized by its mean and deviation; 'last', of the past less its
        last value (NLinear); 'trend', a map of its moving average and one of the remainder (DLinear);
        'residual', 'linear' with a residual network beside it. 'auto': the one with the lowest scaled pinball
        loss on the last horizons, up to four, that it did not learn from.
    loss: 'quantile', the pinball loss of all quantiles; or 'squared', the squared error: `predict` gives the
        mean, and quantiles must be (0.5,).
    units: width of the hidden layers, at least 1. dropout: share of hidden units set to 0 in training.
    learning_rate_init: of AdamW at the start, above 0; it falls along a cosine. weight_decay: at least 0.
    max_iter: the most epochs. None: about a thousand steps, from 15 to 100 epochs. batch_size: windows per
        step.
    validation_fraction: the last share of all times, for validation and early stopping; at least one horizon.
        If 0, or if the series are too short, all epochs are trained.
    n_iter_no_change: training ends after so many epochs without a lower validation loss.
    doctor: whether the doctor attends `fit`: 'watch' says what is wrong with the training, 'advise' also
        tries on copies of it what would help, 'repair' does what helps; None or 'none' for no doctor. Folds
        of `backtest` are repaired as well.
    random_state: a whole number or RandomState, for the initial weights, the order of windows and dropout.
    verbose: show a progress bar.

    The quantiles other than the median are calibrated on the times for validation: of these, as many were
    below a quantile as should be.

    Fitted attributes: network_ (its name), quantiles_ (ascending), horizon_, lags_, frequency_ (text),
    series_ (their names), forecast_ (the trained `Forecast`), history_ (one record per epoch), loss_curve_,
    validation_loss_curve_ (empty without validation), n_iter_, diagnosis_ (findings of the doctor), notes_
    (sentences on columns left out), n_features_in_, feature_names_in_.

    Source: a small variant of TiDE (Das et al. 2023), trained on the pinball loss of all quantiles; networks
    of the past after Kim et al. 2022 and Zeng et al. 2023; calibration after Romano et al. 2019.
    """

    @naming_settings()
    def __init__(
        self,
        *,
        time: str | None = None,
        series: str | None = None,
        horizon: int | None = None,
        lags: int | None = None,
        season: int | None = None,
        frequency: "str | BaseOffset | None" = None,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        network: str = "steps",
        loss: str = "quantile",
        units: int = 64,
        dropout: float = 0.1,
        learning_rate_init: float = 0.004,
        weight_decay: float = 0.01,
        max_iter: int | None = None,
        batch_size: int = 64,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 6,
        doctor: str | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.time = time
        self.series = series
        self.horizon = horizon
        self.lags = lags
        self.season = season
        self.frequency = frequency
        self.quantiles = quantiles
        self.network = network
        self.loss = loss
        self.units = units
        self.dropout = dropout
        self.learning_rate_init = learning_rate_init
        self.weight_decay = weight_decay
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.doctor = doctor
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> Self:
        """Train on the series.

        X: see the class. y: (rows,) the values, finite numbers.
        Raises DataError (a ValueError) for times that are out of order, repeated or not equally spaced, and
        for series shorter than lags and horizon together; ConfigError (a ValueError) for a bad setting.
        """
        settings = self._settings()
        read = self._read(X, y)
        with words_of_estimators():
            settings = settled(settings, read.places.grid, read.series)
            forecast = fit_forecast(
                settings,
                read.places.grid,
                read.series,
                progress=bool(self.verbose),
                doctor=self.doctor,
            )
        return self._fitted(forecast, settings.network, read.known_ahead, read.names)

    def _fitted(self, forecast: Forecast, network: str, known_ahead: KnownAhead, names: list[Any]) -> Self:
        """Set the fitted attributes, all at the end, so that a fit that fails changes nothing."""
        windows, run = forecast.windows, forecast.run
        self.forecast_, self.known_ahead_ = forecast, known_ahead
        self.network_ = network
        self.series_, self.notes_ = names, known_ahead.notes
        self.quantiles_ = tuple(sorted(ForecastSettings(quantiles=self.quantiles).quantiles))  # type: ignore[arg-type]
        self.horizon_, self.lags_ = windows.horizon, windows.lags
        self.frequency_ = str(windows.grid.frequency)
        self.history_ = run.history
        self.loss_curve_ = [record["loss"] for record in run.history]
        validated = [record["validation_loss"] for record in run.history if "validation_loss" in record]
        self.validation_loss_curve_ = validated
        self.n_iter_, self.diagnosis_ = len(run.history), run.diagnosis
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The median forecast of each row: (rows,). It does not depend on the other rows.

        With times, rows up to `horizon_` steps after the last value of their series are forecast from all
        known values, and rows within the history one step ahead, from the values before them. Without times,
        each row is the next step. Raises DataError for a time that is too late or too early, for a series
        that was not in fit, and for missing covariates.
        """
        check_is_fitted(self)
        return self.predict_quantiles(X)[:, self.forecast_.quantiles.index(0.5)]

    def predict_quantiles(self, X: Any) -> np.ndarray:
        """(rows, quantiles): as `predict`, all of `forecast_.quantiles` in ascending order."""
        check_is_fitted(self)
        places, covariates = self._read_again(X)
        self._refuse_gaps(X, np.arange(len(covariates)), places)
        positions = places.positions
        if self.time is None:  # every row is the next step
            positions = self._ends()[places.series]
        return self.forecast_.predict(places.series, positions, covariates)

    def forecast(self, horizon: int | None = None, X_future: Any = None) -> "pd.DataFrame":
        """The next steps of every series after its last known value.

        horizon: steps, at most that of fit, which None stands for. X_future: rows as in fit with the
        covariates of these times, where fit had some; rows of other times are ignored.
        Returns a DataFrame: the times (in a column named like `time`, or 'step' from 1), the series (named
        like `series`), and a column 'quantile_0.1' for each of `quantiles`.
        Raises DataError, naming column and time, where the covariates of a time are missing; a gap in a
        column that had some in fit, too, is a value like others. ConfigError for a horizon beyond that of
        fit.
        """
        import pandas as pd

        check_is_fitted(self)
        steps = self._steps_asked(horizon)
        histories = self.forecast_.histories
        numbers = np.repeat(np.arange(len(histories)), steps)
        ahead = np.tile(np.arange(steps), len(histories))
        positions = self._ends()[numbers] + ahead
        covariates = self._covariates_ahead(X_future, numbers, positions)
        predicted = self.forecast_.predict(numbers, positions, covariates)
        grid = self.forecast_.windows.grid
        columns: dict[str, Any] = {"step": ahead + 1}
        if self.time is not None:
            columns = {self.time: grid.times(positions)}
        if self.series is not None:
            columns[self.series] = np.asarray(self.series_)[numbers]
        for quantile in self.quantiles_:
            columns[f"quantile_{quantile:g}"] = predicted[:, self.forecast_.quantiles.index(quantile)]
        return pd.DataFrame(columns)

    def backtest(
        self, X: Any, y: Any, *, folds: int = 5, horizon: int | None = None, every: int | None = None
    ) -> "pd.DataFrame":
        """How good forecasts would have been, beside naive, seasonal naive and drift, which learn nothing.

        Each fold fits a fresh network on all that was known before it (an expanding window) and forecasts the
        `horizon` steps that follow; the last fold ends with the data. This estimator is not changed.
        X, y: as for `fit`. folds: at least 1. horizon: None: the estimator's. every: steps from one fold to
        the next; None: the horizon.
        Returns a row for each fold and model: 'fold', 'known_until' (a time), 'model', 'mase' (mean absolute
        scaled error, Hyndman and Koehler 2006, in units of the seasonal naive's error in the past), 'pinball'
        (scaled alike), 'coverage' (of the band between the outermost quantiles), and 'series', how many were
        measured; lower is better, but for the coverage. That unit is 0 for a series that never changes or
        repeats its season exactly: its scaled errors are undefined and left out of the mean. Where no other
        series is left, they are NaN, with an UndefinedMetricWarning.
        """
        import pandas as pd

        fresh = cast(NetForecaster, clone(self))
        settings = fresh._settings()
        read = fresh._read(X, y)
        grid, series = read.places.grid, read.series
        if horizon is not None:
            settings = ForecastSettings(**{**vars(settings), "horizon": horizon})
        if settings.horizon is None:
            raise ConfigError("backtest: horizon is None", remedy="give one, such as horizon=24")
        seasons = (settings.season,) if settings.season is not None else grid.frequency.seasons[:2]
        doctor = self.doctor if self.doctor == "repair" else None  # nobody reads findings of the folds
        scores = backtest(
            lambda known: fit_forecast(
                settled(settings, grid, known), grid, known, progress=bool(self.verbose), doctor=doctor
            ),
            grid,
            series,
            horizon=settings.horizon,
            folds=folds,
            every=every,
            seasons=[season for season in seasons if season < min(map(len, series)) / 3],
            least=settings.horizon + (settings.lags or settings.horizon),
        )
        table = pd.DataFrame([vars(score) for score in scores])
        undefined = table["fold"][table["mase"].isna()].unique().tolist()
        if undefined:
            which = f"fold{'s' if len(undefined) > 1 else ''} {listed(undefined)}"
            warnings.warn(
                f"{which}: the series never change before it, or repeat their season exactly, so that the "
                "unit of MASE and of the scaled pinball loss is 0, and neither is defined",
                UndefinedMetricWarning,
                stacklevel=2,
            )
        table["known_until"] = pd.Series(grid.times(table["known_until"].to_numpy()))
        return table

    def save(self, folder: Path | str) -> Path:
        """Write the fitted forecaster into a new folder, whole or not at all, without pickle.

        It is the folder of a run with forecaster.json and the history of the series besides.
        Raises ConfigError if the folder exists; NotFittedError before fit.
        """
        check_is_fitted(self)
        parameters = {name: plain(v) for name, v in self.get_params(deep=False).items()}
        names = [plain(name) for name in self.series_]
        columns = [str(name) for name in vars(self).get("feature_names_in_", ())]
        settings = {
            "parameters": parameters,
            "series": names,
            "columns": columns,
            "width": vars(self)["n_features_in_"],
            "network": self.network_,
        }
        with folder_aside(Path(folder)) as aside:
            run = self.forecast_.run
            run.write(aside, run.recipe.to_plain(), KIND)
            write_forecast(aside, self.forecast_, self.known_ahead_, settings)
        return Path(folder)

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The forecaster that `save` wrote; DataError if the folder is missing, is none or is damaged."""
        check_kind(Path(folder), KIND, "give a folder that save() wrote")
        forecast, known_ahead, settings = read_forecast(Path(folder))
        loaded = cls(**settings_of(settings["parameters"]))
        vars(loaded)["n_features_in_"] = settings["width"]
        if settings["columns"]:
            vars(loaded)["feature_names_in_"] = np.array(settings["columns"], dtype=object)
        network = settings.get("network", STEPS)  # older folders have no other
        return loaded._fitted(forecast, network, known_ahead, settings["series"])

    def __sklearn_is_fitted__(self) -> bool:
        return "forecast_" in vars(self)

    def _settings(self) -> ForecastSettings:
        for name in ("time", "series"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise ConfigError(f"NetForecaster: {name} is {value!r}", remedy="it must be a text or None")
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        return ForecastSettings(
            horizon=self.horizon,
            lags=self.lags,
            season=self.season,
            quantiles=self.quantiles,  # type: ignore[arg-type] (ForecastSettings makes the tuple)
            network=self.network,
            loss=self.loss,
            units=self.units,
            dropout=self.dropout,
            learning_rate=self.learning_rate_init,
            weight_decay=self.weight_decay,
            epochs=self.max_iter,
            batch_size=self.batch_size,
            validation=self.validation_fraction,
            patience=self.n_iter_no_change,
            seed=int(seed),
        )

    def _read(self, X: Any, y: Any) -> _Read:
        """The series of X and y, and what is learned of the covariates."""
        names: list[Any] = []
        X = as_pandas(X)
        refuse_missing("y", y)
        frame = self._table(X)
        if frame is None:
            X, y = validate_data(self, X, y, y_numeric=True, dtype=[np.float64, np.float32])
            rows, values = np.asarray(X), np.asarray(y, np.float64)
            places, known_ahead = Places.in_order(len(rows)), KnownAhead.of_array(rows)
            covariates = known_ahead.of_rows(rows)
        else:
            validate_data(self, X, skip_check_array=True)
            checked: Any = check_array(y, ensure_2d=False, dtype="float64", input_name="y")
            values = np.asarray(column_or_1d(checked))
            if len(values) != len(frame):
                raise DataError(
                    f"X has {len(frame):,} rows and y has {len(values):,} values",
                    remedy="give one value per row",
                )
            places = find_places(frame, self.time, self.series, _SOURCE, self.frequency)
            known_ahead = KnownAhead.of_frame(frame, (self.time, self.series), _SOURCE)
            covariates = known_ahead.of_table(frame, _SOURCE)
            if self.series is not None:
                first_rows = np.unique(places.series, return_index=True)[1]
                names = frame[self.series].iloc[first_rows].tolist()
        return _Read(places, collect(places, values, covariates, _SOURCE), known_ahead, names)

    def _read_again(self, X: Any) -> tuple[Places, np.ndarray]:
        X = as_pandas(X)
        frame = self._table(X)
        if frame is None:
            rows = np.asarray(validate_data(self, X, reset=False, dtype=[np.float64, np.float32]))
            places, covariates = Places.in_order(len(rows)), self.known_ahead_.of_rows(rows)
        else:
            validate_data(self, X, reset=False, skip_check_array=True)
            places = find_again(frame, self.time, self.series, _SOURCE, self._known())
            covariates = self.known_ahead_.of_table(frame, _SOURCE)
        return places, covariates

    def _table(self, X: Any) -> "pd.DataFrame | None":
        """X as a table; None where it is an array, or a table of numbers alone without times and series."""
        import pandas as pd

        named = self.time is not None or self.series is not None
        if not isinstance(X, pd.DataFrame):
            if named:
                raise DataError(
                    f"X is a {type(X).__name__}; time and series name columns of a DataFrame",
                    remedy="give a DataFrame, or leave time and series out",
                )
            return None
        if named or not all(pd.api.types.is_numeric_dtype(dtype) for dtype in X.dtypes):
            return tidy_columns(X, _SOURCE)
        return None

    def _known(self) -> Places:
        """The grid and the series of fit, without rows."""
        names = tuple(history.series.name for history in self.forecast_.histories)
        nothing = np.empty(0, np.int64)
        return Places(self.forecast_.windows.grid, names, nothing, nothing)

    def _ends(self) -> np.ndarray:
        """(series,) position after the last known value."""
        return np.array([history.series.end for history in self.forecast_.histories])

    def _steps_asked(self, horizon: int | None) -> int:
        if horizon is None:
            return self.horizon_
        check_whole("forecast", "horizon", horizon)
        if horizon > self.horizon_:
            raise ConfigError(
                f"forecast: horizon is {horizon}, and {type(self).__name__} was fitted for {self.horizon_}",
                remedy=f"fit with horizon={horizon}",
            )
        return horizon

    def _covariates_ahead(self, X_future: Any, numbers: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """(rows, covariates) of some places after the history."""
        if not self.known_ahead_.features:
            return np.zeros((len(numbers), 0), np.float32)
        if X_future is None:
            self.known_ahead_.refuse_unknown()
        places, covariates = self._read_again(X_future)
        given = places.positions
        if self.time is None:  # the rows of each series follow its last value
            given = given + self._ends()[places.series]
        rows = {place: row for row, place in enumerate(zip(places.series, given, strict=True))}
        if len(rows) < len(given):
            raise DataError("X_future has two rows for the same time", remedy="leave one out")
        wanted = list(zip(numbers, positions, strict=True))
        missing = next((place for place in wanted if place not in rows), None)
        if missing is not None:
            raise DataError(
                f"X_future has no row for {places.written(*missing)}",
                remedy="give the covariates of all times to forecast, or a smaller horizon",
            )
        found = np.array([rows[place] for place in wanted])
        self._refuse_gaps(X_future, found, replace(places, positions=given), "X_future")
        return covariates[found]

    def _refuse_gaps(self, X: Any, rows: np.ndarray, places: Places, source: str = _SOURCE) -> None:
        """DataError for the first of some rows of X that lacks a covariate which fit knew at all times."""
        frame = self._table(X)
        if frame is not None:
            self.known_ahead_.refuse_gaps(
                frame.iloc[rows],
                lambda row: places.written(int(places.series[rows[row]]), int(places.positions[rows[row]])),
                source,
            )
