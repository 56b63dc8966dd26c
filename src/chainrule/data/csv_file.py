"""Reading a comma-, semicolon- or tab-separated text file strictly, so that a broken line is named."""

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.values import column_of
from chainrule.data.wording import LINE_INDEX, counted
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
SAMPLE_RECORDS = 50
BLOCK_BYTES = 1 << 20
UNNAMED = "unnamed_"
MISSING = ["?"]
"""Read as missing besides what pandas takes for it; the UCI data sets write '?'."""


@dataclass(frozen=True)
class Layout:
    """What a look at the first records told about a file.

    names: the columns.
    width: fields per data record.
    classes: class names of scikit-learn's own layout, empty for an ordinary header.
    declared_rows: data rows that scikit-learn's layout announces, None for an ordinary header.
    """

    separator: str
    decimal: str
    names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    declared_rows: int | None = None

    @property
    def width(self) -> int:
        return len(self.names)


def read_csv(path: Path) -> "pd.DataFrame":
    """Reads a text table whose first line names the columns.

    The separator (comma, semicolon or tab) is told from the first records; with semicolons and tabs, numbers
    may have decimal commas. '?' and what pandas takes for missing ('', 'NA', 'null', …) are missing values.
    The files that scikit-learn ships (first line 'rows,features,class name,…', last field the class number)
    are recognized: their columns become feature_1, feature_2, … and target, which holds the class names.

    Returns a DataFrame whose index holds each row's line number in the file (the header is line 1).
    Raises DataError for a file that is empty, has no rows, isn't UTF-8, repeats a column name, or has a
    malformed line.
    """
    check_utf8(path)
    separator, records = _sample(path)
    if not records:
        raise DataError(
            f"{path} is empty", remedy="give a file with a line of column names and rows below it"
        )
    shipped = _shipped_layout(separator, records)
    frame = _read_shipped(path, shipped) if shipped is not None else None
    if frame is not None:
        return frame
    frame = _parse(path, _header_layout(path, separator, records))
    # A separator at the end of every line, header included, leaves a column without name or values.
    unnamed = [
        name for name in frame.columns if name.startswith(UNNAMED) and column_of(frame, name).isna().all()
    ]
    return frame.drop(columns=unnamed)


def _read_shipped(path: Path, layout: Layout) -> "pd.DataFrame | None":
    """The table of a file that scikit-learn ships, or None where rows or class numbers belie that layout."""
    try:
        frame = _parse(path, layout)
    except DataError:
        return None
    numbers = column_of(frame, "target")
    if len(frame) != layout.declared_rows or numbers.dtype.kind != "i":
        return None
    positions = numbers.to_numpy()
    if positions.min() < 0 or positions.max() >= len(layout.classes):
        return None
    return frame.assign(target=np.array(layout.classes, dtype=object)[positions])


def check_utf8(path: Path) -> None:
    """Raises DataError, with the byte offset, where a file isn't UTF-8 text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise _not_utf8(path, 0, "utf-16")
        while True:
            block = file.read(BLOCK_BYTES)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                raise _not_utf8(path, offset - pending + error.start, "latin1") from error
            offset += len(block)
            if not block:
                return


def _not_utf8(path: Path, offset: int, likely: str) -> DataError:
    copy = f"{path.stem}-utf8{path.suffix}"
    return DataError(
        f"{path} is not UTF-8: the byte at offset {offset:,} doesn't belong",
        remedy=f"save it as UTF-8: iconv -f {likely} -t utf-8 {quote(str(path))} > {quote(copy)}",
    )


def _records(path: Path, separator: str, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, the header first, each with the line it begins on."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=strict)
        line = 1
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{path}, line {line}: malformed quotes ({error})",
                remedy='close every " that opens a field, and write a " inside a quoted field twice',
            ) from error


def _sample(path: Path) -> tuple[str, list[list[str]]]:
    """The separator, and the first records as it cuts them."""
    best: tuple[tuple[float, int], str, list[list[str]]] = ((-2.0, 0), ",", [])
    for separator in SEPARATORS:
        records: list[list[str]] = []
        with suppress(DataError):  # a field that never ends: reading in full names its line
            records.extend(
                cells for _, cells in islice(_records(path, separator, strict=False), SAMPLE_RECORDS)
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


def _header_layout(path: Path, separator: str, records: list[list[str]]) -> Layout:
    names = [name.strip() or f"{UNNAMED}{number}" for number, name in enumerate(records[0], 1)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{path}: the column name {repeated[0]!r} stands there {names.count(repeated[0])} times",
            remedy="give every column a name of its own",
        )
    return Layout(separator, _decimal(separator, records[1:]), tuple(names))


def _shipped_layout(separator: str, records: list[list[str]]) -> Layout | None:
    """The layout of the files that scikit-learn ships, if the first records could be one of them."""
    first = [cell.strip() for cell in records[0]]
    if len(records) < 2 or len(first) < 3 or not (first[0].isdecimal() and first[1].isdecimal()):
        return None
    features, classes = int(first[1]), tuple(first[2:])
    if features < 1 or len(records[1]) != features + 1 or any(_is_number(name) for name in classes):
        return None
    names = (*(f"feature_{number}" for number in range(1, features + 1)), "target")
    return Layout(separator, ".", names, classes, int(first[0]))


def _record_lines(path: Path, layout: Layout) -> list[int]:
    """The line on which each data record begins; raises DataError for the first one of another width."""
    plain = _plain_lines(path, layout)
    if plain is not None:
        return plain
    lines = []
    for line, cells in islice(_records(path, layout.separator), 1, None):
        if len(cells) != layout.width:
            raise DataError(
                f"{path}, line {line}: {counted(len(cells), 'field')} where the header has {layout.width}"
                f" (separated by {SEPARATORS[layout.separator]}s)",
                remedy="correct that line or the header",
            )
        lines.append(line)
    if not lines:
        raise DataError(f"{path} has no rows, only a header", remedy="add rows below the column names")
    return lines


def _plain_lines(path: Path, layout: Layout) -> list[int] | None:
    """As `_record_lines`, many times faster, for a file without quotes and blank lines; else None."""
    text = np.fromfile(path, dtype=np.uint8)
    returns = np.flatnonzero(text == ord("\r"))
    ends = np.flatnonzero(text == ord("\n"))
    if (text == ord('"')).any() or not np.isin(returns + 1, ends).all():
        return None
    if text[-1] != ord("\n"):
        ends = np.append(ends, len(text))
    separators = np.flatnonzero(text == ord(layout.separator))
    widths = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    if len(widths) < 2 or layout.width < 2 or (widths[1:] != layout.width).any():
        return None
    return list(range(2, len(widths) + 1))


def _parse(path: Path, layout: Layout) -> "pd.DataFrame":
    import pandas as pd

    lines = _record_lines(path, layout)
    try:
        frame = pd.read_csv(
            path,
            sep=layout.separator,
            header=0,
            names=list(layout.names),
            index_col=False,
            decimal=layout.decimal,
            skipinitialspace=True,
            na_values=MISSING,
            encoding="utf-8-sig",
            low_memory=False,  # else a column's dtype may differ from chunk to chunk
        )
    except pd.errors.ParserError as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"{path} can't be read as a table: {reason}", remedy="correct the file") from error
    if len(frame) == len(lines):
        frame.index = pd.Index(lines, name=LINE_INDEX)
    return frame


def _decimal(separator: str, rows: list[list[str]]) -> str:
    """',' where numbers are written 3,14 rather than 3.14."""
    if separator == ",":
        return "."
    cells = [cell.strip() for row in rows for cell in row]
    if any(re.fullmatch(r"[+-]?\d*\.\d+", cell) for cell in cells):
        return "."
    commas = [cell for cell in cells if re.fullmatch(r"[+-]?\d*,\d+", cell)]
    # 1,234 alone could be a thousand: a comma followed by other than three digits can't.
    return "," if any(len(cell.partition(",")[2]) != 3 for cell in commas) else "."


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
