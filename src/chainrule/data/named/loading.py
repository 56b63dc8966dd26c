"""A named table, from scikit-learn or the cache, with the column to predict."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.data.named.catalogue import NAMED_TABLES, NamedTable
from chainrule.data.named.fetching import Say, fetch_named
from chainrule.data.named.image_sets import NamedImages
from chainrule.data.named.sets import NAMED, named_entry
from chainrule.data.named.shipped import shipped_table
from chainrule.data.reading import Raw, open_raw
from chainrule.data.table import Table, table_of
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def is_named(source: str) -> bool:
    """Whether a word on the command line means a named data set; a file of this name has precedence."""
    return source in NAMED and not Path(source).exists()


def load_named(name: str, target: str | None = None, *, say: Say = lambda sentence: None) -> Table:
    """A named table with its target.

    name: a key of `NAMED_TABLES`; `chainrule data list` shows them. target: another column to predict.
    say: called with a sentence before a download.
    Tables of scikit-learn are loaded from there. Others are downloaded once by `fetch_named`, and then read
    from the cache without a network.
    Raises DataError for an unknown name or column, for a set of images or a text, and as `fetch_named`.
    """
    entry = named_entry(name)
    if not isinstance(entry, NamedTable):
        kind = "a set of images" if isinstance(entry, NamedImages) else "a text"
        raise DataError(f"{name} is {kind} and no table", remedy=f"name one of {', '.join(NAMED_TABLES)}")
    frame = shipped_table(entry) if entry.release is None else _read(fetch_named(name, say=say), name)
    if entry.time is not None:  # of several series, one stands after the other
        frame = frame.sort_values(entry.time, kind="stable", ignore_index=True)
    return replace(table_of(Raw(frame, name), target or entry.target, name), ordered=entry.time is not None)


def _read(path: Path, name: str) -> "pd.DataFrame":
    try:
        return open_raw(path).frame
    except DataError as error:
        raise DataError(error.what, remedy=f"remove the file: {name} is then fetched again") from None
