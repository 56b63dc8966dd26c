"""Reading: how each column of a table is read, learned once, kept with a run, used on every later file."""

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
    """A table as it stands in a file, before anyone says what its texts mean.

    frame: one example per row, with distinct text column names; texts as texts. Its index tells where a row
    stands. source: what messages call it.
    typed: whoever wrote it told texts from numbers, so that a text such as NA is one. quoted: of a column's
    name, (rows,) the cells that stand in quotes. separator: of a text file, '' of others.
    notes: sentences on how the file was opened. kept: cells by column, once they were asked for.
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
        """The cells of a column, the same each time, so that they are looked at once."""
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
        """The values of a table's columns (`apply_reading`); a column that is not known stays as it is.

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
        """Restores what `to_json` gave. Raises KeyError, TypeError or ValueError where it is damaged."""
        return cls({name: _column(column) for name, column in data.items()})


def learn_reading(raw: Raw, target: str | None = None, missing: tuple[str, ...] | None = None) -> Reading:
    """The reading of a table's columns, each from all of its rows.

    What a column holds and how it is written is no property of the rows that happen to be trained on, so all
    count: a later part of the file is read as the first one.
    target: the column to predict, whose texts may be classes though they usually mean a missing value.
    missing: texts that mean a missing value in columns of text, instead of `MARKERS`; None where the rows
    decide.
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
    """What becomes of each column, in threads: most of the work is pyarrow's."""
    import pyarrow

    listed = list(names)
    if len(listed) < 2:
        return {name: work(name) for name in listed}
    with ThreadPoolExecutor(min(len(listed), pyarrow.cpu_count())) as pool:
        return dict(zip(listed, pool.map(work, listed), strict=True))


def labels_of(written: "pd.Series", values: "pd.Series") -> "pd.Series":
    """The classes of a target, as they stand in the file.

    written: (rows,) its cells, none of them missing; values: what they were read as.
    Numbers that are the same, and true and false in any case, are one class, which is called as it is written
    most often: 7, or 007, or 1.0. Where all are written as Python writes whole numbers, fractions, or True
    and False, they are these again.
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
    """A key by which cells of the same class are equal; whole numbers exactly, however long."""
    digits = text.lstrip("+-")
    return int(text) if digits.isascii() and digits.isdecimal() else value


def _truth(text: str) -> bool:
    if text not in ("True", "False"):
        raise ValueError(text)
    return text == "True"


def _all_as(kind: Callable[[str], Any], labels: list[str]) -> list[Any] | None:
    """The labels as values of a kind, where each is written just so; else None."""
    try:
        found = [kind(label) for label in labels]
    except ValueError:
        return None
    return found if [str(value) for value in found] == labels else None


def _column(data: dict[str, Any]) -> ColumnReading:
    number, gaps = NumberFormat(**data["number"]), tuple(data["gaps"])
    return ColumnReading(**data | {"number": number, "gaps": gaps})
