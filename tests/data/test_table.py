"""Reading and naming tables: files, DataFrames, targets, splits."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data import Table, can_stratify_table, load_table, read_table, split_table
from chainrule.errors import DataError

FRAME = pd.DataFrame({"age": [31, 40], "city": ["Bern", "Rome"], "price": [1.5, 2.25]})


@pytest.fixture
def sales(tmp_path):
    path = tmp_path / "sales.csv"
    FRAME.to_csv(path, index=False)
    return path


def test_csv_and_parquet_hold_the_same_table(tmp_path, sales):
    FRAME.to_parquet(tmp_path / "sales.parquet")
    from_csv, from_parquet = read_table(sales), read_table(str(tmp_path / "sales.parquet"))
    assert from_csv.to_dict("list") == from_parquet.to_dict("list") == FRAME.to_dict("list")
    assert from_parquet.index.tolist() == [0, 1]


def test_a_named_parquet_index_is_a_column(tmp_path):
    FRAME.set_index("city").to_parquet(tmp_path / "sales.parquet")
    assert sorted(read_table(tmp_path / "sales.parquet").columns) == ["age", "city", "price"]


def test_missing_file_suggests_the_nearest(sales):
    with pytest.raises(
        DataError, match=r"sale\.csv: no such file \(did you mean .*/sales\.csv\?\); check the path"
    ):
        read_table(sales.with_name("sale.csv"))
    with pytest.raises(DataError, match=r"zzz\.csv: no such file; check the path"):
        read_table(sales.with_name("zzz.csv"))
    with pytest.raises(DataError, match=r"no such file \(nor is there a folder .*nowhere\)"):
        read_table(sales.parent / "nowhere" / "a.csv")


def test_directory_and_other_kinds_of_file(tmp_path):
    with pytest.raises(DataError, match=r"is a directory; give the path of a file \(CSV, Excel, JSON"):
        read_table(tmp_path)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    with pytest.raises(DataError, match=r"a\.png is neither text nor one of CSV, Excel, JSON"):
        read_table(tmp_path / "a.png")


def test_damaged_and_empty_parquet(tmp_path):
    path = tmp_path / "sales.parquet"
    FRAME.to_parquet(path)
    whole = path.read_bytes()
    for damaged in (b"no parquet at all", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(
            DataError, match=r"sales\.parquet can't be read as Parquet, it may be damaged: .*again"
        ) as caught:
            read_table(path)
        assert "\n" not in str(caught.value)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"sales\.parquet is empty \(0 bytes\)"):
        read_table(path)
    FRAME.iloc[:0].to_parquet(path)
    with pytest.raises(DataError, match=r"sales\.parquet has no rows"):
        read_table(path)


def test_load_table_names_its_source(sales):
    table = load_table(sales, "price")
    assert (table.source, table.target, len(table)) == (str(sales), "price", 2)
    assert table.target_values().tolist() == [1.5, 2.25]
    assert load_table(FRAME, "price").source == "DataFrame"


def test_missing_target_lists_the_columns_and_the_nearest(sales):
    with pytest.raises(
        DataError, match=r"sales.csv has no column 'Prise' \(did you mean 'price'\?\): it has 'age', 'city'"
    ):
        load_table(sales, "Prise")
    with pytest.raises(
        DataError, match=r"DataFrame has no column 'zzzz': it has .*; name one of them as the target$"
    ):
        load_table(FRAME, "zzzz")


def test_missing_target_of_a_file_without_header_says_so(tmp_path):
    (tmp_path / "a.csv").write_text("5.1,3.5,setosa\n4.9,3.0,setosa\n")
    with pytest.raises(DataError, match=r"\(the first line must hold the column names\)"):
        load_table(tmp_path / "a.csv", "species")


def test_column_names_of_a_frame_become_text():
    table = load_table(pd.DataFrame({0: [1, 2], " b ": [3, 4]}), 0)
    assert list(table.frame.columns) == ["0", "b"]
    assert table.target == "0"


def test_frames_with_unusable_columns():
    with pytest.raises(DataError, match=r"DataFrame: the column name '1' occurs 2 times; give every column"):
        load_table(pd.DataFrame([[1, 2]], columns=[1, "1"]), "1")
    with pytest.raises(DataError, match="several levels"):
        load_table(pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "a")
    with pytest.raises(DataError, match=r"the table is a list; give a file's path or a pandas DataFrame"):
        load_table([1, 2], "a")  # pyright: ignore[reportArgumentType]


def test_split_table_stratifies_classes_and_keeps_line_numbers():
    frame = pd.DataFrame(
        {"x": range(100), "kind": ["a"] * 80 + ["b"] * 20}, index=pd.RangeIndex(2, 102, name="line")
    )
    table = Table(frame, "kind", "t.csv")
    assert can_stratify_table(table, 0.2)
    rest, part = split_table(table, 0.2, seed=0, task="classification")
    for seed in range(5):
        kinds = split_table(table, 0.2, seed, task="classification")[1].frame["kind"]
        assert kinds.value_counts().to_dict() == {"a": 16, "b": 4}
    assert sorted([*rest.frame["x"], *part.frame["x"]]) == list(range(100))
    assert (part.frame.index - 2).tolist() == part.frame["x"].tolist()
    assert part.frame.index.name == "line"


def test_split_table_for_regression_is_plain():
    table = Table(pd.DataFrame({"x": range(50), "y": np.linspace(0, 1, 50)}), "y", "t.csv")
    rest, part = split_table(table, 0.2, seed=0, task="regression")
    assert (len(rest), len(part)) == (40, 10)


def test_of_rows_in_the_order_of_time_the_last_are_split_off():
    frame = pd.DataFrame({"x": range(50), "kind": ["a", "b"] * 25})
    rest, part = split_table(Table(frame, "kind", "t.csv", ordered=True), 0.2, seed=0, task="classification")
    assert rest.frame["x"].tolist() == list(range(40))
    assert part.frame["x"].tolist() == list(range(40, 50))
    assert part.ordered


TOLD_APART = pd.DataFrame({"a": ["x", "y", None], "b": [1.0, 2.0, float("nan")], "c": [1, 2, 3]})


def fingerprint_of(frame: pd.DataFrame, source: str = "x") -> str:
    return Table(frame, "c", source).fingerprint()


def test_equal_tables_are_equal_however_they_are_called_and_numbered():
    assert fingerprint_of(TOLD_APART.set_index(pd.Index([7, 8, 9])), "y") == fingerprint_of(TOLD_APART.copy())
    assert fingerprint_of(TOLD_APART).startswith("3 rows, 3 columns, sha256 ")


@pytest.mark.parametrize(
    "other",
    [
        TOLD_APART.iloc[::-1],
        TOLD_APART.iloc[:2],
        TOLD_APART[["b", "a", "c"]],
        TOLD_APART.rename(columns={"a": "d"}),
        TOLD_APART.assign(a=["x", "y", ""]),
        TOLD_APART.assign(b=[1.0, 2.0, 0.0]),
        TOLD_APART.assign(c=[1, 2, 4]),
    ],
)
def test_other_tables_are_others(other):
    assert fingerprint_of(other) != fingerprint_of(TOLD_APART)


def test_tables_of_lists_have_a_fingerprint():
    frame = pd.DataFrame({"a": [[1], [2]], "c": [1, 2]})
    assert "2 rows" in fingerprint_of(frame)
    assert fingerprint_of(frame) != fingerprint_of(pd.DataFrame({"a": [[1], [3]], "c": [1, 2]}))
