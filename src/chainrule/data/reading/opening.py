"""Opening a table: recognizing the file format by the first bytes, and reading the cells as written."""

import bz2
import codecs
import gzip
import io
import lzma
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import TYPE_CHECKING

from chainrule.data.named.sets import NAMED
from chainrule.data.reading.reading import Raw
from chainrule.data.reading.records import read_records
from chainrule.data.reading.separated import read_separated
from chainrule.data.reading.sheets import read_sheet
from chainrule.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd

STANDARD_INPUT = "-"
READABLE = "CSV, Excel, JSON, JSON lines or Parquet"
SUFFIXES = (
    ".gz",
    ".bz2",
    ".xz",
    ".zip",
    ".csv",
    ".tsv",
    ".txt",
    ".parquet",
    ".pq",
    ".xlsx",
    ".json",
    ".jsonl",
    ".ndjson",
)
"""Suffixes of table files and of compression, which `table_name` removes."""
_PACKED: dict[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": ("gzip", gzip.decompress),
    b"BZh": ("bzip2", bz2.decompress),
    b"\xfd7zXZ\x00": ("xz", lzma.decompress),
}
_PARQUET, _ZIP, _OLD_EXCEL = b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def open_raw(path: str | Path) -> Raw:
    """The table in a file, its cells as written, with distinct column names and at least one row.

    path: of a CSV, TSV or other separated text file, an Excel workbook (its first sheet; needs the extra
    'excel'), JSON (a list of objects or an object of lists), JSON lines, or Parquet; perhaps compressed by
    gzip, bzip2 or xz, or alone in a zip file. '-' is standard input. The first bytes decide on the format.
    Raises DataError, naming the file and what to do, for a file that is missing, a directory, empty, damaged,
    in another format or encoding, or with a repeated column name.
    """
    if str(path) == STANDARD_INPUT:
        return _opened(sys.stdin.buffer.read(), "standard input")
    file = Path(path)
    _check_file(file)
    try:
        return _opened(file.read_bytes(), str(path))
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise DataError(
            f"{path} can't be read: {reason}", remedy="check the file and its permissions"
        ) from error


def table_name(source: str) -> str:
    """The name of a table: the name of its file without suffixes such as .csv.gz."""
    name = "stdin" if source == STANDARD_INPUT else Path(source).name
    while (suffix := PurePosixPath(name).suffix).lower() in SUFFIXES:
        name = name[: -len(suffix)]
    return name


def _opened(content: bytes, source: str) -> Raw:
    if not content:
        raise DataError(f"{source} is empty (0 bytes)", remedy="give a file with column names and rows")
    for start, (kind, unpack) in _PACKED.items():
        if content.startswith(start):
            return _opened(_unpacked(content, kind, unpack, source), source)
    if content.startswith(_PARQUET) or Path(source).suffix.lower() in (".parquet", ".pq"):
        return Raw(_parquet(content, source), source)
    if content.startswith(_ZIP):
        return _zipped(content, source)
    if content.startswith(_OLD_EXCEL):
        raise DataError(
            f"{source} is a workbook of an old Excel, or is protected by a password",
            remedy="save it as .xlsx without a password, or as CSV in UTF-8",
        )
    text, note = _utf8(content, source)
    notes = (note,) if note else ()
    if text.lstrip()[:1] in (b"{", b"["):
        records = read_records(text, source)
        if records is not None:
            return replace(records, notes=notes)
    return replace(read_separated(text, source), notes=notes)


def _unpacked(content: bytes, kind: str, unpack: Callable[[bytes], bytes], source: str) -> bytes:
    try:
        return unpack(content)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise DataError(
            f"{source} is compressed by {kind} and damaged: {error}", remedy="write or download it again"
        ) from None


def _zipped(content: bytes, source: str) -> Raw:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
            if "xl/workbook.xml" in names:
                return read_sheet(content, source)
            if len(names) == 1:
                return _opened(archive.read(names[0]), source)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise DataError(
            f"{source} is a zip file that can't be read: {error}", remedy="write or download it again"
        ) from None
    raise DataError(
        f"{source} is a zip file with {len(names)} files in it",
        remedy="unpack it and give the file with the table",
    )


def _parquet(content: bytes, source: str) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as parquet

    whole = {each: pd.Int64Dtype() for each in (pa.int8(), pa.int16(), pa.int32(), pa.int64())}
    try:
        table = parquet.read_table(io.BytesIO(content))
        # Whole numbers stay whole beside missing ones: as floats, those beyond 2^53 would change.
        gaps = {field.name for field in table.schema if table.column(field.name).null_count}
        frame = table.to_pandas()
        exact = table.select([name for name in frame.columns if name in gaps]).to_pandas(
            types_mapper=whole.get
        )
    except (pa.ArrowException, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(
            f"{source} can't be read as Parquet, it may be damaged: {reason}",
            remedy="write or download it again",
        ) from error
    if len(frame) == 0:
        raise DataError(f"{source} has no rows", remedy="give a file with at least one row")
    for name in exact.columns:
        if exact[name].dtype == pd.Int64Dtype():
            frame[name] = exact[name].array
    # pandas stores a named index beside the columns: to the reader of the file it is a column like any other.
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index(named).reset_index(drop=True) if named else frame.reset_index(drop=True)


def _utf8(content: bytes, source: str) -> tuple[bytes, str]:
    """The bytes of a text file as UTF-8 without a byte order mark, and a note if its encoding was another."""
    encoding = next((name for mark, name in _UTF16.items() if content.startswith(mark)), "")
    if not encoding and 0 in content[:1000]:  # every other byte of common letters in UTF-16 is 0
        head = content[:1000]
        odd, even = head[1::2].count(0), head[::2].count(0)
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        if max(odd, even) < 0.3 * len(head) / 2:
            raise DataError(
                f"{source} is neither text nor one of {READABLE}", remedy=f"save it as {READABLE}"
            )
    if encoding:
        try:
            text = content.decode(encoding).removeprefix("\ufeff").encode()
        except UnicodeDecodeError as error:
            raise DataError(
                f"{source} is not whole as UTF-16: the byte at offset {error.start:,} doesn't belong",
                remedy="save it again, best as UTF-8",
            ) from None
        return text, "The file is written in UTF-16."
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        where = Path(source)
        copy = f"{where.stem}-utf8{where.suffix}"
        raise DataError(
            f"{source} is not UTF-8: the byte at offset {error.start:,} doesn't belong",
            remedy=f"save it as UTF-8: iconv -f latin1 -t utf-8 {quote(source)} > {quote(copy)}",
        ) from None
    return content, ""


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{path} is a directory", remedy=f"give the path of a file ({READABLE})")
    if not path.exists():
        raise DataError(f"{path}: no such file{_near_file(path)}", remedy="check the path")


def _near_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if not entry.name.startswith(".")]
    except OSError:
        return f" (nor is there a folder {path.parent})"
    matches = get_close_matches(path.name, names, n=1)
    if matches:
        return f" (did you mean {path.parent / matches[0]}?)"
    named = nearest(str(path), NAMED)
    return f" (did you mean the data set {named}?)" if named else ""
