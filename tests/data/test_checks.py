"""Checks of a table and the task its target asks for."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data import Table, check_table, infer_task
from chainrule.errors import ConfigError, DataError

ROWS = 40
RNG = np.random.default_rng(0)
BASE = pd.DataFrame(
    {"age": RNG.integers(20, 80, ROWS), "price": RNG.normal(size=ROWS), "kind": ["a", "b"] * (ROWS // 2)}
)


def table(target: str, frame: pd.DataFrame = BASE, **columns) -> Table:
    """BASE, some of its columns changed, as if read from sales.csv."""
    lined = frame.assign(**columns)
    lined.index = pd.RangeIndex(2, len(lined) + 2, name="line")
    return Table(lined, target, "sales.csv")


def changed(name: str, **at) -> list:
    """A column of BASE with other values at some rows: row_3=nan."""
    values = BASE[name].astype(object).tolist()
    for row, value in at.items():
        values[int(row.removeprefix("row_"))] = value
    return values


def test_a_sound_table_passes_unchanged():
    for target, task in (("kind", "classification"), ("price", "regression")):
        checked, notes = check_table(table(target), task)
        assert notes == ()
        assert checked.frame.equals(table(target).frame)


def test_rows_without_target_are_left_out_with_a_note():
    checked, notes = check_table(
        table("kind", kind=changed("kind", row_1=None, row_3=None, row_8=None)), "classification"
    )
    assert len(checked) == ROWS - 3
    assert notes == ("3 rows without a value of 'kind' are left out (lines 3, 5 and 10)",)
    assert checked.frame.index[:3].tolist() == [2, 4, 6]
    _, notes = check_table(table("kind", kind=changed("kind", row_1=None)), "classification")
    assert notes == ("1 row without a value of 'kind' is left out (line 3)",)


CLASSIFICATION_FAULTS = [
    ({"kind": [None] * ROWS}, r"sales.csv: the target column 'kind' has no values at all; fill it in"),
    (
        {"kind": ["a"] * ROWS},
        r"sales.csv: the target column 'kind' has one class only, 'a'; add rows of another",
    ),
    ({"kind": [1.0] * ROWS}, r"the target column 'kind' has one class only, 1.0"),
    (
        {"kind": changed("kind", row_5="c")},
        r"sales.csv: the target column 'kind': class 'c' has a single row \(line 7\); give every class at",
    ),
    ({"kind": [f"k{i}" for i in range(ROWS)]}, r"'kind': 40 of its 40 classes have a single row each; name"),
    ({"kind": pd.date_range("2020", periods=ROWS)}, r"sales.csv, target column 'kind': .* can't be a class"),
    ({"kind": [1.0, np.inf] * 20}, r"sales.csv, column 'kind': 20 values are infinite \(first in line 3\)"),
    ({"age": [np.nan] * ROWS}, r"sales.csv: column 'age' has no values at all; remove it or fill it in"),
    (
        {"age": [None] * ROWS, "price": [None] * ROWS},
        r"sales.csv: columns 'age', 'price' have no values at all",
    ),
    (
        {"price": changed("price", row_15=np.inf)},
        r"sales.csv, column 'price': 1 value is infinite \(first in line 17\); replace",
    ),
    (
        {"price": changed("price", row_3=-np.inf, row_9=np.inf)},
        r"column 'price': 2 values are infinite \(first in line 5\)",
    ),
]


@pytest.mark.parametrize(("columns", "message"), CLASSIFICATION_FAULTS)
def test_faults_for_classification(columns, message):
    with pytest.raises(DataError, match=message):
        check_table(table("kind", **columns), "classification")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"price": changed("price", row_6="cheap", row_7="dear")},
            r"sales.csv, column 'price', line 8: 'cheap' is not a number \(and 1 more\); regression needs",
        ),
        ({"price": [2.0] * ROWS}, r"sales.csv: the target column 'price' is 2 in every row, one value only"),
        ({"price": pd.date_range("2020", periods=ROWS)}, r"target column 'price': .* is not a number"),
        (
            {"price": changed("price", row_0=np.inf)},
            r"column 'price': 1 value is infinite \(first in line 2\)",
        ),
    ],
)
def test_faults_for_regression(columns, message):
    with pytest.raises(DataError, match=message):
        check_table(table("price", **columns), "regression")


def test_too_little_of_a_table():
    with pytest.raises(DataError, match=r"sales.csv has 9 rows with a target; give at least 10"):
        check_table(table("kind", BASE.iloc[:9]), "classification")
    with pytest.raises(DataError, match=r"sales.csv has only the target column 'kind'; add columns"):
        check_table(table("kind", BASE[["kind"]]), "classification")
    with pytest.raises(ConfigError, match=r"task is 'ranking'; choose classification or regression"):
        check_table(table("kind"), "ranking")


def test_rows_of_a_frame_are_named_by_their_label():
    frame = BASE.assign(price=changed("price", row_3=np.inf)).set_axis([f"r{i}" for i in range(ROWS)])
    with pytest.raises(
        DataError, match=r"DataFrame, column 'price': 1 value is infinite \(first in row r3\)"
    ):
        check_table(Table(frame, "kind", "DataFrame"), "classification")


@pytest.mark.parametrize(
    ("values", "task", "why"),
    [
        (["a", "b", "b"], "classification", "'target' holds text, with 2 distinct values"),
        ([True, False, None], "classification", "'target' holds true or false, with 2 distinct values"),
        (pd.Categorical([1, 2, 1]), "classification", "text"),
        ([0.5, 1.0, 2.0], "regression", "'target' holds numbers with fractional parts"),
        ([0, 1] * 6, "classification", "only 2 distinct values, each in at least 6 rows"),
        ([-1, 1] * 6, "classification", "only 2 distinct values"),
        ([0, 1, 2] * 50, "classification", "only 3 distinct values"),
        ([1, 2, 3] * 4, "classification", "only 3 distinct values"),  # few rows, but numbered from 1
        ([0.0, 1.0, np.nan, 2.0] * 50, "classification", "only 3 distinct values"),
        ([3, 5, 9] * 30, "classification", "only 3 distinct values"),
        ([3, 5, 9] * 4, "regression", "'target' holds whole numbers with 3 distinct values"),
        (list(range(18, 80)) * 5, "regression", "62 distinct values"),
        (np.random.default_rng(0).poisson(3, 500), "regression", "distinct values"),  # counts thin out
        ([0, 1, 2] * 500 + [3] * 5, "regression", "4 distinct values"),
        (list(range(12)) * 4, "regression", "12 distinct values"),
        (pd.date_range("2020", periods=5), "regression", "dates"),
        ([None] * 5, "classification", "0 distinct values"),
    ],
)
def test_task_is_inferred_with_a_reason(values, task, why):
    found, reason = infer_task(pd.Series(values, name="target"))
    assert found == task
    assert why in reason


@pytest.mark.parametrize(
    "name", ["load_iris", "load_wine", "load_breast_cancer", "load_digits", "load_diabetes"]
)
def test_task_of_data_sets_everyone_knows(name):
    from sklearn import datasets

    target = pd.Series(getattr(datasets, name)().target, name="target")
    assert infer_task(target)[0] == ("regression" if name == "load_diabetes" else "classification")
