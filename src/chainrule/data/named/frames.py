"""DataFrames out of pickle files, without running anything that is in them.

A pickle is a program: it names functions and calls them. Here it may name the dozen that a plain DataFrame
needs, and gets stand-ins of ours even for those, which put arrays together and know nothing else. So none of
pandas' and NumPy's machinery runs on bytes that nobody vouches for, and their versions do not matter.
"""

import io
import lzma
import pickle  # noqa: TID251  read by a loader that admits stand-ins only; some data sets exist in no other form
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_DTYPE = re.compile(r"b1|[iu][1248]|f[248]|O8")


class _DType:
    def __init__(self, code: str, align: bool = False, copy: bool = False) -> None:
        if not isinstance(code, str) or not _DTYPE.fullmatch(code):
            raise pickle.UnpicklingError(f"it has values of the type {code!r}")
        self.code = code

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] not in ("<", "|"):
            raise pickle.UnpicklingError(f"its numbers have the byte order {state[1]!r}")

    @property
    def numbers(self) -> np.dtype:
        """The dtype of what is stored as bytes; objects are not."""
        if self.code == "O8":
            raise pickle.UnpicklingError("it has objects that are stored as bytes")
        return np.dtype(f"<{self.code}")


class _Array:
    values: np.ndarray

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, by_column, content = state
        if dtype.code != "O8":
            self.values = _from_bytes(content, dtype, shape, "F" if by_column else "C")
            return
        flat = np.empty(len(content), object)
        flat[:] = content
        self.values = flat.reshape(shape, order="F" if by_column else "C")


class _Frame:
    manager: "_Manager"

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.manager = state["_mgr"]

    def assembled(self) -> "pd.DataFrame":
        """The columns of all blocks, in their order."""
        import pandas as pd

        names = [str(name) for name in self.manager.names]
        columns: dict[int, np.ndarray] = {}
        for (
            values,
            places,
        ) in self.manager.blocks:  # (columns of a dtype, rows), and their places
            columns |= dict(zip(np.arange(len(names))[places].tolist(), values, strict=True))
        return pd.DataFrame({name: columns[place] for place, name in enumerate(names)}, columns=names)


class _Manager:
    def __init__(self, blocks: tuple[Any, ...], axes: list[Any]) -> None:
        self.blocks, self.names = blocks, axes[0]


def _from_bytes(content: bytes, dtype: _DType, shape: tuple[int, ...], order: Any) -> np.ndarray:
    return np.frombuffer(content, dtype.numbers).reshape(shape, order=order)


def _block(values: Any, places: Any, dimensions: int) -> tuple[np.ndarray, Any]:
    return _plain(values), places if isinstance(places, slice) else _plain(places)


def _index(kind: str, content: dict[str, Any]) -> np.ndarray | None:
    """The labels of an index; None for the range that counts rows."""
    return _plain(content["data"]) if kind == "Index" else None


def _plain(values: Any) -> np.ndarray:
    return values.values if isinstance(values, _Array) else values


_STAND_INS: dict[tuple[str, str], Any] = {
    ("builtins", "slice"): slice,
    ("pandas._libs.internals", "_unpickle_block"): _block,
    ("pandas.core.frame", "DataFrame"): _Frame,
    ("pandas.core.indexes.base", "Index"): "Index",
    ("pandas.core.indexes.base", "_new_Index"): _index,
    ("pandas.core.indexes.range", "RangeIndex"): "RangeIndex",
    ("pandas.core.internals.managers", "BlockManager"): _Manager,
    ("numpy", "dtype"): _DType,
    ("numpy", "ndarray"): "ndarray",
    ("numpy.core.multiarray", "_reconstruct"): lambda kind, shape, code: _Array(),
    ("numpy.core.numeric", "_frombuffer"): _from_bytes,
}
# Where pandas 3 and NumPy 2 say that some of them stand.
_OLDER = {
    ("pandas", "DataFrame"): "pandas.core.frame",
    ("pandas", "Index"): "pandas.core.indexes.base",
    ("pandas", "RangeIndex"): "pandas.core.indexes.range",
    ("numpy._core.multiarray", "_reconstruct"): "numpy.core.multiarray",
    ("numpy._core.numeric", "_frombuffer"): "numpy.core.numeric",
}


class _Loader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a name, called for everything that a pickle asks for."""
        try:
            return _STAND_INS[_OLDER.get((module, name), module), name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no table needs") from None


def read_pickled_frame(content: bytes, source: str) -> "pd.DataFrame":
    """The DataFrame in a pickle compressed with xz: numbers, booleans and text; its index is not kept.

    source: what errors call it.
    Raises DataError where the pickle asks for anything that such a table doesn't need, or is damaged.
    """
    try:
        return _Loader(io.BytesIO(lzma.decompress(content))).load().assembled()
    # What a broken pickle runs into is any of these; nothing of ours but stand-ins ran.
    except (
        pickle.UnpicklingError,
        lzma.LZMAError,
        EOFError,
        AttributeError,
        ImportError,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        MemoryError,
    ) as error:
        raise DataError(
            f"{source} is refused as a pickled table: {error or type(error).__name__}",
            remedy="nothing of it was run or kept",
        ) from None
