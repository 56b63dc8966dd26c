"""pyarrow for columns of text."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def compute() -> Any:
    """The module pyarrow.compute, whose functions are made at import, so that type checkers miss them."""
    import pyarrow.compute

    return pyarrow.compute


def arrow_texts(column: "pd.Series") -> "pa.Array":
    """The texts of a column, null where missing; without a copy if pandas stores them as pyarrow already."""
    import pyarrow as pa

    given: Any = pa.array(column, type=pa.large_string(), from_pandas=True)
    return given.combine_chunks() if isinstance(given, pa.ChunkedArray) else given
