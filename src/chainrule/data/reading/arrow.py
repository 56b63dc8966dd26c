"""pyarrow for columns of text."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def compute() -> Any:
    """pyarrow's functions, which are made as they are imported, so that type checkers know of none."""
    import pyarrow.compute

    return pyarrow.compute


def arrow_texts(column: "pd.Series") -> "pa.Array":
    """The texts of a column, null where missing; without a copy where pandas keeps them so already."""
    import pyarrow as pa

    given: Any = pa.array(column, type=pa.large_string(), from_pandas=True)
    return given.combine_chunks() if isinstance(given, pa.ChunkedArray) else given
