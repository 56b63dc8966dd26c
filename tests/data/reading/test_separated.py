"""Text tables: separators, decimals, line numbers, scikit-learn's files, and malformed files by message."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from hypothesis import given
from hypothesis import strategies as st

from chainrule.data import read_table
from chainrule.data.reading.separated import read_separated
from chainrule.errors import DataError

SHIPPED = Path(sklearn.datasets.__file__).parent / "data"


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str = "sales.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "A.CSV"])
def test_the_separator_is_told_from_the_content(write, separator, name):
    lines = [["age", "city", "price"], ["31", "Bern", "1.5"], ["40", "Rome", "2.25"]]
    frame = read_table(write("\n".join(separator.join(line) for line in lines) + "\n", name))
    assert list(frame.columns) == ["age", "city", "price"]
    assert frame["age"].tolist() == [31, 40]
    assert frame["city"].tolist() == ["Bern", "Rome"]
    assert frame["price"].tolist() == [1.5, 2.25]


def test_decimal_commas_between_semicolons(write):
    frame = read_table(write("x;y;label\n1,5;2,25;a\n-3,75;4;b\n"))
    assert frame["x"].tolist() == [1.5, -3.75]
    assert frame["y"].tolist() == [2.25, 4.0]


def test_other_separators_inside_quotes_do_not_mislead(write):
    frame = read_table(write('name,"a;b;c",price\n"x;y;z",1,2\n"p, q",3,4\n'))
    assert list(frame.columns) == ["name", "a;b;c", "price"]
    assert frame["name"].tolist() == ["x;y;z", "p, q"]


def test_spaces_byte_order_mark_and_windows_line_ends(write):
    frame = read_table(write("\ufeffage, city \r\n31, Bern\r\n40, Rome\r\n"))
    assert list(frame.columns) == ["age", "city"]
    assert frame["city"].tolist() == ["Bern", "Rome"]
    assert frame.index.tolist() == [2, 3]


def test_missing_values_and_question_marks(write):
    frame = read_table(write("a,b\n1,x\n?,\nNA,y\n"))
    assert frame["a"].isna().tolist() == [False, True, True]
    assert frame["b"].isna().tolist() == [False, True, False]


def test_index_holds_the_line_where_each_record_begins(write):
    frame = read_table(write('a,b\n1,"two\nlines"\n\n2,x\n   \n3,y'))
    assert frame.index.name == "line"
    assert frame.index.tolist() == [2, 5, 7]
    assert frame["a"].tolist() == [1, 2, 3]


def test_the_quick_count_of_lines_agrees_with_the_careful_one(write):
    plain = "a,b\n1,x\n2,y\n3,z"
    quoted = plain.replace("z", '"z"')
    for content in (plain, plain + "\n", plain.replace("\n", "\r\n")):
        assert (
            read_table(write(content)).index.tolist() == read_table(write(quoted)).index.tolist() == [2, 3, 4]
        )


def test_a_separator_at_the_end_of_every_line_makes_no_column(write):
    assert list(read_table(write("a,b,\n1,2,\n3,4,\n")).columns) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("iris.csv", sklearn.datasets.load_iris),
        ("wine_data.csv", sklearn.datasets.load_wine),
        ("breast_cancer.csv", sklearn.datasets.load_breast_cancer),
    ],
)
def test_files_shipped_by_scikit_learn(name, load):
    oracle = load()
    frame = read_table(SHIPPED / name)
    features = oracle.data.shape[1]
    assert list(frame.columns) == [f"feature_{number}" for number in range(1, features + 1)] + ["target"]
    assert np.array_equal(frame.iloc[:, :-1].to_numpy(), oracle.data)
    assert frame["target"].tolist() == oracle.target_names[oracle.target].tolist()
    assert frame.index.tolist() == list(range(2, len(frame) + 2))


@pytest.mark.parametrize(
    "content",
    [
        "3,2,a,b\n1.0,2.0,0\n1.5,2.5,1\n",  # says 3 rows but has 2
        "3,2,a,b\n1.0,2.0,0\n1.5,2.5,1\n1.5,2.5,7\n",  # there is no class 7
    ],
)
def test_what_only_looks_like_a_shipped_file_is_an_ordinary_one(write, content):
    with pytest.raises(DataError, match=r"sales.csv, line 2: 3 fields where the header has 4"):
        read_table(write(content))


def test_years_as_column_names_are_column_names(write):
    frame = read_table(write("2,2,total\n1,2,3\n4,5,9\n".replace("2,2", "2019,2020")))
    assert list(frame.columns) == ["2019", "2020", "total"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"sales.csv is empty \(0 bytes\); give a file with column names and rows"),
        ("\n  \n\n", r"sales.csv is empty; give"),
        ("a,b\n", r"sales.csv has no rows, only a header; add rows"),
        ("a,b,a\n1,2,3\n", r"sales.csv: the column name 'a' occurs 2 times; give every column a name"),
        (
            "a,b\n1,2\n1,2,3\n",
            r"sales.csv, line 3: 3 fields where the header has 2 \(separated by commas\); correct",
        ),
        (
            "a;b\n1;2\n3;4\n1\n",
            r"sales.csv, line 4: 1 field where the header has 2 \(separated by semicolons\)",
        ),
        ("a,b\n1,2,3\n1,2,3\n", r"sales.csv, line 2: 3 fields where the header has 2"),
        ('a,b\n1,2\n3,"x\n4,5\n', r"sales.csv, line 3: malformed quotes .*; close every \""),
        ('a,b\n1,"x" y\n', r"sales.csv, line 2: malformed quotes"),
    ],
)
def test_malformed_files_are_named_with_line_and_remedy(write, content, message):
    with pytest.raises(DataError, match=message):
        read_table(write(content))


def test_bytes_that_are_not_utf8_are_placed(write):
    with pytest.raises(
        DataError, match=r"sales.csv is not UTF-8: the byte at offset 10 .*iconv -f latin1 -t utf-8"
    ):
        read_table(write(b"a,b\n1,abcd\xe9\n"))


def test_numbers_agree_with_pandas(write):
    rng = np.random.default_rng(0)
    expected = pd.DataFrame(
        rng.normal(size=(300, 4)) * 10.0 ** rng.integers(-9, 9, (300, 4)), columns=list("abcd")
    )
    frame = read_table(write(expected.to_csv(index=False)))
    assert np.array_equal(frame.to_numpy(), expected.to_numpy())


CELLS = st.text(st.sampled_from('a7.,;"\n\t |x-'), max_size=6).map(str.strip)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12),
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_cells_come_back_however_they_are_written(rows, separator, quoting, ends):
    """Read at once by pyarrow, or record by record: the csv module, which wrote them, is the oracle."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=ends)
    writer.writerows([("one", "two", "three"), *rows])
    raw = read_separated(text.getvalue().encode(), "t.csv")
    assert list(raw.frame.columns) == ["one", "two", "three"]
    for name, column in zip(raw.frame.columns, zip(*rows, strict=True), strict=True):
        assert [each or "" for each in raw.cells(name).texts.to_pylist()] == list(column)


def test_a_column_that_begins_with_numbers_only_may_go_on_with_text(monkeypatch):
    monkeypatch.setattr("chainrule.data.reading.separated._LOOK", 40)
    content = "a,b,c\n" + "1,2,3\n" * 20 + "1,x,nan\n4,5,6\n"
    raw = read_separated(content.encode(), "t.csv")
    assert raw.cells("b").texts.to_pylist()[-2:] == ["x", "5"]
    assert raw.cells("c").texts.to_pylist()[-2:] == ["nan", "6"]
    assert raw.cells("a").numbers is not None
    assert raw.cells("b").numbers is raw.cells("c").numbers is None


def test_a_quote_after_spaces_opens_a_field(write):
    frame = read_table(write('a,b\n1, "x, y"\n2, z\n'))
    assert frame["b"].tolist() == ["x, y", "z"]
