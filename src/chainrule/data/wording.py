"""How messages about data name columns, rows and near misses."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

LINE_INDEX = "line"
"""Name of the index of a table read from a text file: its labels are the line numbers in that file."""


def listed(names: Sequence[object], limit: int = 10) -> str:
    """'a', 'b' and 3 more."""
    shown = ", ".join(repr(name) for name in names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def counted(count: int, noun: str) -> str:
    """1 row, 3 rows."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def one(noun: str) -> str:
    """An image, a sound."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def place(data: "pd.DataFrame | pd.Series", position: int) -> str:
    """Where the row at a position stands: 'line 17' of a text file, else 'row 17' by its index label."""
    word = "line" if data.index.name == LINE_INDEX else "row"
    return f"{word} {data.index[position]}"


def places(data: "pd.DataFrame | pd.Series", positions: Sequence[int], limit: int = 5) -> str:
    """Where the rows at some positions stand: 'line 4', 'lines 4, 7 and 9', 'lines 4, 7 and 12 more'."""
    if len(positions) == 1:
        return place(data, positions[0])
    word = "lines" if data.index.name == LINE_INDEX else "rows"
    labels = [str(data.index[position]) for position in positions[:limit]]
    if len(positions) > limit:
        return f"{word} {', '.join(labels)} and {len(positions) - limit:,} more"
    return f"{word} {', '.join(labels[:-1])} and {labels[-1]}"


def shortened(value: object, limit: int = 40) -> str:
    """repr of a value, cut where it is long, so that a message stays one line."""
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= limit else text[: limit - 4] + "..." + text[-1]
