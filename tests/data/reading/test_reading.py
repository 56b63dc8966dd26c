"""What was learned of a file is kept, and other files are read by it; labels come back as they stood."""

import json

import numpy as np
import pandas as pd
import pytest

from chainrule.data import Reading, check_table, classes_of, load_table, read_table
from chainrule.data.reading import Raw, learn_reading, open_raw
from chainrule.errors import DataError


@pytest.fixture
def write(tmp_path):
    def write(content: str, name: str = "t.csv"):
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return write


def rows(*columns: str, count: int = 60) -> str:
    """A table of some columns, each 'name:cell cell …' whose cells return."""
    names, cells = zip(*(column.split(":", 1) for column in columns), strict=True)
    lines = [",".join(each.split("_")[row % len(each.split("_"))] for each in cells) for row in range(count)]
    return "\n".join([",".join(names), *lines]) + "\n"


def classes(path) -> tuple:
    table, _ = check_table(load_table(path, "y"), "classification")
    return classes_of(table.target_values())


def test_a_reading_comes_back_from_json(write):
    path = write(
        rows("a:007_008", "b:1.5_-", "c:TRUE_false", "d:31.12.2024_01.12.2024", "e:$1.5_$2.5", "y:x_z")
    )
    reading = learn_reading(open_raw(path), "y")
    again = Reading.from_json(json.loads(json.dumps(reading.to_json())))
    assert again == reading
    pd.testing.assert_frame_equal(read_table(path, again), read_table(path))


def test_one_row_is_read_as_in_its_file(write):
    reading = learn_reading(open_raw(write(rows("c:007_008_spy", "x:1_2_3"))))
    alone = read_table(write("c,x\n007,1\n", "one.csv"), reading)
    assert alone["c"].tolist() == ["007"]
    for text in ("01", "1.0", "+1", "1E5", "TRUE", "INF"):
        assert read_table(write(f"c,x\n{text},1\n", "one.csv"), reading)["c"].tolist() == [text]


def test_the_decimal_mark_of_other_columns_tells_what_a_comma_means(write):
    tables = {
        "a;b\n1,234;0,5\n5,678;1,25\n": ([1.234, 5.678], [0.5, 1.25]),
        "a;b\n1,234;0.5\n5,678;1.25\n": ([1234, 5678], [0.5, 1.25]),
        "a;b\n1.234;0,5\n5.678;1,25\n": ([1234, 5678], [0.5, 1.25]),
        "a;b\n1.234;7\n5.678;8\n": ([1.234, 5.678], [7, 8]),
    }
    for content, (a, b) in tables.items():
        frame = read_table(write(content))
        assert (frame["a"].tolist(), frame["b"].tolist()) == (a, b), content
    whole = learn_reading(open_raw(write("a;b\n1;0,5\n2;1,25\n")))
    assert read_table(write("a;b\n1,5;2\n"), whole)["a"].tolist() == [1.5]
    ambiguous = learn_reading(open_raw(write("a;b\n1,234;x\n5,678;y\n")))
    assert "'1,234' with a thousands mark" in ambiguous.notes[0]


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        ("0_1", (0, 1)),
        ("007_012", ("007", "012")),
        ("1.0_2.0", ("1.0", "2.0")),
        ("0.5_2.0", (0.5, 2.0)),
        ("1_2.0_1_2.0_1.0", ("1", "2.0")),  # as they are written most often
        ("+1_-1", ("+1", "-1")),
        ("True_False", (False, True)),
        ("TRUE_FALSE", ("FALSE", "TRUE")),
        ("9007199254740993_9007199254740992_9007199254740995_", (2**53, 2**53 + 1, 2**53 + 3)),
        ("yes_no", ("no", "yes")),
        ("12%_15%", ("12%", "15%")),
        ("None_Insomnia_Apnea", ("Apnea", "Insomnia", "None")),
    ],
)
def test_labels_as_they_stand_in_the_file(write, cells, labels):
    found = classes(write(rows("x:1_2_3_4_5", f"y:{cells}", count=80)))
    assert found == labels
    assert [type(each) for each in found] == [type(each) for each in labels]


def test_a_value_that_does_not_fit_is_named_by_line_and_column(write):
    content = rows("x:1.5_2.5", "day:2024-01-01_2024-01-02", "on:true_false", "y:1_2")
    reading = learn_reading(open_raw(write(content)))
    wrong = {
        "x": ("abc,2024-01-01,true,1", "'x', line 3: 'abc' is not a number"),
        "day": ("1,soon,true,1", "'day', line 3: 'soon' is not a date"),
        "on": ("1,2024-01-01,2,1", "'on', line 3: '2' is neither true nor false"),
    }
    for line, message in wrong.values():
        path = write(f"x,day,on,y\n1,2024-01-01,true,1\n{line}\n", "new.csv")
        with pytest.raises(DataError, match=message):
            read_table(path, reading)


def test_types_from_elsewhere_are_read_alike():
    frame = pd.DataFrame({"code": ["7", "8"] * 9, "x": [1.5, 2] * 9, "on": [True, False] * 9})
    reading = learn_reading(Raw(frame, "t"))
    other = pd.DataFrame({"code": [7, 8.0], "x": ["1.5", None], "on": [1, 0]})
    read = reading.applied(Raw(other, "t"))
    assert read["code"].tolist() == ["7", "8"]
    np.testing.assert_array_equal(read["x"], [1.5, np.nan])
    assert read["on"].tolist() == [True, False]
    with pytest.raises(DataError, match=r"t, column 'on', row 1: 2 is neither true nor false"):
        reading.applied(Raw(other.assign(on=[1, 2]), "t"))
    with pytest.raises(DataError, match=r"t, column 'x', row 0: .* is not a number"):
        reading.applied(Raw(other.assign(x=pd.date_range("2024", periods=2)), "t"))


def test_a_zone_is_kept_and_its_clock_counts():
    days = pd.date_range("2024-03-30 12:00", periods=4, freq="D", tz="Europe/Berlin")
    reading = learn_reading(Raw(pd.DataFrame({"day": days}), "t"))
    assert reading.columns["day"].zone == "Europe/Berlin"
    for given in (days, days.tz_convert("UTC"), [day.isoformat() for day in days.tz_convert("Asia/Tokyo")]):
        read = reading.applied(Raw(pd.DataFrame({"day": given}), "t"))["day"]
        assert read.dt.hour.tolist() == [12] * 4


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
def test_an_empty_text_is_missing_in_every_kind_of_file(tmp_path, suffix):
    frame = pd.DataFrame({"c": ["x", "", " ", "y"], "n": [1, 2, 3, 4]})
    path = tmp_path / f"t.{suffix}"
    {"csv": frame.to_csv, "parquet": frame.to_parquet}.get(suffix, frame.to_json)(
        path, **({"orient": "records"} if suffix == "json" else {"index": False})
    )
    assert read_table(path)["c"].isna().tolist() == [False, True, True, False]


def test_a_marker_in_quotes_is_text_in_a_file(write):
    frame = read_table(write('c,n\nNA,1\n"NA",2\nx,3\n'))
    assert frame["c"].isna().tolist() == [True, False, False]
    assert frame["c"].iloc[1] == "NA"


def test_the_same_file_on_other_splits_is_read_alike(write):
    """A '-' among numbers, in whichever row."""
    from chainrule.tasks.table.run import prepare_table
    from chainrule.tasks.table.settings import TableSettings

    lines = [f"{row * 1.5},{row % 7},{row}" for row in range(60)]
    lines[17] = "-,3,17"
    table = load_table(write("\n".join(["x,z,y", *lines])), "y")
    for seed in range(6):
        prepared = prepare_table(table, TableSettings(seed=seed))
        assert {column.name: column.kind for column in prepared.preparation.columns}["x"] == "number"
