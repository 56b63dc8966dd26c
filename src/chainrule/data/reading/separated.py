"""Reading a separated text file (CSV, TSV, …) strictly, cells as texts, so that a broken line is named."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.reading.column import MARKERS
from chainrule.data.reading.reading import Raw
from chainrule.data.values import column_of
from chainrule.data.wording import LINE_INDEX, counted
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE_RECORDS = 50
UNNAMED = "unnamed_"
_BLOCK = 1 << 24
_TOLD = re.compile(rb"\s*sep=(.)[ \t]*\r?(?:\n|$)")
"""A first line by which Excel is told the separator."""


@dataclass(frozen=True)
class Layout:
    """What a look at the first records told about a file.

    names: the columns.
    classes: class names of scikit-learn's own layout, empty for an ordinary header.
    declared_rows: data rows that scikit-learn's layout announces, None for an ordinary header.
    """

    separator: str
    names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    declared_rows: int | None = None

    @property
    def width(self) -> int:
        """Fields of a record."""
        return len(self.names)


@dataclass(frozen=True)
class Text:
    """A text file.

    content: its bytes in UTF-8, from the header on. skipped: lines before that. source: what errors call it.
    """

    content: bytes
    skipped: int
    source: str

    def records(self, separator: str, *, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
        """The records that are not blank, the header first, each with the line it begins on."""
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

    content: UTF-8. The separator (comma, semicolon, tab or bar) is told from the first records, or by a first
    line such as 'sep=;'.
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
    unnamed = [
        name for name in frame.columns if name.startswith(UNNAMED) and (column_of(frame, name) == "").all()
    ]
    frame = frame.drop(columns=unnamed)
    quoted = (lambda name: _quoted(text, layout, frame, name)) if b'"' in text.content else None
    return Raw(frame, source, typed=False, quoted=quoted, separator=separator)


def _read_shipped(text: Text, layout: Layout) -> "pd.DataFrame | None":
    """The table of a file that scikit-learn ships, or None where rows or class numbers belie that layout."""
    try:
        frame = _parsed(text, layout)
    except DataError:
        return None
    numbers = column_of(frame, "target").str.strip()
    names = {str(number): name for number, name in enumerate(layout.classes)}
    if len(frame) != layout.declared_rows or not numbers.isin(list(names)).all():
        return None
    return frame.assign(target=numbers.map(names))


def _sample(text: Text, separators: Any) -> tuple[str, list[list[str]]]:
    """The separator, and the first records as it cuts them."""
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
            f"{text.source}: the column name {repeated[0]!r} stands there {names.count(repeated[0])} times",
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


def _record_lines(text: Text, layout: Layout) -> "np.ndarray | range":
    """The line on which each data record begins; raises DataError for the first one of another width."""
    plain = _plain_lines(text, layout)
    if plain is not None:
        return plain
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


def _plain_lines(text: Text, layout: Layout) -> range | None:
    """As `_record_lines`, many times faster, for a file without quotes and blank lines; else None."""
    bytes_ = np.frombuffer(text.content, dtype=np.uint8)
    if b'"' in text.content or text.content.count(b"\r") != text.content.count(b"\r\n"):
        return None
    ends = np.flatnonzero(bytes_ == ord("\n"))
    if bytes_[-1] != ord("\n"):
        ends = np.append(ends, len(bytes_))
    separators = np.flatnonzero(bytes_ == ord(layout.separator))
    widths = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    if len(widths) < 2 or layout.width < 2 or (widths[1:] != layout.width).any():
        return None
    return range(2 + text.skipped, len(widths) + 1 + text.skipped)


def _parsed(text: Text, layout: Layout) -> "pd.DataFrame":
    """The cells as texts, an empty one as ''."""
    import pandas as pd

    lines = _record_lines(text, layout)
    frame = _by_pyarrow(text, layout, {})
    if frame is None or len(frame) != len(lines):
        records = [cells for _, cells in islice(text.records(layout.separator), 1, None)]
        frame = pd.DataFrame(records, columns=list(layout.names), dtype="str")
    frame.index = pd.Index(lines, name=LINE_INDEX)
    return frame


def _by_pyarrow(text: Text, layout: Layout, options: Mapping[str, Any]) -> "pd.DataFrame | None":
    """The cells of all records below the header; None where pyarrow cuts the file in another way."""
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    below = _below_header(text, layout)
    spaced = rf'{re.escape(layout.separator)}[ ]+"|^[ ]+"'.encode()
    if below is None or (b'"' in below and re.search(spaced, below, re.MULTILINE)):
        return None  # quotes after a space, which are none to pyarrow
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(below),
            read_options=arrow_csv.ReadOptions(column_names=list(layout.names), block_size=_BLOCK),
            parse_options=arrow_csv.ParseOptions(
                delimiter=layout.separator, newlines_in_values=b'"' in below, ignore_empty_lines=True
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.large_string() for name in layout.names}, **options
            ),
        )
    except pa.ArrowInvalid:
        return None
    return table.to_pandas().astype("str")


def _below_header(text: Text, layout: Layout) -> bytes | None:
    """What follows the header; None where that is not one plain line."""
    content = text.content
    start = len(content) - len(content.lstrip(b"\r\n"))
    end = content.find(b"\n", start)
    header = content[start : end + 1]
    if end < 0 or header.count(b'"') % 2 or b"\r" in header.rstrip(b"\r\n"):
        return None
    return content[end + 1 :]


def _quoted(text: Text, layout: Layout, frame: "pd.DataFrame", name: str) -> np.ndarray:
    """(rows,) which cells of a column are a marker of gaps in quotes; where nobody can tell, none."""
    nothing = np.zeros(len(frame), bool)
    marked = column_of(frame, name).isin(MARKERS).to_numpy()
    if not marked.any():
        return nothing
    again = _by_pyarrow(
        text,
        layout,
        {
            "include_columns": [name],
            "null_values": list(MARKERS),
            "strings_can_be_null": True,
            "quoted_strings_can_be_null": False,
        },
    )
    return nothing if again is None or len(again) != len(frame) else marked & again[name].notna().to_numpy()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
