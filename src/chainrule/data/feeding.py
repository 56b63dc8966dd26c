"""From the chunks of a source to batches: every example once an epoch, also where chunks end amid a batch.

Rows at the end of a chunk that fill no batch go into a batch with the first rows of the next one. The last
full batch of what has been read waits for the next chunk, too: only then is it known whether it is the last
of the epoch.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule.data.ahead import ended, read_ahead
from chainrule.data.batching import batches
from chainrule.data.ragged import Ragged, padded_batches
from chainrule.data.source import Chunk, MemorySource, Source

Ready = Callable[[Chunk], Mapping[str, Any]]
"""Brings the arrays of a chunk to the dtypes that programs take, and checks them."""


@dataclass(frozen=True)
class Position:
    """Where an epoch stands: `batch` full batches are done of those that begin at row `row` of chunk `chunk`.

    row: in the order in which the chunk is visited. (0, 0, n) is the place after n batches, whatever the
    chunks; a later chunk saves reading those before it again.
    """

    chunk: int = 0
    row: int = 0
    batch: int = 0


@dataclass(frozen=True, eq=False)
class Part:
    """Some steps of an epoch, all of one shape: batches that are gathered from the same arrays.

    arrays: by name, along their first axis. order: (steps, batch) rows of them. start: the position that
    says where they stand. full: whether the batches have the size that was asked for; those that do not are
    the last of an epoch. last: whether its last step is the last full batch.
    """

    arrays: Mapping[str, np.ndarray]
    order: np.ndarray
    start: Position
    full: bool = True
    last: bool = False

    def after(self, steps: int) -> Position:
        """The position after so many of its steps."""
        return Position(self.start.chunk, self.start.row, self.start.batch + steps)


def feed(
    source: Source,
    batch_size: int,
    seed: int | None,
    epoch: int,
    ready: Ready,
    position: Position = Position(),
    last_parts: int = 0,
) -> Generator[Part, None, None]:
    """The steps of an epoch from a position on.

    batch_size: of full batches. seed: None visits the examples as they stand. last_parts: as of `batches`.
    Arrays in memory are fed as they are; other sources through a thread that makes the next part ready while
    this one is trained on, so that two chunks are in memory beside those that the source reads ahead.
    """
    parts = _parts(source, batch_size, seed, epoch, ready, position, last_parts)
    if position.batch:
        parts = _skipped(parts, position.batch)
    if isinstance(source, MemorySource):
        return parts
    return read_ahead(partial(_itself, part) for part in parts)


def _itself(part: Part) -> Part:
    return part


def _skipped(parts: Iterator[Part], done: int) -> Generator[Part, None, None]:
    """Without the full batches that are done."""
    with ended(parts):
        for part in parts:
            steps = len(part.order)
            if not part.full or done == 0:
                yield part
            elif done < steps:
                yield Part(part.arrays, part.order[done:], part.after(done), part.full, part.last)
                done = 0
            else:
                done -= steps


@dataclass(frozen=True, eq=False)
class _Span:
    """Rows that wait for a batch: some of a chunk, by their places in its arrays.

    row: of the first, in the order in which the chunk is visited.
    """

    chunk: int
    row: int
    arrays: Mapping[str, Any]
    rows: np.ndarray

    def cut(self, count: int) -> tuple["_Span", "_Span"]:
        """The first rows, and the others."""
        first = _Span(self.chunk, self.row, self.arrays, self.rows[:count])
        return first, _Span(self.chunk, self.row + count, self.arrays, self.rows[count:])


def _parts(
    source: Source,
    batch_size: int,
    seed: int | None,
    epoch: int,
    ready: Ready,
    position: Position,
    last_parts: int,
) -> Generator[Part, None, None]:
    """Parts from the beginning of the batches that a position speaks of."""
    waiting: list[_Span] = []
    kept = 2 if last_parts else 1  # of which one may be put together with what is left over
    with ended(source.chunks(seed, epoch, position.chunk)) as chunks:
        for chunk in chunks:
            row = position.row if chunk.number == position.chunk else 0
            waiting.append(_Span(chunk.number, row, ready(chunk), chunk.order[row:]))
            del chunk
            if isinstance(source, MemorySource):
                continue  # no other chunk comes, so nothing has to wait
            steps = sum(len(span.rows) for span in waiting) // batch_size - kept
            # Batches of rows from several chunks first, in arrays of their own; then those of this chunk.
            older = sum(len(span.rows) for span in waiting[:-1])
            seams = min(max(steps, 0), -(-older // batch_size))
            for count in (seams, steps - seams):
                if count > 0:
                    taken, waiting = _cut(waiting, count * batch_size)
                    arrays, rows = _joined(taken)
                    yield from _stepped(taken[0], arrays, rows.reshape(-1, batch_size), seed, epoch)
                    del taken, arrays, rows
            waiting = [span for span in waiting if len(span.rows)]
    if not waiting:
        return
    arrays, rows = _joined(waiting)
    full, last = batches(rows, batch_size, last_parts)
    yield from _stepped(waiting[0], arrays, full, seed, epoch, ends=True)
    for each in last:
        for given, order in padded_batches(arrays, each[None], None, epoch):
            yield Part(given, order, Position(), full=False)


def _stepped(
    first: _Span,
    arrays: Mapping[str, Any],
    order: np.ndarray,
    seed: int | None,
    epoch: int,
    *,
    ends: bool = False,
) -> Iterator[Part]:
    """Parts of full batches.

    first: the rows that they begin with. ends: whether no other full batch follows.
    """
    done = 0
    for given, rows in padded_batches(arrays, order, seed, epoch, first.chunk):
        if len(rows):
            start, done = Position(first.chunk, first.row, done), done + len(rows)
            yield Part(given, rows, start, last=ends and done == len(order))


def _cut(spans: list[_Span], count: int) -> tuple[list[_Span], list[_Span]]:
    """The spans of the first rows, and those of the others."""
    first: list[_Span] = []
    for number, span in enumerate(spans):
        if count < len(span.rows):
            taken, left = span.cut(count)
            return [*first, *([taken] if count else [])], [left, *spans[number + 1 :]]
        first.append(span)
        count -= len(span.rows)
    return first, []


def _joined(spans: list[_Span]) -> tuple[Mapping[str, Any], np.ndarray]:
    """Arrays in which all rows are, and where: those of the chunk as they are if it is one."""
    if len(spans) == 1:
        return spans[0].arrays, spans[0].rows
    names = spans[0].arrays
    joined = {
        name: _concatenated([span.arrays[name] for span in spans], [s.rows for s in spans]) for name in names
    }
    return joined, np.arange(sum(len(span.rows) for span in spans), dtype=np.int64)


def _concatenated(arrays: list[Any], rows: list[np.ndarray]) -> Any:
    taken = [array[each] for array, each in zip(arrays, rows, strict=True)]
    return Ragged.joined(taken) if isinstance(taken[0], Ragged) else np.concatenate(taken)
