"""What a column of texts holds is told from all of its rows, and said where it is not obvious."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data.reading.cells import Cells
from chainrule.data.reading.column import ColumnReading, Setting, learn_column

ROWS = 300
FILE = Setting()
TYPED = Setting(typed=True)


def learned(values, setting: Setting = FILE, *, quoted: bool = False, target: bool = False) -> ColumnReading:
    column = pd.Series(values, name="x", index=pd.RangeIndex(2, len(values) + 2, name="line"), dtype="str")
    return learn_column(Cells(column, np.full(len(column), quoted)), setting, target=target)[0]


def every(step: int, mark: str, values=None) -> list[str]:
    numbers = [f"{number * 1.7:.1f}" for number in range(ROWS)] if values is None else values
    return [mark if row % step == 0 else text for row, text in enumerate(numbers)]


@pytest.mark.parametrize("mark", ["-", "--", "n.d.", "unknown", ".", "NA", "?", "not measured"])
def test_texts_that_return_among_numbers_mark_what_is_missing(mark):
    reading = learned(every(20, mark))
    assert reading.kind == "number"
    assert reading.gaps == (mark,)
    if mark not in ("NA", "?"):  # everybody's marks need no word
        assert reading.note == f"has {mark!r} (15 rows, first line 2), read as missing"


def test_the_rows_of_the_marks_do_not_matter():
    numbers = [f"{number * 1.7:.1f}" for number in range(ROWS)]
    for place in (0, 60, ROWS - 1):
        numbers[place] = "-"
        assert learned(numbers).kind == "number"
        numbers[place] = "1.0"


def test_numbers_with_one_text_among_few_are_categories():
    assert learned(["0", "1", "2", "3+"] * 75).kind == "text"
    assert learned(["007", "008", "spy"] * 100).kind == "text"
    assert learned(["0", "1", "2", "-"] * 75).kind == "number"  # that one is known to mean nothing else


def test_many_texts_among_numbers_make_text():
    assert learned([str(n) if n % 2 else f"A{n}" for n in range(ROWS)]).kind == "text"


def test_zeros_before_whole_numbers_make_codes_where_they_return():
    assert learned(["007", "008", "123"] * 100).kind == "text"
    assert learned(["7", "08", "123"] * 100).kind == "number"
    assert learned([f"{number:05}" for number in range(ROWS)]).kind == "number"


def test_texts_told_from_numbers_by_who_wrote_them_are_names_where_they_return():
    assert learned(["1", "2", "3"] * 100, TYPED).kind == "text"
    assert learned([str(number) for number in range(ROWS)], TYPED).kind == "number"


@pytest.mark.parametrize("texts", [["TRUE", "false"], ["True", "False", "NA"], ["true", "-"]])
def test_true_and_false(texts):
    assert learned(texts * 30).kind == "boolean"


@pytest.mark.parametrize("marker", ["None", "NA", "null", "nan", "n/a", "?"])
@pytest.mark.parametrize("others", [["Insomnia", "Apnea"], ["Yes"]])
def test_in_a_target_a_frequent_marker_is_a_class_and_said(marker, others):
    reading = learned([marker, *others] * 60, target=True)
    assert marker not in reading.gaps
    assert reading.note.startswith(f"has {marker!r} in 60 rows, which is read as a class")
    rare = learned([marker, *others * 60, *["No"] * 60], target=True)
    assert marker in rare.gaps
    assert rare.note.startswith(f"has {marker!r} in 1 row, which is read as a missing value")
    assert marker in learned([marker, *others] * 60).gaps  # in other columns it is missing


def test_a_marker_in_quotes_is_text_and_the_user_has_the_last_word():
    assert learned(["None", *["Yes", "No"] * 30], quoted=True, target=True).note == ""
    told = Setting(missing=("No",))
    assert learned(["None", "Yes", "No"] * 30, told, target=True).gaps == ("No",)


def test_dates_but_for_some():
    days = [f"2024-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 26)]
    days[7] = "0000-00-00"
    days[9] = "soon"
    reading = learned(days)
    assert (reading.kind, set(reading.gaps)) == ("date", {"0000-00-00", "soon"})
    assert reading.note == "has '0000-00-00' (line 9), 'soon' (line 11), read as missing"
    assert (
        learned([day.replace("-", "/") for day in days if day[0] == "2"]).note
        == "holds dates written year/month/day"
    )


def test_one_offset_is_a_zone_and_several_are_not():
    assert learned(["2024-01-01T00:00:00+02:00", "2024-01-02T00:00:00+02:00"]).zone == "UTC+02:00"
    assert learned(["2024-01-01T00:00:00-03:30"]).zone == "UTC-03:30"
    assert learned(["2024-03-30T00:00:00+01:00", "2024-03-31T04:00:00+02:00"]).zone == ""
    assert learned(["2024-01-01T00:00:00"]).zone == ""
