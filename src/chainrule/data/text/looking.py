"""Looking whether a table holds free text: a few of its rows are read."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.data.roles import role_of
from chainrule.data.values import column_of
from chainrule.errors import ChainruleError

if TYPE_CHECKING:
    import pandas as pd

_HEAD_BYTES, _HEAD_ROWS = 1 << 18, 200


def text_columns(frame: "pd.DataFrame", target: str | None, source: str) -> list[str]:
    """The columns of free text, the one with the most words first."""
    found = {
        name: column_of(frame, name).dropna().astype(str).str.count(" ").sum()
        for name in frame.columns
        if name != target and role_of(column_of(frame, name), source)[0] == "text"
    }
    return sorted(found, key=lambda name: -found[name])


def column_beside_text(path: Path) -> str | None:
    """The other column of a CSV, TSV, JSON lines or Parquet file of two, of which one is free text; or None.

    A few rows are read.
    """
    frame = _head(path)
    if frame is None or len(frame.columns) != 2:
        return None
    frame = frame.set_axis([str(name).strip() for name in frame.columns], axis="columns")
    try:
        texts = text_columns(frame, None, str(path))
    except ChainruleError:
        return None
    return next(name for name in frame.columns if name != texts[0]) if len(texts) == 1 else None


def _head(path: Path) -> "pd.DataFrame | None":
    """The first rows of a table; None if they can't be read so simply."""
    import pandas as pd

    suffix = path.suffix.lower()
    try:
        if suffix in (".parquet", ".pq"):
            import pyarrow.parquet as parquet

            return next(parquet.ParquetFile(path).iter_batches(batch_size=_HEAD_ROWS)).to_pandas()
        if suffix not in (".csv", ".tsv", ".txt", ".jsonl", ".ndjson"):
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).decode("utf-8", "ignore")
        cut = len(head) >= _HEAD_BYTES and "\n" in head
        whole = head[: head.rindex("\n") + 1] if cut else head
        if suffix in (".jsonl", ".ndjson"):
            return pd.read_json(io.StringIO(whole), lines=True, nrows=_HEAD_ROWS)
        return pd.read_csv(
            io.StringIO(whole), sep="\t" if suffix == ".tsv" else None, engine="python", nrows=_HEAD_ROWS
        )
    except (ValueError, OSError, csv.Error, StopIteration):
        return None
