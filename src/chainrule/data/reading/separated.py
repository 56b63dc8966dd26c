"""Reading separated text files (CSV, TSV, …) strictly; an error names the malformed line."""

import csv
import io
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.reading.arrow import compute
from chainrule.data.reading.column import MARKERS
from chainrule.data.reading.reading import Raw
from chainrule.data.values import column_of
from chainrule.data.wording import LINE_INDEX, counted
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE_RECORDS = 50
UNNAMED = "unnamed_"
_BLOCK, _LOOK = 1 << 24, 1 << 18
_FAILED = re.compile(r"In CSV column #(\d+)")
_TOLD = re.compile(rb"\s*sep=(.)[ \t]*\r?(?:\n|$)")
"""A first line such as 'sep=;', with which Excel marks the separator."""


@dataclass(frozen=True)
class Layout:
    """The layout of a file, inferred from its first records.

    separator: between fields. names: of the columns.
    classes: the class names in the first line of scikit-learn's own files, empty for an ordinary header.
    declared_rows: the number of rows in that line, None for an ordinary header.
    """

    separator: str
    names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    declared_rows: int | None = None

    @property
    def width(self) -> int:
        """The number of fields of a record."""
        return len(self.names)


@dataclass(frozen=True)
class Text:
    """A text file.

    content: its bytes in UTF-8, from the header on. skipped: the number of lines before the header. source:
    the name of the file in messages.
    """

    content: bytes
    skipped: int
    source: str

    @cached_property
    def below_header(self) -> bytes | None:
        """The bytes after the header; None if the header is not one line without a line break in quotes."""
        content = self.content
        start = len(content) - len(content.lstrip(b"\r\n"))
        end = content.find(b"\n", start)
        header = content[start : end + 1]
        if end < 0 or header.count(b'"') % 2 or b"\r" in header.rstrip(b"\r\n"):
            return None
        return content[end + 1 :]

    @cached_property
    def has_spaces_before_quotes(self) -> bool:
        """Whether a quote may stand after a separator and spaces, which pyarrow takes for text."""
        return (
            b'"' in self.content
            and b' "' in self.content
            and re.search(rb'(?:^|[,;\t|]) +"', self.content, re.MULTILINE) is not None
        )

    def records(self, separator: str, *, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
        """(line number, fields) of each record that is not blank, the header first.

        strict: malformed quotes raise DataError, naming the line.
        """
        lines = io.TextIOWrapper(io.BytesIO(self.content), encoding="utf-8", newline="")
        reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)
        line = 1
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield line + self.skipped, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{self.source}, line {line + self.skipped}: malformed quotes ({error})",
                remedy='close every " that opens a field, and write a " inside a quoted field twice',
            ) from error


def read_separated(content: bytes, source: str) -> Raw:
    """The cells of a text table whose first line names the columns, as texts.

    content: UTF-8. The separator (comma, semicolon, tab or bar) is inferred from the first records, or
    given by a first line such as 'sep=;'.
    The files that scikit-learn ships (first line 'rows,features,class name,…', last field the class number)
    are recognized: their columns become feature_1, feature_2, … and target, which holds the class names.

    The frame's index holds each row's line number in the file (the header is line 1).
    Raises DataError for a file that is empty, has no rows, repeats a column name, or has a malformed line.
    """
    told = _TOLD.match(content)
    text = Text(content[told.end() :], 1, source) if told else Text(content, 0, source)
    separator, records = _sample(text, [told[1].decode()] if told else SEPARATORS)
    if not records:
        raise DataError(
            f"{source} is empty", remedy="give a file with a line of column names and rows below it"
        )
    shipped = _shipped_layout(separator, records)
    frame = _read_shipped(text, shipped) if shipped is not None else None
    if frame is not None:
        return Raw(frame, source, typed=False, separator=separator)
    layout = _header_layout(text, separator, records)
    frame = _parsed(text, layout)
    # A separator at the end of every line, header included, leaves a column without name or values.
    spare = [
        name for name in frame.columns if name.startswith(UNNAMED) and (column_of(frame, name) == "").all()
    ]
    frame = frame.drop(columns=spare)
    quoted = (lambda name: _quoted(text, layout, frame, name)) if b'"' in text.content else None
    written = Written(text, layout, frame)
    return Raw(frame, source, typed=False, quoted=quoted, written=written.of, separator=separator)


@dataclass(frozen=True, eq=False)
class Written:
    """The texts of columns that were parsed as numbers; read from the file again on first use."""

    text: Text
    layout: Layout
    frame: "pd.DataFrame"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, name: str) -> "pd.Series":
        """(rows,) texts of a column of numbers."""
        with self.lock:  # several threads read columns
            return column_of(self.all, name)

    @cached_property
    def all(self) -> "pd.DataFrame":
        """The texts of all columns of numbers, since one is seldom needed alone."""
        names = [each for each in self.frame.columns if column_of(self.frame, each).dtype != "str"]
        again = _by_pyarrow(self.text, self.layout, include_columns=names)
        assert again is not None  # it was read before
        return again.set_axis(self.frame.index)


def _read_shipped(text: Text, layout: Layout) -> "pd.DataFrame | None":
    """The table of a file that scikit-learn ships, or None if its rows contradict that layout."""
    try:
        frame = _parsed(text, layout)
    except DataError:
        return None
    numbers = column_of(frame, "target")
    if len(frame) != layout.declared_rows or not numbers.isin(range(len(layout.classes))).all():
        return None
    return frame.assign(target=numbers.map(dict(enumerate(layout.classes))).astype("str"))


def _sample(text: Text, separators: Any) -> tuple[str, list[list[str]]]:
    """The separator, and the first records split by it."""
    best: tuple[tuple[float, int], str, list[list[str]]] = ((-2.0, 0), ",", [])
    for separator in separators:
        records: list[list[str]] = []
        with suppress(DataError):  # a field that never ends: reading in full names its line
            records.extend(
                cells for _, cells in islice(text.records(separator, strict=False), SAMPLE_RECORDS)
            )
        if not records:
            continue
        width = len(records[0])
        same = sum(len(cells) == width for cells in records) / len(records)
        # The header decides: decimal commas abound in rows, but hardly ever stand in column names.
        score = (same, width) if width > 1 else (-1.0, width)
        if score > best[0]:
            best = (score, separator, records)
    return best[1], best[2]


def _header_layout(text: Text, separator: str, records: list[list[str]]) -> Layout:
    names = [name.strip() or f"{UNNAMED}{number}" for number, name in enumerate(records[0], 1)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{text.source}: the column name {repeated[0]!r} occurs {names.count(repeated[0])} times",
            remedy="give every column a name of its own",
        )
    return Layout(separator, tuple(names))


def _shipped_layout(separator: str, records: list[list[str]]) -> Layout | None:
    """The layout of the files that scikit-learn ships, if the first records could be one of them."""
    first = [cell.strip() for cell in records[0]]
    if len(records) < 2 or len(first) < 3 or not (first[0].isdecimal() and first[1].isdecimal()):
        return None
    features, classes = int(first[1]), tuple(first[2:])
    if features < 1 or len(records[1]) != features + 1 or any(_is_number(name) for name in classes):
        return None
    names = (*(f"feature_{number}" for number in range(1, features + 1)), "target")
    return Layout(separator, names, classes, int(first[0]))


def _record_lines(text: Text, layout: Layout) -> np.ndarray:
    """The line on which each data record begins; raises DataError for the first one of another width."""
    lines = []
    for line, cells in islice(text.records(layout.separator), 1, None):
        if len(cells) != layout.width:
            found = counted(len(cells), "field")
            mark = SEPARATORS.get(layout.separator, f"{layout.separator!r} mark")
            raise DataError(
                f"{text.source}, line {line}: {found} where the header has {layout.width}"
                f" (separated by {mark}s)",
                remedy="correct that line or the header",
            )
        lines.append(line)
    if not lines:
        raise DataError(f"{text.source} has no rows, only a header", remedy="add rows below the column names")
    return np.array(lines)


def _parsed(text: Text, layout: Layout) -> "pd.DataFrame":
    """The cells: plain numbers as float64, NaN where empty; others as texts, '' where empty."""
    import pandas as pd

    frame = _by_pyarrow(text, layout)
    lines = (
        _plain_lines(text, layout.separator, len(frame)) if frame is not None and layout.width > 1 else None
    )
    if lines is None:
        lines = _record_lines(text, layout)
    if frame is None or len(frame) != len(lines):
        records = [cells for _, cells in islice(text.records(layout.separator), 1, None)]
        frame = pd.DataFrame(records, columns=list(layout.names), dtype="str")
    return frame.set_axis(pd.Index(lines, name=LINE_INDEX))


def _plain_lines(text: Text, separator: str, rows: int) -> range | None:
    """The line numbers of all `rows` records, if each takes one line and none is blank; else None."""
    content = text.content
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    if lines != rows + 1 or rows == 0 or not _are_quotes_whole(content, separator):
        return None
    return range(2 + text.skipped, rows + 2 + text.skipped)


def _are_quotes_whole(content: bytes, separator: str) -> bool:
    """Whether every quote opens or closes a field, or stands twice within one."""
    if b'"' not in content:
        return True
    letters = np.frombuffer(content, dtype=np.uint8)
    places = np.flatnonzero(letters == ord('"'))
    if len(places) % 2:
        return False
    opening, closing = places[::2], places[1::2]
    ends = [ord(separator), ord("\n"), ord('"')]
    before = letters[np.maximum(opening - 1, 0)]
    after = letters[np.minimum(closing + 1, len(letters) - 1)]
    opens = np.isin(before, ends) | (opening == 0)
    return bool(opens.all() and np.isin(after, [*ends, ord("\r")]).all())


def _by_pyarrow(text: Text, layout: Layout, **options: Any) -> "pd.DataFrame | None":
    """The cells of all records below the header; None if pyarrow splits the file differently.

    options: of pyarrow's conversion; with any, all cells are texts, else plain numbers are float64.
    """
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    pc = compute()
    below = text.below_header
    if below is None or text.has_spaces_before_quotes:
        return None

    def read(content: bytes, **conversion: Any) -> pa.Table:
        return arrow_csv.read_csv(
            io.BytesIO(content),
            read_options=arrow_csv.ReadOptions(column_names=list(layout.names), block_size=_BLOCK),
            parse_options=arrow_csv.ParseOptions(
                delimiter=layout.separator, newlines_in_values=b'"' in below, ignore_empty_lines=True
            ),
            convert_options=arrow_csv.ConvertOptions(**{"null_values": [""]} | conversion),
        )

    try:
        types = {} if options else _types(read, below)
        while True:
            kinds = {name: types.get(name, pa.large_string()) for name in layout.names}
            try:
                table = read(below, column_types=kinds, **options)
                texts = [name for name in types if pc.any(pc.is_nan(table[name])).as_py()]
            except pa.ArrowInvalid as error:
                column = _FAILED.search(str(error))
                texts = [layout.names[int(column[1])]] if column else []
                if not texts:
                    raise
            if not texts:  # else a column that began with numbers has other texts
                return _texts_as_str(table.to_pandas())
            types = {name: kind for name, kind in types.items() if name not in texts}
    except pa.ArrowInvalid:
        return None


def _types(read: Callable[[bytes], "pa.Table"], below: bytes) -> "dict[str, pa.DataType]":
    """float64 for columns that begin with plain numbers."""
    import pyarrow as pa

    end = below.rfind(b"\n", 0, _LOOK) + 1
    head = read(below[:end] if end else below)
    numbers = (pa.int64(), pa.float64())
    return {field.name: pa.float64() for field in head.schema if field.type in numbers}


def _texts_as_str(frame: "pd.DataFrame") -> "pd.DataFrame":
    return frame.astype({name: "str" for name in frame.columns if frame[name].dtype != np.float64})


def _quoted(text: Text, layout: Layout, frame: "pd.DataFrame", name: str) -> np.ndarray:
    """(rows,) whether a cell is a marker of missing values in quotes; False where that is unknown."""
    nothing = np.zeros(len(frame), bool)
    if column_of(frame, name).dtype != "str":
        return nothing
    marked = column_of(frame, name).isin(MARKERS).to_numpy()
    if not marked.any():
        return nothing
    again = _by_pyarrow(
        text,
        layout,
        include_columns=[name],
        null_values=list(MARKERS),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    return nothing if again is None or len(again) != len(frame) else marked & again[name].notna().to_numpy()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
