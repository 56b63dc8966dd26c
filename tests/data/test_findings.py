"""What a look at a table finds before training, planted one by one in a table that has nothing."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data import Table, findings
from chainrule.errors import ConfigError

ROWS = 400


def clean(task: str = "classification") -> pd.DataFrame:
    random = np.random.default_rng(0)
    x, z = random.normal(size=(2, ROWS))
    frame = pd.DataFrame({"x": x, "z": z, "city": random.choice(["Rome", "Oslo"], ROWS)})
    noisy = x + z + random.normal(size=ROWS)
    frame["y"] = np.where(noisy > 0, "yes", "no") if task == "classification" else noisy
    return frame


def found(frame: pd.DataFrame, task: str = "classification") -> list[tuple[str, str | None]]:
    return [(each.what, each.column) for each in findings(Table(frame, "y", "t.csv"), task)]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_nothing_is_found_where_there_is_nothing(task: str) -> None:
    assert found(clean(task), task) == []


def test_duplicate_rows_are_counted_and_placed() -> None:
    frame = clean()
    doubled = pd.concat([frame, frame.iloc[[3, 7]]], ignore_index=True).assign(row_id=range(ROWS + 2))
    (duplicates, identifier) = findings(Table(doubled, "y", "t.csv"), "classification")
    assert duplicates.what == "duplicate rows"  # though every row has a number of its own
    assert duplicates.evidence == "2 rows are like an earlier one in every column (rows 400 and 401)"
    assert (identifier.what, identifier.column) == ("identifier", "row_id")


def test_constant_columns() -> None:
    assert found(clean().assign(c=1)) == [("constant column", "c")]
    assert found(clean().assign(c=[None, 1.0] * (ROWS // 2))) == []


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_columns_that_give_the_target_away(task: str) -> None:
    frame = clean(task)
    copy = frame["y"].map({"yes": "Y", "no": "N"}) if task == "classification" else frame["y"] * 3 - 1
    (giveaway,) = findings(Table(frame.assign(copy=copy), "y", "t.csv"), task)
    assert (giveaway.what, giveaway.column) == ("giveaway", "copy")
    assert "by itself it tells" in giveaway.evidence
    assert "'y'" in giveaway.evidence
    assert str(giveaway).startswith("giveaway 'copy': by itself it tells")


def test_a_date_can_give_the_target_away() -> None:
    frame = clean()
    day = np.where(frame["y"] == "yes", "2024-01-01", "2023-01-01")
    assert found(frame.assign(closed=day)) == [("giveaway", "closed")]


def test_identifiers_and_those_that_leak() -> None:
    frame = clean()
    random_id = np.random.default_rng(1).permutation(ROWS)
    (harmless,) = findings(Table(frame.assign(customer_id=random_id), "y", "t.csv"), "classification")
    assert (harmless.what, harmless.remedy) == ("identifier", "it is left out")
    ordered = frame.sort_values("y", ignore_index=True).assign(number=np.arange(100, 100 + ROWS))
    (leaking,) = findings(Table(ordered, "y", "t.csv"), "classification")
    assert (leaking.what, leaking.column) == ("identifier", "number")
    assert "tells 9" in leaking.evidence or "tells 100%" in leaking.evidence
    assert "sorted or numbered by the target" in leaking.remedy


def test_class_imbalance_from_ten_to_one() -> None:
    frame = clean()
    for rare, expected in ((36, [("class imbalance", "y")]), (37, [])):
        assert found(frame.assign(y=["yes"] * rare + ["no"] * (ROWS - rare))) == expected


def test_skewed_targets() -> None:
    frame = clean("regression")
    (skewed,) = findings(Table(frame.assign(y=np.exp(2 * frame["y"])), "y", "t.csv"), "regression")
    assert (skewed.what, skewed.column) == ("skewed target", "y")


def test_another_task_is_refused() -> None:
    with pytest.raises(ConfigError, match="task is 'ranking'"):
        found(clean(), "ranking")
