"""Findings in a whole table before training: data that make results look too good, or need care."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.checks import check_task, label_numbers
from chainrule.data.roles import is_identifier
from chainrule.data.table import Table
from chainrule.data.target import SKEWED, skewness
from chainrule.data.values import column_of, days_of, keys_of, kind_of, mean_and_deviation, numbers_of
from chainrule.data.wording import counted, places

if TYPE_CHECKING:
    import pandas as pd

EXAMINED_ROWS = 4000
IMBALANCED = 10
"""Classes whose numbers of rows differ by this factor are weighted."""
TOO_GOOD = 0.99
"""Share of the target that a single column must tell to be suspected of giving it away."""
LEFT_OUT = "it is left out"
"""The remedy that the preparation applies by itself, and notes."""


@dataclass(frozen=True)
class Finding:
    """Something about a table that its owner should know before training.

    what: 'duplicate rows', 'constant column', 'giveaway' (a column that reveals the target), 'identifier',
    'class imbalance' or 'skewed target'. column: the column concerned, or None. evidence: a clause with
    numbers. remedy: what to do, or what is done.
    """

    what: str
    column: str | None
    evidence: str
    remedy: str

    def __str__(self) -> str:
        about = "" if self.column is None else f" {self.column!r}"
        return f"{self.what}{about}: {self.evidence}; {self.remedy}"


def findings(table: Table, task: str) -> tuple[Finding, ...]:
    """Duplicate rows, constant columns, columns that reveal the target, identifiers, an uneven target.

    table: all rows with a target (`check_table`). task: 'classification' or 'regression'.
    For large tables, a random sample of 4,000 rows is searched for columns that reveal the target. Nothing is
    changed. Raises ConfigError for another task.
    """
    check_task(task)
    frame, target = table.frame, table.target
    names = [name for name in frame.columns if name != target and kind_of(column_of(frame, name)) != "other"]
    varying = [name for name in names if column_of(frame, name).nunique(dropna=False) > 1]
    identifiers = [name for name in varying if _identifies(column_of(frame, name), table.source)]
    found = [
        *_duplicates(frame, [name for name in (*varying, target) if name not in identifiers]),
        *(
            Finding("constant column", name, "it has one value only", LEFT_OUT)
            for name in names
            if name not in varying
        ),
        *_telling(table, task, varying, identifiers),
        *(_alike_classes(table) if task == "classification" else ()),
        *(_uneven_classes(table) if task == "classification" else _skewed(table)),
    ]
    return tuple(found)


def class_counts(labels: np.ndarray) -> np.ndarray:
    """The number of rows of each class, from class numbers; classes without rows are left out."""
    return np.unique(labels, return_counts=True)[1]


def is_imbalanced(labels: np.ndarray) -> bool:
    """Whether the most frequent class has at least ten times the rows of the rarest."""
    counts = class_counts(labels)
    return bool(counts.max() >= IMBALANCED * counts.min())


def _identifies(series: "pd.Series", source: str) -> bool:
    """Whether a column numbers the rows, by its name or because its numbers follow each other."""
    if kind_of(series) != "number" or series.isna().any():
        return False
    numbers = numbers_of(series, source)
    return is_identifier(series, source) or (len(numbers) > 10 and bool((np.diff(numbers) == 1).all()))


def _duplicates(frame: "pd.DataFrame", names: list[str]) -> Iterator[Finding]:
    again = frame[names].duplicated().to_numpy()
    count = int(again.sum())
    if not count:
        return
    where = places(frame, np.flatnonzero(again).tolist())
    rows, are = counted(count, "row"), "is" if count == 1 else "are"
    yield Finding(
        "duplicate rows",
        None,
        f"{rows} {are} like an earlier one in every column ({where})",
        "metrics on held-out rows are too good if a copy was trained on: remove duplicates",
    )


def _telling(table: Table, task: str, names: list[str], identifiers: list[str]) -> Iterator[Finding]:
    """Columns that reveal the target by themselves, and identifiers, which should not."""
    random = np.random.default_rng(0)
    rows = random.permutation(len(table))[:EXAMINED_ROWS]
    examined = table.take(rows)
    target = _codes(examined.target_values(), table.source, classes=task == "classification")
    if task == "regression":  # so that no square overflows
        mean, deviation = mean_and_deviation(target)
        target = (target - mean) / (deviation or 1.0)
    cut = len(rows) // 2
    nothing = _nothing_known(target, cut, task)
    for name in names:
        share = _told(_codes(column_of(examined.frame, name), table.source), target, cut, task, nothing)
        if name in identifiers:
            leaks = share > 0.5
            evidence = "it numbers the rows" + (f", and tells {share:.0%} of the target" if leaks else "")
            named_so = is_identifier(column_of(table.frame, name), table.source)
            remedy = LEFT_OUT if named_so else "leave it out"
            remedy = f"the rows were sorted or numbered by the target: {remedy}" if leaks else remedy
            yield Finding("identifier", name, evidence, remedy)
        elif share >= TOO_GOOD:
            yield Finding(
                "giveaway",
                name,
                f"by itself it tells {share:.1%} of {table.target!r}",
                "leave it out, unless it is known before the target is",
            )


def _told(column: np.ndarray, target: np.ndarray, cut: int, task: str, nothing: float) -> float:
    """By what share a tree on one column reduces the error of a constant prediction, on other rows."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if nothing == 0 or cut < 10:
        return 0.0
    kind = DecisionTreeClassifier if task == "classification" else DecisionTreeRegressor
    tree = kind(min_samples_leaf=3, random_state=0).fit(column[:cut, None], target[:cut])
    predicted = np.asarray(tree.predict(column[cut:, None]))
    return 1.0 - _error(predicted, target[cut:], task) / nothing


def _nothing_known(target: np.ndarray, cut: int, task: str) -> float:
    """The error, on the other rows, of always predicting the most frequent class or the mean."""
    learned = target[:cut]
    if task == "regression":
        return _error(learned.mean(), target[cut:], task) if cut else 0.0
    values, counts = np.unique(learned, return_counts=True)
    return _error(values[counts.argmax()], target[cut:], task) if cut else 0.0


def _error(predicted: np.ndarray | float, target: np.ndarray, task: str) -> float:
    """The share of wrong classes, or the mean squared error."""
    each = np.not_equal(predicted, target) if task == "classification" else (predicted - target) ** 2
    return float(np.mean(each))


def _codes(series: "pd.Series", source: str, *, classes: bool = False) -> np.ndarray:
    """A column as numbers for a tree: itself, or the numbers of its categories."""
    kind = kind_of(series)
    if not classes and kind in ("number", "boolean"):
        numbers = numbers_of(series, source)
    elif kind == "date":
        numbers = days_of(series, source)
    else:
        return np.unique(keys_of(series).astype(str), return_inverse=True)[1].astype(np.float64)
    finite = np.isfinite(numbers)
    return np.where(finite, numbers, numbers[finite].min(initial=0.0) - 1.0)


def _alike_classes(table: Table) -> Iterator[Finding]:
    """Classes that differ only by capital letters or inner spaces, which is hardly intended."""
    labels, counts = np.unique(keys_of(table.target_values().dropna()).astype(str), return_counts=True)
    alike: dict[str, list[int]] = {}
    for number, label in enumerate(labels):
        alike.setdefault(" ".join(label.casefold().split()), []).append(number)
    for numbers in alike.values():
        if len(numbers) > 1:
            said = " and ".join(f"{str(labels[n])!r} ({counts[n]:,})" for n in numbers)
            yield Finding(
                "classes that differ only in spelling",
                table.target,
                said,
                "they count as different classes: use one spelling if they are the same",
            )


def _uneven_classes(table: Table) -> Iterator[Finding]:
    labels = label_numbers(table.target_values())
    if is_imbalanced(labels):
        counts = class_counts(labels)
        yield Finding(
            "class imbalance",
            table.target,
            f"the rarest class has {counts.min():,} of {len(labels):,} rows, the largest {counts.max():,}",
            "rare classes get larger weights in training (class_weight)",
        )


def _skewed(table: Table) -> Iterator[Finding]:
    skew = skewness(numbers_of(table.target_values(), table.source))
    if abs(skew) > SKEWED:
        yield Finding(
            "skewed target",
            table.target,
            f"its skewness is {skew:.1f}",
            "it is transformed for learning if that makes it less skewed (target_transform)",
        )
