"""A source of anything that gives examples one by one, as often as it is asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from chainrule.data.ahead import read_ahead
from chainrule.data.shards import check_chunk_bytes
from chainrule.data.source import CHUNK_BYTES, Chunk, Field, check_fields, digest, order_in_chunk
from chainrule.data.structure import flattened
from chainrule.errors import ConfigError, DataError

_WHAT = "the examples"
_SAMPLED = 32


@dataclass(frozen=True, eq=False)
class ExampleSource:
    """Examples that an iterable or a function gives one by one.

    See `chainrule.data.Source` and `examples`.
    """

    given: Iterable[Any] | Callable[[], Iterable[Any]]
    chunk_bytes: int
    length: int | None

    def __post_init__(self) -> None:
        check_chunk_bytes(self.chunk_bytes)
        if isinstance(self.given, Iterator):
            raise ConfigError(
                f"{_WHAT} are a {type(self.given).__name__}, which ends after one epoch",
                remedy="give the function that makes it, or something that can be iterated again",
            )
        check_fields(self.fields, _WHAT)

    @property
    def fields(self) -> Mapping[str, Field]:
        """What an example has, by name, as the first one says."""
        return self._fields

    @cached_property
    def _fields(self) -> Mapping[str, Field]:
        for example in self._iterate():
            return {name: Field(array.shape, array.dtype.name) for name, array in _named(example, 0).items()}
        raise DataError("there are no examples", remedy="give at least one")

    @property
    def examples(self) -> int | None:
        """How many there are; None where it was not said."""
        return self.length

    def chunks(self, seed: int | None, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """The chunks of an epoch, read ahead by one thread, since examples come one after the other.

        A chunk holds the next examples, shuffled among each other. Those before chunk `start` are drawn, too.
        """
        return read_ahead((lambda chunk=chunk: chunk) for chunk in self._chunks(seed, epoch, start))

    def fingerprint(self) -> str:
        """Of the first 32 examples."""
        parts = [repr(sorted(self.fields.items())).encode(), repr(self.length).encode()]
        for number, example in enumerate(islice(self._iterate(), _SAMPLED)):
            parts += [np.ascontiguousarray(array).tobytes() for array in _named(example, number).values()]
        return digest(*parts)

    def _iterate(self) -> Iterator[Any]:
        return iter(self.given() if callable(self.given) else self.given)

    def _chunks(self, seed: int | None, epoch: int, start: int) -> Iterator[Chunk]:
        rows = max(1, self.chunk_bytes // max(1, sum(field.nbytes for field in self.fields.values())))
        if self.length is not None:
            rows = min(rows, self.length)
        examples = self._iterate()
        skipped = sum(1 for _ in islice(examples, start * rows))
        number, done = start, skipped
        while True:
            arrays = {
                name: np.empty((rows, *field.shape), field.dtype) for name, field in self.fields.items()
            }
            count = 0
            for example in islice(examples, rows):
                self._place(arrays, count, example, done + count)
                count += 1
            done += count
            if count:
                yield Chunk(number, arrays, order_in_chunk(count, seed, epoch, number))
            if count < rows:
                break
            number += 1
        if self.length is not None and done != self.length:
            raise DataError(
                f"epoch {epoch} has {done:,} examples, and length is {self.length:,}",
                remedy="give the right length, or none",
            )

    def _place(self, arrays: Mapping[str, np.ndarray], row: int, example: Any, number: int) -> None:
        named = _named(example, number)
        if {*named} != {*arrays}:
            raise DataError(
                f"example {number:,} has {', '.join(named)}, and the first had {', '.join(arrays)}",
                remedy="give every example the same arrays",
            )
        for name, array in named.items():
            into = arrays[name]
            if array.shape != into.shape[1:]:
                raise DataError(
                    f"'{name}' of example {number:,} has shape {array.shape}, and the first had "
                    f"{into.shape[1:]}",
                    remedy="give all the same shape, or sequences as chainrule.data.ragged takes them",
                )
            if array.dtype != into.dtype and not np.can_cast(array.dtype, into.dtype, "same_kind"):
                raise DataError(
                    f"'{name}' of example {number:,} is {array.dtype}, and the first was {into.dtype}",
                    remedy="give every example the same dtypes",
                )
            into[row] = array


def examples(
    given: Iterable[Any] | Callable[[], Iterable[Any]],
    *,
    length: int | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> ExampleSource:
    """Examples that come one by one: read from anywhere, or made as they are asked for.

    given: something that can be gone through again, or a function that returns an iterator; each epoch begins
    anew. An example is a pair (x, y), a triple (x, y, weight), or a mapping with the keys x, y and weight; x
    and y are numbers or arrays, or tuples or mappings of such. All have the shapes and dtypes of the first.
    length: how many examples there are, where that is known.
    chunk_bytes: so many are gathered to a chunk and shuffled within it; two or three chunks are in memory.
    The same examples must come in the same order in every epoch, or a resumed run is not the unbroken one.
    """
    return ExampleSource(given, chunk_bytes, length)


def _named(example: Any, number: int) -> dict[str, np.ndarray]:
    parts: Mapping[str, Any]
    if isinstance(example, Mapping):
        parts = example
    elif isinstance(example, tuple) and len(example) in (2, 3):
        parts = dict(zip(("x", "y", "weight"), example, strict=False))
    else:
        got = f"a tuple of {len(example)}" if isinstance(example, tuple) else f"a {type(example).__name__}"
        raise DataError(
            f"example {number:,} is {got}; a pair (x, y) was expected",
            remedy="give pairs (x, y), triples (x, y, weight), or mappings with these keys",
        )
    leaves = {
        n: a for name, each in parts.items() if each is not None for n, a in flattened(name, each).items()
    }
    return {name: np.asarray(leaf) for name, leaf in leaves.items()}
