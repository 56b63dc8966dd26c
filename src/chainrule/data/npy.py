"""Sources of NumPy arrays on disk: shards of .npy files, and memory maps."""

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy_format

from chainrule.data.file_digest import file_digest
from chainrule.data.shards import ShardSource, even_blocks
from chainrule.data.source import CHUNK_BYTES, Field, check_fields, digest
from chainrule.data.structure import flattened
from chainrule.errors import DataError

_SAMPLES, _SAMPLE = 64, 1 << 12
_SAVE_AGAIN = "write the file again with numpy.save"


@dataclass(frozen=True)
class NpyFile:
    """A .npy file, as described by its header.

    offset: of the first number, in bytes. dtype: as stored, of any byte order. fortran: whether the first
    axis varies fastest.
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    offset: int

    @staticmethod
    def of(path: str | Path) -> "NpyFile":
        """Reads the header; DataError that names the file where it is missing, no .npy file or cut off."""
        path = str(path)
        try:
            with Path(path).open("rb") as file:
                shape, fortran, dtype = _header(file)
                found = NpyFile(path, shape, dtype, fortran and len(shape) > 1, file.tell())
                size = os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            raise DataError(f"{path} does not exist", remedy="check the path") from None
        except (ValueError, SyntaxError) as error:
            raise DataError(f"{path} is not a .npy file ({error})", remedy=_SAVE_AGAIN) from None
        if not shape or dtype.kind not in "biuf":
            raise DataError(
                f"{path} holds {dtype} of shape {shape}; numbers with examples along the first "
                "axis were expected",
                remedy=_SAVE_AGAIN,
            )
        found.check_size(size)
        return found

    def check_size(self, size: int) -> None:
        """DataError where the file is too short for what its header says."""
        wanted = self.offset + int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize
        if size < wanted:
            raise DataError(
                f"{self.path} is cut off: it has {size:,} bytes, and its header promises {wanted:,}",
                remedy="use another copy",
            )

    def read(self, start: int, stop: int, into: np.ndarray) -> None:
        """Rows start … stop - 1 into an array of their shape; DataError where the file has changed."""
        try:
            with Path(self.path).open("rb", buffering=0) as file:
                self.check_size(os.fstat(file.fileno()).st_size)
                if self.fortran:  # rows lie scattered: the system reads the pages that they lie in
                    stored = np.memmap(file, self.dtype, "r", self.offset, self.shape, "F")
                    into[...] = stored[start:stop]
                elif self.dtype.isnative and into.flags.c_contiguous:
                    self._fill(file, start, into)
                else:
                    stored = np.empty((stop - start, *self.shape[1:]), self.dtype)
                    self._fill(file, start, stored)
                    into[...] = stored
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.path) from error

    def _fill(self, file: Any, start: int, into: np.ndarray) -> None:
        """Read plainly rather than map: a map of a file that is cut off meanwhile kills the process."""
        row = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
        file.seek(self.offset + start * row)
        left = into.reshape(-1).view(np.uint8).data
        while left:
            count = file.readinto(left)
            if not count:
                raise DataError(f"{self.path} was cut off while it was read", remedy="use another copy")
            left = left[count:]


@dataclass(frozen=True)
class NpyShard:
    """A file for each array, all of the same length."""

    files: Mapping[str, NpyFile]

    def __post_init__(self) -> None:
        first = next(iter(self.files.values()))
        for file in self.files.values():
            if file.shape[0] != first.shape[0]:
                raise DataError(
                    f"{file.path} has {file.shape[0]:,} rows, and {first.path} has {first.shape[0]:,}",
                    remedy="give files with one row per example",
                )

    @property
    def name(self) -> str:
        """The path of its first file."""
        return next(iter(self.files.values())).path

    @property
    def rows(self) -> int:
        """How many examples it holds."""
        return next(iter(self.files.values())).shape[0]

    @property
    def fields(self) -> Mapping[str, Field]:
        """What an example has, by name."""
        return {name: Field(file.shape[1:], file.dtype.name) for name, file in self.files.items()}

    def blocks(self, rows: int) -> list[tuple[int, int]]:
        """Evenly."""
        return even_blocks(self.rows, rows)

    def read(self, start: int, stop: int, into: Mapping[str, np.ndarray]) -> None:
        """Read the examples of a block."""
        for name, file in self.files.items():
            file.read(start, stop, into[name])

    def fingerprint(self) -> str:
        """Of the names of the arrays, and of sizes and samples of the files."""
        return digest(*(p for n, f in self.files.items() for p in (n.encode(), file_digest(f.path).encode())))


def npy_shards(
    files: str | Path | Mapping[str, str | Path | Sequence[str | Path]],
    *,
    chunk_bytes: int = CHUNK_BYTES,
    readers: int = 1,
) -> ShardSource:
    """Examples in .npy files, which together may be larger than memory.

    files: a folder of shards. A shard is a folder with a file for each array: x.npy, y.npy and, for sample
    weights, weight.npy; x.left.npy and x.right.npy are inputs in a mapping, x.0.npy and x.1.npy in a tuple. A
    folder that contains such files itself is one shard. Or a mapping from these names to files: a path, a
    pattern such as 'data/x-*.npy', or a list of paths; the first files of all names make a shard, the second
    ones another, and so on. Folders, and files found by patterns, are sorted by name.
    chunk_bytes, readers: see `ShardSource`.
    Arrays keep their dtypes; they may be of any byte order. Raises DataError for files that are missing,
    truncated, no .npy files, or do not fit together.
    """
    shards = _of_mapping(files) if isinstance(files, Mapping) else _of_folder(Path(files))
    return ShardSource(tuple(shards), chunk_bytes, readers)


def _of_mapping(files: Mapping[str, Any]) -> list[NpyShard]:
    paths = {name: _listed(name, given) for name, given in files.items()}
    if not paths:
        raise DataError("there are no files to read", remedy="give files for x and y")
    counts = {name: len(each) for name, each in paths.items()}
    if len({*counts.values()}) > 1:
        told = ", ".join(f"{count} of '{name}'" for name, count in counts.items())
        raise DataError(f"the arrays have different numbers of files: {told}", remedy="give as many of each")
    return [
        NpyShard({name: NpyFile.of(path) for name, path in zip(paths, shard, strict=True)})
        for shard in zip(*paths.values(), strict=True)
    ]


def _listed(name: str, given: Any) -> list[str]:
    if not isinstance(given, str | Path):
        return [str(path) for path in given]
    if glob.has_magic(str(given)):
        found = sorted(glob.glob(str(given)))  # noqa: PTH207 (a pattern may be absolute)
        if not found:
            raise DataError(f"no file is called {given}", remedy=f"give existing files for '{name}'")
        return found
    return [str(given)]


def _of_folder(folder: Path) -> list[NpyShard]:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(
            f"{folder} {what}", remedy="give a folder of shards, or a mapping from names to files"
        )
    inner = sorted(each for each in folder.iterdir() if each.is_dir() and any(each.glob("*.npy")))
    own = sorted(folder.glob("*.npy"))
    if own and inner:
        raise DataError(
            f"{folder} holds .npy files and folders of such ({own[0].name}, {inner[0].name})",
            remedy="give a folder of shards, or a shard",
        )
    if not own and not inner:
        raise DataError(
            f"{folder} holds no .npy files", remedy="give a folder of shards, each with x.npy and y.npy"
        )
    shards = []
    for each in inner or [folder]:
        paths = {path.stem: path for path in sorted(each.glob("*.npy"))}
        check_fields({name: Field((), "float32") for name in paths}, str(each))
        shards.append(NpyShard({name: NpyFile.of(path) for name, path in paths.items()}))
    return shards


@dataclass(frozen=True, eq=False)
class MappedShard:
    """Arrays that are on disk, mapped into memory."""

    arrays: Mapping[str, np.ndarray]

    @property
    def name(self) -> str:
        """The file of its first array, where it is known."""
        first = next(iter(self.arrays.values()))
        return str(getattr(first, "filename", None) or "the arrays")

    @property
    def rows(self) -> int:
        """How many examples it holds."""
        return len(next(iter(self.arrays.values())))

    @property
    def fields(self) -> Mapping[str, Field]:
        """What an example has, by name."""
        return {name: Field.of(array) for name, array in self.arrays.items()}

    def blocks(self, rows: int) -> list[tuple[int, int]]:
        """Evenly."""
        return even_blocks(self.rows, rows)

    def read(self, start: int, stop: int, into: Mapping[str, np.ndarray]) -> None:
        """Read the examples of a block."""
        for name, array in self.arrays.items():
            into[name][...] = array[start:stop]

    def fingerprint(self) -> str:
        """Of dtypes and shapes, and of the rows of 64 pieces of 4 KiB at even distances.

        Of all if they are few.
        """
        parts = []
        for name, array in self.arrays.items():
            rows = max(1, _SAMPLE * len(array) // max(1, array.nbytes))
            cuts = [slice(0, None)]
            if len(array) > _SAMPLES * rows:
                cuts = [slice(int(n), int(n) + rows) for n in np.linspace(0, len(array) - rows, _SAMPLES)]
            parts.append(f"{name} {array.dtype.name} {array.shape}".encode())
            parts += [np.ascontiguousarray(array[cut]).tobytes() for cut in cuts]
        return digest(*parts)


def mapped(
    x: Any, y: Any = None, weight: Any = None, *, chunk_bytes: int = CHUNK_BYTES, readers: int = 1
) -> ShardSource:
    """Arrays larger than memory, such as numpy.memmap or the result of numpy.load(…, mmap_mode="r").

    x, y: each an array, or a tuple or mapping of arrays; y and weight may be None. They are read in chunks
    and keep their dtypes. chunk_bytes, readers: see `ShardSource`.
    Raises DataError for arrays of different lengths.
    """
    given = (("x", x), ("y", y), ("weight", weight))
    arrays = {n: a for name, each in given if each is not None for n, a in flattened(name, each).items()}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or not array.ndim:
            raise DataError(
                f"{name} is not an array with examples along its first axis", remedy="give a numpy.memmap"
            )
        if len(array) != len(arrays[next(iter(arrays))]):
            first = next(iter(arrays))
            raise DataError(
                f"{first} has {len(arrays[first]):,} examples but {name} has {len(array):,}",
                remedy=f"give one entry of {name} per example",
            )
    return ShardSource((MappedShard(arrays),), chunk_bytes, readers)


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy_format.read_magic(file)
    if version == (1, 0):
        return npy_format.read_array_header_1_0(file)
    if version == (2, 0):
        return npy_format.read_array_header_2_0(file)
    raise ValueError(f"its format {version} is for records")
