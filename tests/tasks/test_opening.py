"""Tables are told apart by what they hold, not by what they are called."""

import pandas as pd
import pytest

from chainrule.data import Table
from chainrule.tasks.opening import table_fingerprint

FRAME = pd.DataFrame({"a": ["x", "y", None], "b": [1.0, 2.0, float("nan")], "c": [1, 2, 3]})


def of(frame: pd.DataFrame, source: str = "x") -> str:
    return table_fingerprint(Table(frame, "c", source))


def test_equal_tables_are_equal_however_they_are_called_and_numbered():
    assert of(FRAME.set_index(pd.Index([7, 8, 9])), "y") == of(FRAME.copy())
    assert of(FRAME).startswith("3 rows, 3 columns, sha256 ")


@pytest.mark.parametrize(
    "other",
    [
        FRAME.iloc[::-1],
        FRAME.iloc[:2],
        FRAME[["b", "a", "c"]],
        FRAME.rename(columns={"a": "d"}),
        FRAME.assign(a=["x", "y", ""]),
        FRAME.assign(b=[1.0, 2.0, 0.0]),
        FRAME.assign(c=[1, 2, 4]),
    ],
)
def test_other_tables_are_others(other):
    assert of(other) != of(FRAME)


def test_tables_of_lists_have_a_fingerprint():
    frame = pd.DataFrame({"a": [[1], [2]], "c": [1, 2]})
    assert "2 rows" in of(frame)
    assert of(frame) != of(pd.DataFrame({"a": [[1], [3]], "c": [1, 2]}))
