"""Numbers as people have them: frames of several libraries, nullable dtypes, objects, lists."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from chainrule.data.given import as_pandas, column_names, numeric, refuse_missing
from chainrule.errors import DataError

ROWS = [[1.0, 2.5], [3.0, 4.0], [5.0, -1.0]]
COLUMNS = {"a": [1.0, 3.0, 5.0], "b": [2.5, 4.0, -1.0]}

SAME: dict[str, Any] = {
    "array": np.array(ROWS),
    "objects": np.array(ROWS, object),
    "lists": ROWS,
    "decimals": [[Decimal(str(value)) for value in row] for row in ROWS],
    "fractions": [[Fraction(value) for value in row] for row in ROWS],
    "frame": pd.DataFrame(COLUMNS),
    "frame of objects": pd.DataFrame(COLUMNS).astype(object),
    "nullable": pd.DataFrame(COLUMNS).astype({"a": "Int64", "b": "Float64"}),
    "whole and float": pd.DataFrame(COLUMNS).astype({"a": "uint8", "b": "float32"}),
    "arrow dtypes": pd.DataFrame(COLUMNS).astype({"a": "int64[pyarrow]", "b": "double[pyarrow]"}),
    "categories": pd.DataFrame(COLUMNS).astype("category"),
    "decimals in a frame": pd.DataFrame({n: [Decimal(str(v)) for v in c] for n, c in COLUMNS.items()}),
    "polars": pl.DataFrame(COLUMNS),
    "polars decimals": pl.DataFrame(COLUMNS).cast(pl.Decimal(10, 2)),
    "arrow table": pa.table(COLUMNS),
    "masked, nothing missing": np.ma.array(ROWS),
}


@pytest.mark.parametrize("kind", SAME)
def test_numbers_become_numbers(kind):
    found = numeric("x", SAME[kind])
    assert found.dtype.kind == "f"
    np.testing.assert_array_equal(found, np.array(ROWS))


WHOLE: dict[str, Any] = {
    "list": [1, 0, 2],
    "objects": np.array([1, np.int64(0), 2], object),
    "series": pd.Series([1, 0, 2]),
    "nullable": pd.Series([1, 0, 2], dtype="Int64"),
    "extension array": pd.array([1, 0, 2]),
    "index": pd.Index([1, 0, 2]),
    "categories": pd.Series([1, 0, 2], dtype="category"),
    "polars": pl.Series([1, 0, 2]),
    "arrow": pa.array([1, 0, 2]),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_numbers_stay_whole(kind):
    found = numeric("y", WHOLE[kind])
    assert found.dtype.kind in "iu"
    assert found.tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    "given", [pd.Series([True, False], dtype="boolean"), np.array([True, False], object)]
)
def test_flags_stay_flags(given):
    assert numeric("y", given).dtype == bool


TEXTS = ["a", None, "b"]
MISSING: dict[str, Any] = {
    "list": TEXTS,
    "objects": np.array(TEXTS, object),
    "objects with NaN": np.array(["a", np.nan, "b"], object),
    "objects with NA": np.array([1, pd.NA, 0], object),
    "floats": np.array([1.0, np.nan, 0.0]),
    "list of floats": [1.0, float("nan"), 0.0],
    "decimals": [Decimal(1), Decimal("NaN"), Decimal(0)],
    "times of NumPy": np.array(["2024-01-01", "NaT", "2024-01-02"], "M8[D]"),
    "masked": np.ma.array([1, 0, 1], mask=[False, True, False]),
    "series of texts": pd.Series(TEXTS),
    "object series": pd.Series(TEXTS, dtype=object),
    "string": pd.Series(TEXTS, dtype="string"),
    "category": pd.Series(TEXTS, dtype="category"),
    "Int64": pd.Series([1, None, 0], dtype="Int64"),
    "Float64": pd.Series([1.0, None, 0.0], dtype="Float64"),
    "boolean": pd.Series([True, None, False], dtype="boolean"),
    "times": pd.Series(pd.to_datetime(["2024-01-01", "NaT", "2024-01-02"])),
    "arrow dtype": pd.Series([1, None, 0], dtype="int64[pyarrow]"),
    "extension array": pd.array([1, None, 0]),
    "index": pd.Index([1.0, None, 0.0]),
    "polars": pl.Series(TEXTS),
    "polars whole": pl.Series([1, None, 0]),
    "polars flags": pl.Series([True, None, False]),
    "arrow": pa.array([1, None, 0]),
}


@pytest.mark.parametrize("kind", MISSING)
def test_what_is_missing_is_told_by_its_row(kind):
    with pytest.raises(DataError, match=r"^y is missing in row 1; fill it in or leave the row out$"):
        refuse_missing("y", MISSING[kind])


@pytest.mark.parametrize("given", [[1, 2], "abc", None, 3, [[1], [1, 2]], np.array(["a"]), pd.Series(["a"])])
def test_where_nothing_is_missing_nothing_is_said(given):
    refuse_missing("y", given)


def test_rows_with_labels_and_columns_are_named():
    frame = pd.DataFrame({"a": [1, 2], "b": [None, None]}, index=["p", "q"])
    with pytest.raises(DataError, match=r"^y is missing in row 0 \(index 'p'\), column 'b', and in 1 more"):
        refuse_missing("y", frame)


NOT_NUMBERS = "x has columns that are not numbers: "
FAULTS: dict[str, tuple[Any, str]] = {
    "polars null": (pl.DataFrame({"a": [1, None]}), r"x is missing in row 1, column 'a'; fill"),
    "polars text": (
        pl.DataFrame({"a": [1, 2], "b": ["u", "v"]}),
        NOT_NUMBERS + r"'b' \('u' in row 0",
    ),
    "text beside a gap": (
        pd.DataFrame({"a": [1.0, None], "b": ["u", None]}),
        NOT_NUMBERS + "'b'",
    ),
    "arrow null": (pa.table({"a": [1, None]}), r"x is missing in row 1, column 'a'"),
    "object column": (pd.DataFrame({"a": [1.5, None]}, dtype=object), r"x is missing in row 1, column 'a'"),
    "dates": (
        pd.DataFrame({"a": pd.to_datetime(["2024-01-01"])}),
        NOT_NUMBERS + r"'a' \(Timestamp",
    ),
    "list with text": (
        [[1, "a"], [2, "b"]],
        r"x holds the text 'a' in row 0, column 1; turn it",
    ),
    "list with None": ([[1, 2], [3, None]], r"x is missing in row 1, column 1; fill it in"),
    "objects with a dict": (np.array([1.0, {}], object), r"x holds a dict, {} in row 1"),
    "complex": (np.array([1j], object), r"x holds a complex, 1j in row 0"),
    "too large": ([10**30, 1], r"x holds whole numbers that are too large"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_what_is_no_number_is_named_with_its_place(kind):
    given, message = FAULTS[kind]
    with pytest.raises(DataError, match="^" + message):
        numeric("x", given)


def test_frames_of_others_have_their_names():
    for frame in (pl.DataFrame(COLUMNS), pa.table(COLUMNS), pd.DataFrame(COLUMNS)):
        assert column_names(as_pandas(frame)) == ("a", "b")
    assert column_names(as_pandas(np.array(ROWS))) is None
