"""Series from long tables: read, and every way to get them wrong told in one line."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data.series import Series, collect, filled, find_again, find_places
from chainrule.errors import DataError


def two_shops(days: int = 6) -> pd.DataFrame:
    times = pd.date_range("2024-01-01", periods=days, freq="D")
    return pd.DataFrame({"day": times.repeat(2), "shop": ["b", "a"] * days, "sales": np.arange(2.0 * days)})


def read(
    frame: pd.DataFrame, series: str | None = "shop", frequency: str | None = None
) -> tuple[Series, ...]:
    places = find_places(frame, "day", series, "X", frequency)
    return collect(places, frame["sales"].to_numpy(np.float64), np.zeros((len(frame), 0), np.float32), "X")


def test_rows_become_series_in_the_order_of_their_first_rows() -> None:
    b, a = read(two_shops())
    assert (b.name, a.name) == ("b", "a")
    assert b.values.tolist() == [0, 2, 4, 6, 8, 10]
    assert a.values.tolist() == [1, 3, 5, 7, 9, 11]


def test_series_may_begin_and_end_anywhere_and_gaps_stay_open() -> None:
    frame = two_shops().drop(index=[0, 5, 10])
    b, a = read(frame)[::-1]
    assert (b.start, len(b), b.end) == (1, 4, 5)
    assert (a.start, len(a)) == (0, 6)
    assert np.isnan(a.values).tolist() == [False, False, True, False, False, False]


def test_what_was_known_ends_with_a_value() -> None:
    series = Series("", 3, np.array([1.0, np.nan, 2.0, np.nan, 3.0]), np.zeros((5, 0), np.float32))
    assert series.until(7).values.tolist()[0::2] == [1.0, 2.0]
    assert [len(series.until(end)) for end in (0, 3, 4, 5, 6, 7, 8, 99)] == [0, 0, 1, 1, 3, 3, 5, 5]


def test_gaps_are_filled_by_the_season_before() -> None:
    nan = np.nan
    assert filled(np.array([1.0, nan, 3.0, nan, nan, nan, nan]), 3).tolist() == [1, 1, 3, 1, 1, 3, 1]


@pytest.mark.parametrize("text", [True, False])
def test_times_may_be_texts_or_whole_numbers(text: bool) -> None:
    frame = two_shops()
    frame["day"] = frame["day"].astype(str) if text else np.arange(12) // 2 + 2000
    b, _ = read(frame)
    assert b.values.tolist() == [0, 2, 4, 6, 8, 10]


def test_months_are_equal_steps() -> None:
    frame = pd.DataFrame(
        {"day": pd.date_range("2023-01-31", periods=14, freq="ME"), "sales": np.arange(14.0)}
    )
    (series,) = read(frame, series=None)
    assert series.values.tolist() == list(range(14))


def swapped(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[[0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 10, 11]]


def with_time(row: int, time: str) -> pd.DataFrame:
    frame = two_shops()
    frame.loc[row, "day"] = pd.Timestamp(time) if time else pd.NaT
    return frame


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (
            swapped(two_shops()),
            {},
            r"row 2: '2024-01-02.*' comes after '2024-01-03.*': the dates are out of order",
        ),
        (with_time(2, "2024-01-01"), {}, r"row 2: '2024-01-01.*' occurs twice \(before in row 0\)"),
        (two_shops(), {"series": None}, r"row 1: .* occurs twice .* name their column \(series=…\)"),
        (
            with_time(2, "2024-01-02 06:00"),
            {},
            r"row 2: '2024-01-02 06:00:00' is not a whole number of steps of 1 day",
        ),
        (with_time(2, ""), {}, r"row 2: the time is missing; fill it in"),
        (two_shops(), {"frequency": "h"}, r"at steps of 1 hour, series 'b' has 6 values for 121 times"),
        (two_shops(), {"frequency": "MS"}, r"row 2: .* stands for the same step of 1 month as row 0"),
        (two_shops(1), {}, r"no series has more than 1 sample"),
        (two_shops().assign(shop=["b", None] * 6), {}, r"'shop', row 1: the name of the series is missing"),
        (
            two_shops().rename(columns={"shop": "shops"}),
            {},
            r"X has no column 'shop' \(did you mean 'shops'\?\)",
        ),
        (two_shops().assign(day="soon"), {}, r"'day', row 0: 'soon' is not a date"),
        (two_shops().assign(day=0.5), {}, r"'day', row 0: 0.5 is not a whole number"),
        (
            two_shops().assign(day=np.arange(12)),
            {"frequency": "D"},
            r"holds whole numbers and frequency is 'D'",
        ),
    ],
)
def test_mistakes_are_told_with_their_row(frame: pd.DataFrame, options: dict, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(frame, **options)
    assert "\n" not in str(caught.value)


def test_times_without_a_rhythm_are_refused() -> None:
    days = np.cumsum([1, 2, 4, 8, 1, 16])
    frame = pd.DataFrame({"day": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D"), "sales": 0.0})
    with pytest.raises(
        DataError, match=r"not equally spaced; most often they are 1 day apart, and only 20% of"
    ):
        read(frame, series=None)


def test_short_series_are_refused_by_name() -> None:
    frame = two_shops()
    places = find_places(frame, "day", "shop", "X")
    with pytest.raises(DataError, match=r"series 'b' has 6 samples; 7 are needed"):
        collect(places, frame["sales"].to_numpy(), np.zeros((12, 0), np.float32), "X", least=7)


def test_other_rows_are_found_on_the_same_grid() -> None:
    known = find_places(two_shops(), "day", "shop", "X")
    later = pd.DataFrame({"day": pd.to_datetime(["2024-01-09", "2024-01-07"]), "shop": ["a", "b"]})
    places = find_again(later, "day", "shop", "X", known)
    assert places.series.tolist() == [1, 0]
    assert places.positions.tolist() == [8, 6]
    with pytest.raises(DataError, match=r"row 0: there is no series 'aa' \(did you mean 'a'\?\)"):
        find_again(later.assign(shop="aa"), "day", "shop", "X", known)
    with pytest.raises(DataError, match=r"holds whole numbers; in training it held dates"):
        find_again(later.assign(day=3), "day", "shop", "X", known)
