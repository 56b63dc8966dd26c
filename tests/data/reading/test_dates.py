"""Formats of dates, learned from texts a person wrote down."""

import datetime
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from chainrule.data.reading.applying import on_clock
from chainrule.data.reading.dates import ISO, LearnedDates, learn_dates, read_dates, told_format

DAYS = [
    datetime.datetime(2024, 12, 31, 15, 5),
    datetime.datetime(2024, 2, 29, 0, 30),
    datetime.datetime(2023, 7, 14),
]


def learned(texts: list[str]) -> LearnedDates | None:
    read = partial(read_dates, pd.Series(texts, dtype="str"))
    return learn_dates(pa.array(texts, pa.large_string()), np.ones(len(texts), int), most=1, read=read)


def told(texts: list[str]) -> str:
    found = learned(texts)
    return "" if found is None else told_format(found.pattern)


@pytest.mark.parametrize("time", ["", " %H:%M", " %H:%M:%S", ", %H:%M", " %I:%M %p"])
@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("%Y-%m-%d", ISO),
        ("%d.%m.%Y", "day.month.year"),
        ("%d.%m.%y", "day.month.year"),
        ("%m/%d/%Y", "month/day/year"),
        ("%d/%m/%Y", "day/month/year"),
        ("%d-%m-%Y", "day-month-year"),
        ("%Y/%m/%d", "year/month/day"),
        ("%b %d, %Y", "month day, year"),
        ("%B %d, %Y", "month day, year"),
        ("%d %b %Y", "day month year"),
        ("%d-%b-%Y", "day month year"),
        ("%d. %B %Y", "day month year"),
    ],
)
def test_formats_people_write(day, time, name):
    if name == ISO and time not in ("", " %H:%M", " %H:%M:%S"):
        return
    texts = [each.strftime(day + time) for each in DAYS]
    found = learned(texts)
    assert found is not None
    assert told_format(found.pattern) == name
    assert found.fits.all()
    assert found.other == ""
    expected = [datetime.datetime.strptime(text, day + time) for text in texts]
    assert read_dates(pd.Series(texts), found.pattern)[0].dt.to_pydatetime().tolist() == expected


def test_days_and_months_that_can_not_be_told_apart_are_said():
    found = learned(["01/02/2024", "03/04/2024"])
    assert found is not None
    assert (told_format(found.pattern), told_format(found.other)) == ("month/day/year", "day/month/year")
    clear = learned(["01/02/2024", "13/04/2024", "14/04/2024"])
    assert clear is not None
    assert (clear.pattern, clear.other) == ("%d/%m/%Y", "")
    assert told(["01.02.2024", "03.04.2024"]) == "day.month.year"


def test_the_format_that_most_rows_fit_and_which_do_not():
    texts = ["2024-01-01", "2024-01-02", "0000-00-00"]
    found = learned(texts)
    assert found is not None
    assert found.pattern == ISO
    assert found.fits.tolist() == [True, True, False]
    assert learned([*texts, "soon"]) is None  # more than may be none


@pytest.mark.parametrize(
    "texts",
    [["a-1", "b-2"], ["1.5", "2.25"], ["12:30", "11:00"], ["10-20", "20-30"], ["1/2", "3/4"]],
)
def test_what_is_no_date(texts):
    assert told(texts) == ""


def test_offsets_are_told_and_the_clock_on_the_wall_is_kept():
    texts = pd.Series(
        ["2024-03-31T01:00:00+01:00", "2024-03-31T03:00:00+0200", "2024-01-01 00:00Z", "2024-01-01"]
    )
    dates, minutes = read_dates(texts, ISO)
    assert dates.dt.hour.tolist() == [1, 3, 0, 0]
    np.testing.assert_array_equal(minutes, [60, 120, 0, np.nan])
    shown = on_clock(dates, minutes, "Europe/Berlin")
    assert shown.dt.hour.tolist() == [1, 3, 1, 0]  # the last does not say where it is from
    assert on_clock(dates, minutes, "").equals(dates)
