"""Examples in shards: files, or arrays larger than memory, read a few blocks at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Protocol

import numpy as np

from chainrule.data.ahead import check_readers, read_ahead
from chainrule.data.batching import check_place, shuffled
from chainrule.data.source import Chunk, Field, check_fields, digest, order_in_chunk
from chainrule.errors import ConfigError, DataError

_BLOCKS_PER_CHUNK = 8


class Shard(Protocol):
    """A part of the examples of a source, such as a file."""

    @property
    def name(self) -> str:
        """Its name in errors, such as the path of its file."""
        ...

    @property
    def rows(self) -> int:
        """The number of its examples."""
        ...

    @property
    def fields(self) -> Mapping[str, Field]:
        """What an example has, by name."""
        ...

    def blocks(self, rows: int) -> list[tuple[int, int]]:
        """Its blocks as (start, stop) rows: what is read at once, about this number of rows."""
        ...

    def read(self, start: int, stop: int, into: Mapping[str, np.ndarray]) -> None:
        """Read the examples of a block into arrays of its length.

        Any number of threads may call it at once.
        """
        ...

    def fingerprint(self) -> str:
        """A short hash of its content, computed in little time."""
        ...


@dataclass(frozen=True)
class Block:
    """Examples that are read at once: rows start … stop - 1 of a shard."""

    shard: int
    start: int
    stop: int

    @property
    def rows(self) -> int:
        """How many."""
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class ShardSource:
    """Examples in shards. See `chainrule.data.Source`.

    Every shard is cut into blocks of neighbouring examples. An epoch visits the blocks in a random order that
    depends on (seed, epoch), eight of them in a chunk, and the examples of a chunk in a random order that
    depends on (seed, epoch, chunk). So a chunk has examples of eight places, and examples that are neighbours
    in a file are visited at different times.

    chunk_bytes: size of a chunk, as its examples are stored; a block that can't be cut, such as a row group
    of Parquet, may be larger. readers: threads that read ahead; at most readers + 1 chunks are in memory.
    """

    shards: Sequence[Shard]
    chunk_bytes: int
    readers: int

    def __post_init__(self) -> None:
        check_readers(self.readers)
        check_chunk_bytes(self.chunk_bytes)
        if not self.shards:
            raise DataError("there are no shards to read", remedy="give at least one file")
        first = self.shards[0]
        check_fields(first.fields, first.name)
        for shard in self.shards[1:]:
            for name in {**first.fields, **shard.fields}:
                if first.fields.get(name) != shard.fields.get(name):
                    raise DataError(
                        f"{shard.name} has {_told(name, shard.fields)}, and {first.name} has "
                        f"{_told(name, first.fields)}",
                        remedy="give shards of the same arrays, dtypes and shapes",
                    )
        if not self.examples:
            raise DataError(f"{first.name} holds no examples", remedy="give at least one")

    @property
    def fields(self) -> Mapping[str, Field]:
        """What an example has, by name."""
        return self.shards[0].fields

    @property
    def examples(self) -> int:
        """The number of examples."""
        return self._examples

    @cached_property
    def _examples(self) -> int:
        return sum(shard.rows for shard in self.shards)

    @cached_property
    def blocks(self) -> list[Block]:
        """All blocks, in the order of the shards."""
        rows = -(-self._wanted_rows // _BLOCKS_PER_CHUNK)
        return [
            Block(number, start, stop)
            for number, shard in enumerate(self.shards)
            for start, stop in shard.blocks(rows)
        ]

    @property
    def _wanted_rows(self) -> int:
        return max(1, self.chunk_bytes // max(1, sum(field.nbytes for field in self.fields.values())))

    @cached_property
    def chunk_rows(self) -> int:
        """The rows of the arrays of every chunk; the last chunk may have fewer examples.

        The number is the same for all, since executors plan a step for the number of rows of these arrays.
        """
        largest = max(block.rows for block in self.blocks)
        return min(max(self._wanted_rows, largest), self.examples)

    def chunks(self, seed: int | None, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """The chunks of an epoch, read ahead; see `Source.chunks`.

        Raises DataError, naming the file, for one that has changed or is damaged.
        """
        jobs = (
            partial(self._read, number, blocks, seed, epoch)
            for number, blocks in enumerate(self._plan(seed, epoch))
            if number >= start
        )
        return read_ahead(jobs, self.readers)

    def fingerprint(self) -> str:
        """A hash of the fingerprints of all shards."""
        return digest(*(shard.fingerprint().encode() for shard in self.shards))

    def _plan(self, seed: int | None, epoch: int) -> Iterator[list[Block]]:
        """The blocks of each chunk."""
        order = np.arange(len(self.blocks))
        if seed is not None:
            check_place(seed, epoch)
            order = shuffled(len(self.blocks), seed, epoch)
        chosen: list[Block] = []
        rows = 0
        for block in (self.blocks[number] for number in order):
            if chosen and rows + block.rows > self.chunk_rows:
                yield chosen
                chosen, rows = [], 0
            chosen.append(block)
            rows += block.rows
        yield chosen

    def _read(self, number: int, blocks: list[Block], seed: int | None, epoch: int) -> Chunk:
        arrays = {
            name: np.empty((self.chunk_rows, *field.shape), field.dtype)
            for name, field in self.fields.items()
        }
        done = 0
        for block in blocks:
            part = {name: array[done : done + block.rows] for name, array in arrays.items()}
            self.shards[block.shard].read(block.start, block.stop, part)
            done += block.rows
        return Chunk(number, arrays, order_in_chunk(done, seed, epoch, number))


def even_blocks(examples: int, rows: int) -> list[tuple[int, int]]:
    """Cuts examples into blocks of at most this number of rows, as equal as possible."""
    count = max(1, -(-examples // rows))
    ends = [examples * number // count for number in range(count + 1)]
    return list(pairwise(ends)) if examples else []


def check_chunk_bytes(chunk_bytes: int) -> None:
    """ConfigError unless this is a size in bytes."""
    if not isinstance(chunk_bytes, int) or isinstance(chunk_bytes, bool) or chunk_bytes < 1:
        raise ConfigError(
            f"chunk_bytes is {chunk_bytes!r}", remedy="give a whole number of bytes, such as 64 << 20"
        )


def _told(name: str, fields: Mapping[str, Field]) -> str:
    field = fields.get(name)
    return f"no '{name}'" if field is None else f"'{name}' of {field.dtype} {field.shape}"
