"""The preparation for the peers, against pandas' own words on the same columns."""

import numpy as np
import pandas as pd
from benchmarks.tables.preparing import date_parts, dense_preparation, kinds, tree_preparation


def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": np.where(random.random(60) < 0.2, np.nan, random.normal(size=60)),
            "count": random.integers(0, 5, 60),
            "colour": np.array(["red"] * 29 + ["blue"] * 29 + ["odd", None], object),
            "when": pd.date_range("2020-01-31 22:00", periods=60, freq="7h"),
        }
    )


def test_kinds():
    assert kinds(frame()) == (["size", "count"], ["when"], ["colour"])


def test_parts_of_dates_in_any_unit():
    when = pd.Series(pd.to_datetime(["1970-01-02 03:00", "2024-02-29 23:59"]))
    expected = [[1970, 1, 2, 4, 3, 1], [2024, 2, 29, 3, 23, 19_782]]
    for unit in ("s", "ms", "us", "ns"):
        assert date_parts(pd.DataFrame({"when": when.dt.as_unit(unit)})).tolist() == expected


def test_for_networks_all_is_numbers_without_gaps():
    found = np.asarray(dense_preparation(frame()).fit_transform(frame()))
    colours = 3  # red, blue, and what is rare
    assert found.shape == (60, 2 + 6 + colours)
    assert np.isfinite(found).all()
    assert np.allclose(found[:, :2].mean(0), 0)
    assert (found[:, -colours:].sum(1) == 1).all()


def test_for_trees_categories_are_codes_and_gaps_stay():
    preparation, codes = tree_preparation(frame())
    found = preparation.fit_transform(frame())
    assert codes == [0]
    assert np.isnan(found[:, 0]).tolist() == frame()["colour"].isna().tolist()
    assert np.isnan(found[:, 1]).tolist() == frame()["size"].isna().tolist()
    unseen = frame().assign(colour="green")
    assert np.isnan(preparation.transform(unseen)[:, 0]).all()


def test_more_categories_than_trees_take_share_codes():
    many = pd.DataFrame({"name": [f"name {number}" for number in range(1000)]})
    found = tree_preparation(many)[0].fit_transform(many)
    assert found.max() <= 254
