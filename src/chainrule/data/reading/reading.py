"""Reading: the type and format of each column, learned once, stored with a run, applied to later files."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from chainrule.data.reading.applying import apply_reading
from chainrule.data.reading.cells import Cells
from chainrule.data.reading.column import ColumnReading, Setting, learn_column
from chainrule.data.reading.numbers import NumberFormat
from chainrule.data.values import column_of

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
Quoted = Callable[[str], np.ndarray]


@dataclass(frozen=True, eq=False)
class Raw:
    """A table as written in a file, before its texts are interpreted.

    frame: one row per example; column names are distinct texts. The index is the place of each row in the
    file: the number of its line, row or object. source: the name of the file in messages.
    typed: the format distinguishes texts from numbers, so that a text such as NA is not a missing value.
    quoted: column name -> (rows,) whether a cell is in quotes. written: column name -> the texts of a column
    that was parsed as numbers. separator: of a separated text file, else ''. notes: sentences on how the file
    was opened. kept: the cache of `cells`.
    """

    frame: "pd.DataFrame"
    source: str
    typed: bool = True
    quoted: Quoted | None = None
    written: Callable[[str], "pd.Series"] | None = None
    separator: str = ""
    notes: tuple[str, ...] = ()
    kept: dict[str, Cells] = field(default_factory=dict, repr=False)

    def cells(self, name: str) -> Cells:
        """The cells of a column, cached."""
        if name not in self.kept:
            column, written = column_of(self.frame, name), self.written
            texts = None if written is None or column.dtype == "str" else partial(written, name)
            self.kept[name] = Cells(column, self._quotes(name), self._commas, texts)
        return self.kept[name]

    def _quotes(self, name: str) -> np.ndarray | None:
        if self.typed:
            return None
        return np.zeros(len(self.frame), bool) if self.quoted is None else self.quoted(name)

    @property
    def _commas(self) -> bool:
        return self.separator != "," or self.quoted is not None


@dataclass(frozen=True)
class Reading:
    """How the columns of a table are read, by name."""

    columns: Mapping[str, ColumnReading] = field(default_factory=dict)

    def applied(self, raw: Raw) -> "pd.DataFrame":
        """The values of a table's columns (`apply_reading`); a column without a reading is unchanged.

        Raises DataError for the first value that does not fit.
        """
        frame = raw.frame
        known = [name for name in frame.columns if name in self.columns]
        if not known:
            return frame
        read = _each(lambda name: apply_reading(raw.cells(name), self.columns[name], raw.source), known)
        return frame.assign(**read)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each column whose reading was not obvious."""
        return tuple(f"Column {each.name!r} {each.note}." for each in self.columns.values() if each.note)

    def to_json(self) -> dict[str, Any]:
        """Plain lists, numbers and text; `from_json` restores an equal Reading."""
        return {name: asdict(column) for name, column in self.columns.items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Reading":
        """The Reading that `to_json` wrote. Raises KeyError, TypeError or ValueError for damaged data."""
        return cls({name: _column(column) for name, column in data.items()})


def learn_reading(raw: Raw, target: str | None = None, missing: tuple[str, ...] | None = None) -> Reading:
    """Infer the reading of each column from all rows of a table.

    All rows count, not only those that are trained on, so that the whole file is read in one way.
    target: the column to predict, in which a marker such as NA may be a class.
    missing: texts that mean a missing value in columns of text, instead of `MARKERS`; None: a marker means it
    where it stands without quotes.
    """
    frame = raw.frame
    usual = "," if raw.separator == ";" else "."

    def learn(name: str, setting: Setting) -> tuple[ColumnReading, str]:
        return learn_column(raw.cells(name), setting, target=name == target)

    alone = Setting(raw.typed, usual=usual, missing=missing)
    learned = _each(lambda name: learn(name, alone), frame.columns)
    marks = frozenset(mark for _, mark in learned.values() if mark)
    if marks and (marks != {"."} or usual != "."):
        together = Setting(raw.typed, marks, usual, missing)
        again = [name for name, (column, mark) in learned.items() if column.kind == "number" and not mark]
        learned |= _each(lambda name: learn(name, together), again)
    return Reading({name: column for name, (column, _) in learned.items()})


def _each(work: Callable[[str], T], names: Iterable[str]) -> dict[str, T]:
    """The result of work for each column, in threads, since pyarrow releases the interpreter lock."""
    import pyarrow

    listed = list(names)
    if len(listed) < 2:
        return {name: work(name) for name in listed}
    with ThreadPoolExecutor(min(len(listed), pyarrow.cpu_count())) as pool:
        return dict(zip(listed, pool.map(work, listed), strict=True))


def labels_of(written: "pd.Series", values: "pd.Series") -> "pd.Series":
    """The classes of a target, as written in the file.

    written: (rows,) its cells, none missing. values: (rows,) their values.
    Equal numbers are one class, and so are true and false in any case; its label is the most frequent
    spelling: 7, 007 or 1.0. If all labels are written as Python writes integers, floats or booleans, the
    classes have that type, else text.
    """
    import pandas as pd

    codes, distinct = pd.factorize(written.astype(str).str.strip())
    first = np.unique(codes, return_index=True)[1]
    keys = [_value_of(text, values.iloc[row]) for text, row in zip(distinct, first, strict=True)]
    counts = np.bincount(codes)
    called: dict[Any, int] = {}
    for place in np.argsort(-counts, kind="stable").tolist():
        called.setdefault(keys[place], place)
    labels = [str(distinct[called[key]]) for key in keys]
    for kind in (_truth, int, float):
        back = _all_as(kind, labels)
        if back is not None and not (kind is float and all(each.is_integer() for each in back)):
            return pd.Series(np.array(back)[codes], index=values.index, name=values.name)
    return pd.Series(np.array(labels, dtype=object)[codes], index=values.index, name=values.name, dtype="str")


def _value_of(text: str, value: Any) -> Any:
    """A key that is equal for cells of the same class; integers of any length are exact."""
    digits = text.lstrip("+-")
    return int(text) if digits.isascii() and digits.isdecimal() else value


def _truth(text: str) -> bool:
    if text not in ("True", "False"):
        raise ValueError(text)
    return text == "True"


def _all_as(kind: Callable[[str], Any], labels: list[str]) -> list[Any] | None:
    """The labels converted to a type, if converting back gives the same texts; else None."""
    try:
        found = [kind(label) for label in labels]
    except ValueError:
        return None
    return found if [str(value) for value in found] == labels else None


def _column(data: dict[str, Any]) -> ColumnReading:
    number, gaps = NumberFormat(**data["number"]), tuple(data["gaps"])
    return ColumnReading(**data | {"number": number, "gaps": gaps})
