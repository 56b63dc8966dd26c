"""Sources of Parquet files, read by row groups."""

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.file_digest import file_digest
from chainrule.data.shards import ShardSource
from chainrule.data.source import CHUNK_BYTES, Field, digest
from chainrule.data.structure import flattened
from chainrule.data.wording import listed
from chainrule.errors import DataError, did_you_mean

_PREPARE = "prepare it with chainrule.data.fit_preparation, or write numbers"


@dataclass(frozen=True, eq=False)
class ParquetShard:
    """A Parquet file.

    columns: by array name, a column, or several that become one array of shape (rows, n).
    """

    path: str
    columns: Mapping[str, str | tuple[str, ...]]

    @property
    def name(self) -> str:
        """The path of the file."""
        return self.path

    @property
    def rows(self) -> int:
        """How many examples it holds."""
        return self._metadata.num_rows

    @cached_property
    def _metadata(self) -> Any:
        with _opened(self.path) as file:
            return file.metadata

    @property
    def fields(self) -> Mapping[str, Field]:
        """What an example has, by name."""
        return self._fields

    @cached_property
    def _fields(self) -> Mapping[str, Field]:
        with _opened(self.path) as file:
            schema = file.schema_arrow
        return {name: self._field(schema, given) for name, given in self.columns.items()}

    def _field(self, schema: Any, given: str | tuple[str, ...]) -> Field:
        if isinstance(given, str):
            return _kind(self.path, schema, given)
        kinds = [_kind(self.path, schema, column) for column in given]
        for column, kind in zip(given, kinds, strict=True):
            if kind.shape:
                raise DataError(
                    f"column '{column}' of {self.path} holds lists, and is one of several that become "
                    "one array",
                    remedy="give it a name of its own, such as x={'left': ..., 'right': ...}",
                )
        return Field((len(given),), np.result_type(*(kind.dtype for kind in kinds)).name)

    def blocks(self, rows: int) -> list[tuple[int, int]]:
        """The row groups: what a file is written in is what can be read of it."""
        ends = np.cumsum(
            [0, *(self._metadata.row_group(n).num_rows for n in range(self._metadata.num_row_groups))]
        )
        return [(int(start), int(stop)) for start, stop in pairwise(ends) if stop > start]

    def read(self, start: int, stop: int, into: Mapping[str, np.ndarray]) -> None:
        """Read the examples of a row group."""
        import pyarrow

        ends = np.cumsum([self._metadata.row_group(n).num_rows for n in range(self._metadata.num_row_groups)])
        group = int(np.searchsorted(ends, start, side="right"))
        wanted = [
            column
            for given in self.columns.values()
            for column in ([given] if isinstance(given, str) else given)
        ]
        try:
            with _opened(self.path) as file:
                if file.metadata.num_rows != self.rows or file.metadata.num_row_groups != len(ends):
                    raise DataError(
                        f"{self.path} was changed while it was read",
                        remedy="do not change it during training",
                    )
                table = file.read_row_group(group, columns=wanted, use_threads=False)
        except pyarrow.ArrowException as error:
            raise DataError(f"{self.path} is damaged ({error})", remedy="use another copy") from None
        for name, given in self.columns.items():
            if isinstance(given, str):
                into[name][...] = self._numbers(table, given, start).reshape(into[name].shape)
            else:
                for number, column in enumerate(given):
                    into[name][:, number] = self._numbers(table, column, start)

    def _numbers(self, table: Any, column: str, start: int) -> np.ndarray:
        found = table.column(column).combine_chunks()
        if found.null_count:
            row = start + int(np.argmax(found.is_null().to_numpy(zero_copy_only=False)))
            raise DataError(
                f"column '{column}' of {self.path} is missing in row {row}",
                remedy="fill it in or leave the row out",
            )
        if _is_list(found.type):
            found = found.flatten()
        return found.to_numpy(zero_copy_only=False)

    def fingerprint(self) -> str:
        """Of the columns, and of size and samples of the file."""
        return digest(repr(sorted(self.columns.items())).encode(), file_digest(self.path).encode())


def parquet_shards(
    files: str | Path | Sequence[str | Path],
    *,
    x: Any = None,
    y: Any = None,
    weight: str | None = None,
    chunk_bytes: int = CHUNK_BYTES,
    readers: int = 1,
) -> ShardSource:
    """Examples in Parquet files, which together may be larger than memory. They are read by row groups.

    files: a path, a pattern such as 'data/*.parquet', a folder of .parquet files, or a list of paths. Files
    of folders and patterns are sorted by name.
    x, y: the name of a column, which is the array; a list of names, whose numbers become an array (examples,
    columns); or a tuple or mapping of these for a model with several inputs. x=None takes all columns other
    than y and weight. weight: the column of sample weights. A column has numbers, booleans, or lists of a
    fixed length.
    chunk_bytes, readers: see `ShardSource`; a larger row group is read whole.
    Raises DataError for files that are missing or damaged, columns that are missing or not numeric, and
    missing values, naming file, column and row.
    """
    paths = _paths(files)
    with _opened(paths[0]) as file:
        names = list(file.schema_arrow.names)
    columns = _columns("y", y) | ({} if weight is None else {"weight": weight})
    if x is None:
        taken = {c for given in columns.values() for c in ([given] if isinstance(given, str) else given)}
        x = [name for name in names if name not in taken]
    columns = _columns("x", x) | columns
    return ShardSource(tuple(ParquetShard(path, columns) for path in paths), chunk_bytes, readers)


def _columns(name: str, given: Any) -> dict[str, str | tuple[str, ...]]:
    if given is None:
        return {}
    return {
        each: columns if isinstance(columns, str) else tuple(columns)
        for each, columns in flattened(name, given).items()
    }


def _paths(files: Any) -> list[str]:
    if not isinstance(files, str | Path):
        paths = [str(path) for path in files]
    elif glob.has_magic(str(files)):
        paths = sorted(glob.glob(str(files)))  # noqa: PTH207 (a pattern may be absolute)
    elif Path(files).is_dir():
        paths = sorted(str(path) for path in Path(files).glob("*.parquet"))
    else:
        paths = [str(files)]
    if not paths:
        raise DataError(f"{files} has no Parquet files", remedy="give existing files")
    return paths


def _opened(path: str) -> Any:
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path, pre_buffer=False)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", remedy="check the path") from None
    except pyarrow.ArrowException as error:
        raise DataError(f"{path} is not a Parquet file ({error})", remedy="use another copy") from None


def _kind(path: str, schema: Any, column: str) -> Field:
    import pyarrow

    if column not in schema.names:
        raise DataError(
            f"{path} has no column '{column}'{did_you_mean(column, schema.names)}",
            remedy=f"give some of {listed(schema.names)}",
        )
    stored = schema.field(column).type
    shape, numbers = ((stored.list_size,), stored.value_type) if _is_list(stored) else ((), stored)
    types = pyarrow.types
    if not (types.is_integer(numbers) or types.is_floating(numbers) or types.is_boolean(numbers)):
        raise DataError(f"column '{column}' of {path} is {stored}; numbers were expected", remedy=_PREPARE)
    return Field(shape, np.dtype(numbers.to_pandas_dtype()).name)


def _is_list(stored: Any) -> bool:
    import pyarrow

    return pyarrow.types.is_fixed_size_list(stored)
