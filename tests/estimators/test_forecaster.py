"""NetForecaster: scikit-learn's contract, tables of series, and every misuse told in one line."""

import pickle  # noqa: TID251 (in memory, as joblib does to estimators)
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.estimators import NetForecaster


@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings, and look at them themselves
def test_every_check_of_scikit_learn_passes() -> None:
    results = check_estimator(NetForecaster(max_iter=40), on_fail=None, on_skip=None)
    assert len(results) > 40
    assert [f"{r['check_name']}: {r['exception']}" for r in results if r["status"] == "failed"] == []


def shops(days: int = 120, names: tuple[Any, ...] = (7, 3)) -> tuple[pd.DataFrame, pd.Series]:
    """Two shops, closed on Sundays, which sell more while they advertise; of very different sizes."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "day": pd.date_range("2024-01-01", periods=days, freq="D").repeat(2),
            "shop": list(names) * days,
            "advertised": random.random(2 * days) < 0.3,
            "weather": random.choice(["sun", "rain"], 2 * days),
        }
    )
    size = np.tile([1.0, 100.0], days)
    sales = size * (10 + 5 * frame["advertised"] + 0.5 * random.normal(size=2 * days))
    return frame, sales.where(frame["day"].dt.day_of_week < 6, 0.0)


SETTINGS: dict[str, Any] = {"time": "day", "series": "shop", "horizon": 7, "random_state": 0}


@pytest.fixture(scope="module")
def fitted() -> NetForecaster:
    frame, sales = shops()
    return NetForecaster(**SETTINGS).fit(frame[:226], sales[:226])


def test_a_week_is_forecast_beside_the_truth(fitted: NetForecaster) -> None:
    frame, sales = shops()
    found = fitted.forecast(X_future=frame[226:])
    assert found.columns.tolist() == ["day", "shop", "quantile_0.1", "quantile_0.5", "quantile_0.9"]
    assert found["shop"].tolist() == [7] * 7 + [3] * 7
    both = found.merge(frame.assign(sales=sales), on=["day", "shop"])
    assert len(both) == 14
    assert both["day"].min() == pd.Timestamp("2024-04-23")
    error = (both["quantile_0.5"] - both["sales"]).abs() / both["shop"].map({7: 1.0, 3: 100.0})
    assert error.mean() < 2.0
    assert error[both["day"].dt.day_of_week == 6].max() < 3.0  # both shops are closed


def test_predict_is_forecast_row_by_row(fitted: NetForecaster) -> None:
    frame, _ = shops()
    future = frame[226:].sample(frac=1, random_state=0)
    found = fitted.forecast(X_future=frame[226:]).set_index(["day", "shop"])["quantile_0.5"]
    expected = found.loc[pd.MultiIndex.from_frame(future[["day", "shop"]])].to_numpy()
    np.testing.assert_array_equal(fitted.predict(future), expected)
    quantiles = fitted.predict_quantiles(future)
    np.testing.assert_array_equal(quantiles[:, 1], expected)
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_rows_of_the_past_are_forecast_one_step_ahead(fitted: NetForecaster) -> None:
    frame, sales = shops()
    assert fitted.score(frame[100:226], sales[100:226]) > 0.9


def test_more_than_one_series_is_learned_without_times_too() -> None:
    frame, sales = shops()
    rows = frame.drop(columns="day")
    found = NetForecaster(series="shop", horizon=2, max_iter=2, random_state=0).fit(rows, sales)
    table = found.forecast(X_future=rows[:4])
    assert table.columns.tolist()[:2] == ["step", "shop"]
    assert table["step"].tolist() == [1, 2, 1, 2]
    first = table[table["step"] == 1]["quantile_0.5"].to_numpy()
    np.testing.assert_array_equal(found.predict(rows[:2]), first)


def test_months_without_covariates() -> None:
    months = pd.DataFrame({"month": pd.date_range("2010-01-31", periods=120, freq="ME")})
    passengers = 100 + np.arange(120) + 30 * np.sin(2 * np.pi * np.arange(120) / 12)
    found = NetForecaster(time="month", quantiles=(0.25, 0.75), random_state=0).fit(
        months[:108], passengers[:108]
    )
    table = found.forecast()
    assert table.columns.tolist() == ["month", "quantile_0.25", "quantile_0.75"]
    assert table["month"].tolist() == months["month"][108:].tolist()
    error = np.abs(found.predict(months[108:]) - passengers[108:])
    naive = np.abs(passengers[96:108] - passengers[108:])
    assert error.mean() < naive.mean()
    assert (found.horizon_, found.frequency_) == (12, "1 month")


def test_learning_is_told(fitted: NetForecaster) -> None:
    assert fitted.n_iter_ == len(fitted.loss_curve_) == len(fitted.validation_loss_curve_)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    assert vars(fitted)["feature_names_in_"].tolist() == ["day", "shop", "advertised", "weather"]
    assert fitted.series_ == [7, 3]


def test_a_pickled_forecaster_goes_on(fitted: NetForecaster) -> None:
    frame, _ = shops()
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(frame[226:]), fitted.predict(frame[226:]))


def test_a_folder_gives_the_forecaster_back(fitted: NetForecaster, tmp_path: Path) -> None:
    frame, _ = shops()
    folder = fitted.save(tmp_path / "shops")
    again: Any = NetForecaster.load(folder)
    np.testing.assert_array_equal(again.predict(frame[226:]), fitted.predict(frame[226:]))
    pd.testing.assert_frame_equal(again.forecast(X_future=frame), fitted.forecast(X_future=frame))
    assert again.get_params() == {**fitted.get_params(), "quantiles": [0.1, 0.5, 0.9]}
    with pytest.raises(ConfigError, match="exists already"):
        fitted.save(folder)
    (folder / "history.safetensors").write_bytes(b"half")
    with pytest.raises(DataError, match=r"history.safetensors is not a whole safetensors file"):
        NetForecaster.load(folder)


def test_arrays_are_kept_too(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    fitted = NetForecaster(max_iter=2).fit(x, x[:, 0])
    again = NetForecaster.load(fitted.save(tmp_path / "rows"))
    np.testing.assert_array_equal(again.predict(x), fitted.predict(x))


def test_it_lives_with_the_tools_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(90, 2))
    y = 3 * x[:, 0] + 0.1 * random.normal(size=90)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), NetForecaster(max_iter=20, random_state=0)),
        {"netforecaster__lags": [1, 4]},
        cv=TimeSeriesSplit(2),
    ).fit(x, y)
    assert search.best_score_ > 0.3
    logged = TransformedTargetRegressor(clone(search.best_estimator_), func=np.log, inverse_func=np.exp)
    assert logged.fit(x, np.exp(y)).predict(x).min() > 0


def test_a_backtest_puts_the_baselines_beside() -> None:
    frame, sales = shops(180)
    forecaster = NetForecaster(**SETTINGS)
    table = forecaster.backtest(frame, sales, folds=2, every=14)
    assert table["model"].unique().tolist() == ["network", "naive", "seasonal naive 7", "drift"]
    assert table["known_until"].unique().tolist() == [pd.Timestamp("2024-06-07"), pd.Timestamp("2024-06-21")]
    errors = table.pivot(index="fold", columns="model", values="mase")
    assert (errors["network"] < errors["seasonal naive 7"]).all()
    with pytest.raises(NotFittedError):
        forecaster.predict(frame)


def later(days: int) -> pd.DataFrame:
    frame, _ = shops()
    return frame[226:].assign(day=frame["day"][226:] + pd.Timedelta(days=days))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda f: f.forecast(),
            r"needs the covariates of the times to forecast: 'advertised', 'weather'; give them as",
        ),
        (
            lambda f: f.forecast(X_future=shops()[0][226:230]),
            r"X_future has no row for 2024-04-25 of series '7'; give",
        ),
        (
            lambda f: f.forecast(8, shops()[0]),
            r"horizon is 8, and NetForecaster was fitted for 7; fit with horizon=8",
        ),
        (lambda f: f.forecast(0), r"forecast: horizon is 0"),
        (
            lambda f: f.forecast(X_future=pd.concat([shops()[0][226:]] * 2)),
            r"X_future has two rows for the same time",
        ),
        (
            lambda f: f.predict(later(5)),
            r"row \d+: 2024-04-30 is 8 steps of 1 day after the last of series '7'",
        ),
        (lambda f: f.predict(shops()[0][:4]), r"row 0: 2024-01-01 is too early to be forecast"),
        (
            lambda f: f.predict(later(0).assign(shop=8)),
            r"row 226: there is no series '8'.*; fit knew '7', '3'",
        ),
        (lambda f: f.predict(later(0).drop(columns="weather")), r"[Ff]eature names"),
        (
            lambda f: f.predict(later(0).to_numpy()),
            r"X is a ndarray; time and series name columns of a DataFrame",
        ),
    ],
)
def test_misuse_of_a_fitted_forecaster(fitted: NetForecaster, ask: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        ask(fitted)
    if isinstance(caught.value, ChainruleError):
        assert "\n" not in str(caught.value)


def test_misuse_of_fit_leaves_what_was_there(fitted: NetForecaster) -> None:
    frame, sales = shops()
    before = fitted.predict(frame[226:])
    cases: list[tuple[type[Exception], str, pd.DataFrame, Any]] = [
        (DataError, "the dates are out of order; sort the rows", frame[::-1], sales[::-1]),
        (DataError, "occurs twice", pd.concat([frame[:2], frame]), pd.concat([sales[:2], sales])),
        (DataError, "X has 240 rows and y has 239 values", frame, sales[1:]),
        (ValueError, "y is missing in row 1, and in 119 more", frame, sales.where(frame["shop"] == 7)),
        (
            DataError,
            "series '7' has 5 samples; 1 lags and a horizon of 7 need at least 8",
            frame[:10],
            sales[:10],
        ),
    ]
    for kind, message, x, y in cases:
        with pytest.raises(kind, match=message):
            fitted.fit(x, y)
    np.testing.assert_array_equal(fitted.predict(frame[226:]), before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"time": "date"}, r"X has no column 'date'"),
        ({"time": 0}, r"NetForecaster: time is 0; it must be a text or None"),
        ({"frequency": "fortnight"}, r"frequency is 'fortnight'; give one that pandas knows"),
        ({"frequency": "h"}, r"at steps of 1 hour, series '7' has 120 values for 2,857 times"),
        ({"horizon": -1}, r"forecast: horizon is -1"),
        ({"quantiles": (0.5, 1.5)}, r"forecast: quantiles is 1.5"),
        ({"units": 0}, r"forecast: units is 0"),
    ],
)
def test_bad_settings(settings: dict[str, Any], message: str) -> None:
    frame, sales = shops()
    with pytest.raises((ConfigError, DataError), match=message):
        NetForecaster(**{**SETTINGS, **settings}).fit(frame, sales)


def test_numbers_of_numpy_are_settings(tmp_path: Path) -> None:
    plain: dict[str, Any] = {
        "horizon": 2,
        "lags": 6,
        "season": 6,
        "units": 8,
        "max_iter": 1,
        "batch_size": 16,
    }
    given = {name: np.int64(value) for name, value in plain.items()}
    floats: dict[str, Any] = {
        "quantiles": np.array([0.1, 0.5]),
        "dropout": np.float32(0.25),
        "validation_fraction": np.float32(0.25),
    }
    X, y = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=60)}), np.sin(np.arange(60.0))
    two: Any = np.int64(2)
    one = NetForecaster(time="day", **given, **floats, random_state=np.int64(0)).fit(X, y)
    other = NetForecaster(
        time="day", **plain, quantiles=(0.1, 0.5), dropout=0.25, validation_fraction=0.25, random_state=0
    ).fit(X, y)
    assert one.forecast(two).equals(other.forecast(2))
    assert NetForecaster.load(one.save(tmp_path / "net")).forecast().equals(other.forecast())


def test_a_network_of_the_past_is_fitted_and_comes_back(tmp_path: Path) -> None:
    frame, sales = shops()
    asked: dict[str, Any] = {**SETTINGS, "network": "linear", "max_iter": 2}
    fitted = NetForecaster(**asked).fit(frame[["day", "shop"]], sales)
    assert (fitted.network_, fitted.lags_) == ("linear", 40)
    again: Any = NetForecaster.load(fitted.save(tmp_path / "linear"))
    assert again.network_ == "linear"
    assert again.forecast().equals(fitted.forecast())


def test_the_mean_is_forecast_alone() -> None:
    frame, sales = shops()
    asked: dict[str, Any] = {**SETTINGS, "network": "last", "loss": "squared", "max_iter": 2}
    with pytest.raises(ConfigError, match="the squared error teaches the mean alone"):
        NetForecaster(**asked).fit(frame[["day", "shop"]], sales)
    found = NetForecaster(**asked, quantiles=(0.5,)).fit(frame[["day", "shop"]], sales).forecast()
    assert found.columns.tolist() == ["day", "shop", "quantile_0.5"]
