"""Sources: examples as named arrays of any dtype, in chunks that fit in memory.

The names are those of `chainrule.data.structure`: 'x', or 'x.0', 'x.left' and so on for inputs in a
structure; 'y' likewise; 'weight'.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from chainrule.data.batching import check_place, epoch_order, shuffled
from chainrule.errors import DataError

CHUNK_BYTES = 64 << 20
"""The default number of bytes of a chunk."""


@dataclass(frozen=True)
class Field:
    """The array that every example has under one name.

    shape: of one example. dtype: name of a NumPy dtype, such as 'uint8'. ragged: examples are sequences, of
    any length, of elements of this shape.
    """

    shape: tuple[int, ...]
    dtype: str
    ragged: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes of an example; if ragged, of an element."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize

    @staticmethod
    def of(array: Any) -> "Field":
        """The field of an array of examples, or of a `Ragged`."""
        if isinstance(array, np.ndarray):
            return Field(array.shape[1:], array.dtype.name)
        return Field(array.values.shape[1:], array.values.dtype.name, ragged=True)


@dataclass(frozen=True, eq=False)
class Chunk:
    """Examples that are in memory together.

    number: of the chunk within the epoch, from 0. arrays: by name, with the examples along the first axis;
    for a ragged field a `Ragged`. order: (examples,) int64, the rows of the arrays in the order in which they
    are visited; other rows are not examples.
    """

    number: int
    arrays: Mapping[str, Any]
    order: np.ndarray

    def __len__(self) -> int:
        return len(self.order)


@runtime_checkable
class Source(Protocol):
    """Supplies examples, in chunks.

    A source has no position: any number of iterators over its `chunks` may be used at once.
    """

    @property
    def fields(self) -> Mapping[str, Field]:
        """What an example has, by name."""
        ...

    @property
    def examples(self) -> int | None:
        """The number of examples; None if it is unknown before they are read."""
        ...

    def chunks(self, seed: int | None, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """The chunks of an epoch, from chunk number `start` on.

        seed: by which examples are shuffled; None keeps their order. epoch: from 0. Every example is in
        exactly one chunk of an epoch. The content of a chunk must depend only on seed, epoch and its number.
        """
        ...

    def fingerprint(self) -> str:
        """A short hash of the examples: equal for equal data, computed in little time."""
        ...


def order_in_chunk(examples: int, seed: int | None, epoch: int, number: int) -> np.ndarray:
    """The rows of a chunk in the order in which they are visited, drawn by (seed, epoch, number) alone."""
    if seed is None:
        return np.arange(examples, dtype=np.int64)
    check_place(seed, epoch)
    return shuffled(examples, seed, epoch, number + 1)


@dataclass(frozen=True, eq=False)
class MemorySource:
    """Arrays in memory, as one chunk: every epoch visits them in the order of `epoch_order`.

    arrays: by name, all of the same length; a ragged field is a `Ragged`.
    """

    arrays: Mapping[str, Any]

    @property
    def fields(self) -> Mapping[str, Field]:
        """What an example has, by name."""
        return {name: Field.of(array) for name, array in self.arrays.items()}

    @property
    def examples(self) -> int:
        """The number of examples."""
        return len(next(iter(self.arrays.values())))

    def chunks(self, seed: int | None, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """The one chunk, unless start is beyond it."""
        if start == 0:
            shuffle = seed is not None
            yield Chunk(0, self.arrays, epoch_order(self.examples, 1, seed or 0, epoch, shuffle=shuffle))

    def fingerprint(self) -> str:
        """A hash of all bytes."""
        return digest(
            *(part for name, array in self.arrays.items() for part in (name.encode(), _bytes(array)))
        )


def _bytes(array: Any) -> bytes:
    kept = array if isinstance(array, np.ndarray) else array.values
    lengths = b"" if isinstance(array, np.ndarray) else np.asarray(array.lengths, "<i8").tobytes()
    content = np.ascontiguousarray(kept, kept.dtype.newbyteorder("<"))
    return f"{kept.dtype.name} {kept.shape}".encode() + lengths + content.tobytes()


def check_fields(fields: Mapping[str, Field], where: str) -> None:
    """Raises DataError for other names than x, y and weight, dtypes that are not numbers, and without x."""
    for name, field in fields.items():
        if name.partition(".")[0] not in ("x", "y", "weight"):
            raise DataError(
                f"{where} has the array '{name}'",
                remedy="call the arrays x, y and weight, or x.left and the like",
            )
        if np.dtype(field.dtype).kind not in "biuf":
            raise DataError(
                f"'{name}' of {where} has dtype {field.dtype}; numbers were expected",
                remedy="turn it into numbers, such as classes into 0, 1, …",
            )
    if not any(name.partition(".")[0] == "x" for name in fields):
        raise DataError(
            f"{where} has no inputs x, only {', '.join(fields) or 'nothing'}", remedy="give it an x"
        )


def digest(*parts: bytes) -> str:
    """A hash of some bytes, in 16 letters."""
    content = hashlib.blake2b(digest_size=8)
    for part in parts:
        content.update(len(part).to_bytes(8, "little"))
        content.update(part)
    return content.hexdigest()
