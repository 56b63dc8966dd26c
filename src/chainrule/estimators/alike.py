"""Equal rows are merged: a row of weight 2 is the same as that row twice."""

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.data.given import is_frame

_FIRST = 1000  # rows of a large table, which mostly show that too many differ


def together(
    x: Any, y: np.ndarray, weight: np.ndarray | None, few: Callable[[int], bool]
) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Every different row once, with the total weight of the rows equal to it, in an order of its own.

    Training then depends neither on the order of the rows nor on whether they are repeated or weighted.
    x: (rows, columns), an array or a DataFrame. y: (rows,) or (rows, targets). weight: (rows,) or None.
    few: whether this number of different rows is small enough to merge equal ones; it is True up to some
    number. Returns x, y and weight; unchanged if there are too many different rows.
    """
    if len(y) > _FIRST and not few(len(np.unique(_keys(x[:_FIRST], y[:_FIRST])))):
        return x, y, weight
    _, first, of_row = np.unique(_keys(x, y), return_index=True, return_inverse=True)
    if not few(len(first)):
        return x, y, weight
    total = np.bincount(of_row, weight).astype(np.float64)
    x = x.iloc[first] if is_frame(x) else x[first]
    return x, y[first], None if (total == 1).all() else total


def _keys(x: Any, y: np.ndarray) -> np.ndarray:
    """(rows,) bytes, the same for rows that are equal in X and y."""
    columns = _hashes(x) if is_frame(x) else _floats(x)
    targets = _floats(y if y.dtype.kind == "f" else np.unique(y, return_inverse=True)[1].reshape(y.shape))
    table = np.hstack([each.view(np.uint8).reshape(len(y), -1) for each in (columns, targets)])
    return np.ascontiguousarray(table).view(np.dtype((np.void, table.shape[1]))).ravel()


def _floats(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float64) + 0.0  # -0 becomes 0


def _hashes(frame: Any) -> np.ndarray:
    """(rows,) of 64 bits; rows with values that can't be hashed are equal to no others."""
    import pandas as pd

    try:
        return pd.util.hash_pandas_object(frame, index=False).to_numpy()
    except TypeError:
        return np.arange(len(frame))
