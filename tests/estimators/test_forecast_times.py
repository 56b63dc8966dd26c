"""Forecasts on every calendar, in every zone, over a change of the clock: they join the user's own frame."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.tseries import offsets

from chainrule.errors import DataError
from chainrule.estimators import NetForecaster
from chainrule.tasks.forecast.folder import FORECASTER

ZONES = (
    *("Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Cairo"),
    *("Asia/Beirut", "America/Havana", "Asia/Kolkata", "Pacific/Auckland", "UTC"),
)
# Offsets, about how far apart their steps are, and how many rows are known.
SPACINGS: list[tuple[str, str, int]] = [
    ("MS ME BMS BME WOM-2TUE", "30D", 30),
    ("SMS SME", "15D", 30),
    ("QS QE BQE", "90D", 20),
    ("YS", "365D", 20),
    ("W W-WED", "7D", 30),
    ("D B 2B", "1D", 40),
    ("h bh", "1h", 60),
    ("15min", "15min", 60),
]
CALENDARS = {alias: (step, rows) for aliases, step, rows in SPACINGS for alias in aliases.split()}
AHEAD = 4
QUICK: dict[str, Any] = {
    **{"time": "time", "horizon": AHEAD, "lags": 4, "units": 2, "max_iter": 1, "validation_fraction": 0},
    **{"batch_size": 256, "random_state": 0},
}


def times_of(zone: str, alias: str, change: pd.Timestamp, after: int, hour: int) -> pd.DatetimeIndex:
    """As pandas has them: `after` of the known times come after a change of the clock."""
    step, rows = CALENDARS[alias]
    start = change.tz_localize(None).normalize() - (rows - after) * pd.Timedelta(step)
    many = rows + AHEAD
    if alias in ("h", "15min"):
        return pd.date_range(start.tz_localize(zone, nonexistent="shift_forward"), periods=many, freq=alias)
    # Opening hours begin in the morning: pandas would take a start at closing time for a step of its own.
    start = start.normalize() if alias == "bh" else start + pd.Timedelta(hours=hour)
    wall = pd.date_range(start, periods=many, freq=alias)
    return wall.tz_localize(zone, ambiguous=np.ones(many, bool), nonexistent="shift_forward")


def changes(zone: str) -> list[pd.Timestamp]:
    """Of the clock, in 2022 to 2024; where it never changes, any day."""
    hours = pd.date_range("2022-01-01", "2024-12-31", freq="h", tz="UTC").tz_convert(zone)
    away = hours.tz_localize(None) - hours.tz_convert("UTC").tz_localize(None)
    return list(hours[1:][away[1:] != away[:-1]]) or [hours[5000]]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_forecasts_join_the_users_own_frame(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(ZONES), "zone")
    alias = data.draw(st.sampled_from(sorted(CALENDARS)), "alias")
    change = data.draw(st.sampled_from(changes(zone)), "change")
    rows = CALENDARS[alias][1]
    after = data.draw(st.integers(-AHEAD, rows // 2), "known after the change")
    hour = data.draw(st.sampled_from([0, 1, 2, 3, 12]), "hour")
    unit: Any = data.draw(st.sampled_from(["s", "ms", "us", "ns"]), "unit")
    many = data.draw(st.integers(1, 2), "series")
    times = times_of(zone, alias, change, after, hour).as_unit(unit)
    frame = pd.DataFrame({"time": times.repeat(many), "series": ["a", "b"][:many] * len(times)})
    frame["price"] = np.arange(float(len(frame))) % 7
    gaps = np.zeros(len(frame), bool)  # single rows that are missing, none beside the ends
    if data.draw(st.booleans(), "gaps"):
        gaps[many * 5 : many * (rows - 5) : 11] = True
    known = (np.arange(len(frame)) < many * rows) & ~gaps
    told = data.draw(st.sampled_from([None, alias]), "frequency")
    forecaster = NetForecaster(series="series", frequency=told, **QUICK)
    forecaster.fit(frame[known], frame["price"][known])
    future = frame[many * rows :]
    found = forecaster.forecast(X_future=future)
    assert found["time"].dtype == frame["time"].dtype
    pd.testing.assert_frame_equal(
        found[["time", "series"]],
        future[["time", "series"]].sort_values(["series", "time"], ignore_index=True),
    )
    joined = frame.merge(found, on=["time", "series"], validate="one_to_one")
    assert len(joined) == many * AHEAD
    assert forecaster.predict(future).tolist() == joined["quantile_0.5"].tolist()


def known(times: Any, **options: Any) -> NetForecaster:
    """Fitted on times, without covariates."""
    frame = pd.DataFrame({"time": times})
    return NetForecaster(**QUICK, **options).fit(frame, np.arange(float(len(frame))) % 5)


def test_the_month_after_december_begins_in_january() -> None:
    months = pd.date_range("2021-01-01", periods=36, freq="MS", tz="Europe/Berlin")
    found = known(months).forecast(1)
    assert str(found["time"][0]) == "2024-01-01 00:00:00+01:00"


@pytest.mark.parametrize(
    ("form", "zone"),
    [
        ("%Y-%m-%d", None),
        ("%Y-%m-%dT%H:%M:%S", None),
        ("%Y-%m-%dT%H:%M:%SZ", "UTC"),
        ("%Y-%m-%d %H:%M+0200", None),
    ],
)
def test_texts_join_texts(form: str, zone: str | None) -> None:
    times = pd.Series(pd.date_range("2024-01-01", periods=44, freq="D", tz=zone).strftime(form))
    found = known(times[:40]).forecast()
    assert found["time"].tolist() == times[40:].tolist()


def test_texts_whose_offsets_differ_name_no_zone() -> None:
    hours = pd.date_range("2024-03-30", periods=44, freq="h", tz="Europe/Berlin")
    found = known([time.isoformat() for time in hours[:40]]).forecast()
    assert (pd.DatetimeIndex(found["time"]) == hours[40:]).all()
    days = pd.date_range("2024-03-10", periods=40, freq="D", tz="Europe/Berlin")
    with pytest.raises(
        DataError, match=r"offsets from UTC differ .* name no time zone.*; give the column in"
    ):
        known([time.isoformat() for time in days])


def test_times_to_come_are_in_another_resolution_or_zone() -> None:
    days = pd.date_range("2024-03-10", periods=44, freq="D", tz="Europe/Berlin", unit="s")
    fitted = known(days[:40])
    expected = fitted.predict(pd.DataFrame({"time": days[40:]}))
    for other in (days.as_unit("ns"), days.tz_convert("America/New_York"), [day.isoformat() for day in days]):
        np.testing.assert_array_equal(fitted.predict(pd.DataFrame({"time": other[40:]})), expected)
    with pytest.raises(DataError, match="holds dates without a time zone; in training it held dates with a"):
        fitted.predict(pd.DataFrame({"time": days.tz_localize(None)[40:]}))
    with pytest.raises(DataError, match=r"row 0: .* is not a whole number of steps of 1 day"):
        fitted.predict(pd.DataFrame({"time": days.as_unit("ms")[40:] + pd.Timedelta("1ms")}))


def test_no_saturday_is_forecast_of_business_days() -> None:
    days = pd.date_range("2024-01-01", periods=60, freq="B")
    fitted = known(days[:56].drop(["2024-01-15", "2024-02-19"]))  # holidays
    assert fitted.frequency_ == "1 business day"
    assert fitted.forecast()["time"].tolist() == days[56:].tolist()


def test_opening_hours_are_kept() -> None:
    hours = pd.date_range("2024-01-01", periods=24 * 21, freq="h")
    opened = hours[(hours.hour >= 9) & (hours.hour < 17) & (hours.day_of_week < 5)]
    fitted = known(opened[:100])
    assert fitted.frequency_ == "1 hour from 09:00 to 17:00 of each business day"
    assert fitted.forecast()["time"].tolist() == opened[100:104].tolist()


def test_rows_every_thirty_one_days_are_no_months() -> None:
    days = pd.date_range("2021-03-01", periods=34, freq="31D")
    fitted = known(days[:30])
    assert fitted.frequency_ == "31 days"
    assert fitted.forecast()["time"].tolist() == days[30:].tolist()


def test_holidays_that_were_told_are_kept_in_the_folder(tmp_path: Path) -> None:
    told = offsets.CustomBusinessDay(holidays=["2024-03-25", "2024-04-01"])
    days = pd.date_range("2024-01-29", periods=44, freq=told, tz="Europe/Berlin")
    fitted = known(days[:40], frequency=told)
    assert fitted.forecast()["time"].tolist() == days[40:].tolist()
    again: Any = NetForecaster.load(fitted.save(tmp_path / "shop"))
    pd.testing.assert_frame_equal(again.forecast(), fitted.forecast())
    assert again.frequency_ == fitted.frequency_ == "1 business day without holidays"
    refitted = again.fit(pd.DataFrame({"time": days[:40]}), np.arange(40.0) % 5)
    assert refitted.forecast()["time"].tolist() == days[40:].tolist()


@pytest.mark.parametrize(
    ("alias", "unit", "count"), [("h", "second", 3600), ("D", "second", 86_400), ("ME", "month", 1)]
)
def test_a_folder_of_the_first_format_goes_on(tmp_path: Path, alias: str, unit: str, count: int) -> None:
    """There moments were microseconds without a zone, and days a number of seconds."""
    times = pd.date_range("2024-01-31", periods=44, freq=alias)
    fitted = known(times[:40])
    folder = fitted.save(tmp_path / "times")
    path = folder / FORECASTER
    content = json.loads(path.read_text())
    anchor = int(times[0].value // 1000)
    content["windows"]["grid"] = {"frequency": {"unit": unit, "count": count}, "anchor": anchor}
    path.write_text(json.dumps({**{k: v for k, v in content.items() if k != "complete"}, "format": 1}))
    pd.testing.assert_frame_equal(NetForecaster.load(folder).forecast(), fitted.forecast())


def test_tiny_series_beside_large_ones_are_forecast_in_their_own_size() -> None:
    random = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=107, freq="D")
    wave = np.sin(2 * np.pi * np.arange(107) / 7) + 0.05 * random.normal(size=107)
    sizes = {"tiny": 1e-11, "tinier": 1e-14, "large": 1e6}
    frame = pd.DataFrame({"time": days.repeat(3), "series": list(sizes) * 107})
    values = (wave[:, None] * list(sizes.values())).ravel()
    fitted = NetForecaster(time="time", series="series", horizon=7, random_state=0)
    found = fitted.fit(frame[:300], values[:300]).forecast()
    for name, size in sizes.items():
        error = np.abs(found["quantile_0.5"][found["series"] == name].to_numpy() / size - wave[100:])
        assert error.mean() < 0.3


def test_a_missing_covariate_of_a_time_to_come_is_refused(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=44, freq="D")
    frame = pd.DataFrame({"time": days, "price": np.arange(44.0) % 3, "holiday": [None, "x"] * 22})
    fitted = NetForecaster(**QUICK).fit(frame[:40], frame["price"][:40])
    future = frame[40:].copy()
    assert len(fitted.forecast(X_future=future)) == 4  # of the holidays some were missing in fit, too
    future.loc[42, "price"] = np.nan
    loaded: Any = NetForecaster.load(fitted.save(tmp_path / "shop"))
    for each in (fitted, loaded):
        with pytest.raises(
            DataError, match=r"X_future, column 'price', row 42: the value for 2024-02-12 is mis"
        ):
            each.forecast(X_future=future)
        with pytest.raises(
            DataError, match=r"X, column 'price', row 42: the value for 2024-02-12 is missing"
        ):
            each.predict(future)
    assert len(fitted.forecast(2, future)) == 2  # the gap is later


def test_a_backtest_of_a_constant_series_says_what_it_is() -> None:
    days = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=60, freq="D")})
    with pytest.warns(
        UserWarning, match=r"folds 1, 2: the series never change before it, or repeat their season exactly"
    ):
        table = NetForecaster(**QUICK).backtest(days, np.full(60, 3.0), folds=2)
    assert table["mase"].isna().all()
    assert table["coverage"].notna().all()
