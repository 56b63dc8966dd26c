"""Columns of times in every form: read, and told again in the same type, zone and resolution."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from dateutil import tz

from chainrule.data.clock import read_times
from chainrule.errors import DataError

DAYS = pd.date_range("2024-03-25", periods=14, freq="D")  # over a change of the clock in Berlin
BERLIN = DAYS.tz_localize("Europe/Berlin")
FIXED = timezone(timedelta(hours=-3, minutes=-30))


def texts(form: str) -> pd.Series:
    return pd.Series([time.strftime(form) for time in DAYS])


COLUMNS: dict[str, Any] = {
    **{unit: pd.Series(DAYS.as_unit(unit)) for unit in ("s", "ms", "us", "ns")},
    **{f"{unit} in Berlin": pd.Series(BERLIN.as_unit(unit)) for unit in ("s", "ms", "us", "ns")},
    "UTC": pd.Series(DAYS.tz_localize("UTC")),
    "an offset": pd.Series(DAYS.tz_localize(FIXED)),
    "dateutil": pd.Series(DAYS.tz_localize(tz.gettz("Europe/Berlin"))),
    "dateutil's UTC": pd.Series(DAYS.tz_localize(tz.tzutc())),
    "pyarrow": pd.Series(DAYS).astype(pd.ArrowDtype(pa.timestamp("us"))),
    "pyarrow in Berlin": pd.Series(BERLIN).astype(pd.ArrowDtype(pa.timestamp("ms", "Europe/Berlin"))),
    "pyarrow's dates": pd.Series(DAYS.date).astype(pd.ArrowDtype(pa.date32())),
    "datetimes": pd.Series([time.to_pydatetime() for time in DAYS], dtype=object),
    "datetimes in Berlin": pd.Series([time.to_pydatetime() for time in BERLIN], dtype=object),
    "dates": pd.Series(DAYS.date, dtype=object),
    **{form: texts(form) for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H")},
    **{
        form: texts(form) for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S+0530")
    },
    "with an offset": texts("%Y-%m-%dT%H:%M:%S.000-03:30"),
    "whole numbers": pd.Series(range(14)),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_times_are_told_as_they_were_read(name: str) -> None:
    column = COLUMNS[name].rename("time")
    times = read_times(column, "X")
    told = pd.Series(times.clock.labels(times.moments), name="time")
    pd.testing.assert_series_equal(told, column)
    merged = column.to_frame().merge(told.to_frame(), on="time")
    assert len(merged) == 14


def test_moments_are_in_utc_and_local_time_is_the_wall_clocks() -> None:
    times = read_times(pd.Series(["2024-07-01T00:00:00+02:00", "2024-07-02T00:00:00+02:00"]), "X")
    assert times.clock.zone == "UTC+02:00"
    utc = times.moments.view(f"datetime64[{times.clock.unit}]")
    assert utc.astype("datetime64[h]").astype(str).tolist() == ["2024-06-30T22", "2024-07-01T22"]
    local = times.clock.local(times.moments)
    np.testing.assert_array_equal(times.clock.absolute(local), times.moments)
    assert local.view(utc.dtype).astype("datetime64[h]").astype(str).tolist() == [
        "2024-07-01T00",
        "2024-07-02T00",
    ]


def test_differing_offsets_are_told_in_utc() -> None:
    times = read_times(pd.Series([time.isoformat() for time in BERLIN]), "X")
    assert times.mixed
    assert times.clock.zone == "UTC"
    assert (times.clock.labels(times.moments) == BERLIN).all()


def test_texts_written_in_several_ways_are_told_as_datetime64() -> None:
    times = read_times(pd.Series(["2024-01-01", "2024-01-02 00:00"]), "X")
    assert times.clock.labels(times.moments).dtype.kind == "M"


def test_what_a_text_or_a_date_cannot_tell_is_told_as_datetime64() -> None:
    for column in (pd.Series(["2024-01-01"]), pd.Series([date(2024, 1, 1)], dtype=object)):
        clock = read_times(column, "X").clock.refined("us")
        noon = np.array([datetime(2024, 1, 1, 12)], "datetime64[us]").view(np.int64)
        noon = clock.converted(noon, "us")[0]
        assert pd.Series(clock.labels(noon)).tolist() == [pd.Timestamp("2024-01-01 12:00")]


def test_other_resolutions_are_converted_or_told_to_be_finer() -> None:
    seconds = read_times(pd.Series(DAYS.as_unit("s")), "X").clock
    moments, exact = seconds.converted(np.array([2_000_000, 2_000_001]), "us")
    assert moments.tolist() == [2, 2]
    assert exact.tolist() == [True, False]
    nanoseconds = read_times(pd.Series(DAYS.as_unit("ns")), "X").clock
    late = np.array(["9999-12-31", "2024-01-01"], "datetime64[s]").view(np.int64)
    assert nanoseconds.converted(late, "s")[1].tolist() == [False, True]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["2024-01-01", "soon"], r"row 1: 'soon' is not a date"),
        (["2024-01-01", "2024-13-01"], r"row 1: '2024-13-01' is not a date"),
        ([0.5, 1.0], r"row 0: 0.5 is not a whole number"),
    ],
)
def test_what_is_no_time_is_refused(column: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=f"X, column 'time', {message}"):
        read_times(pd.Series(column, name="time"), "X")
