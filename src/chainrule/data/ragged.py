"""Examples that are sequences of different lengths: batches of similar length, padded to few lengths."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.data.batching import shuffled
from chainrule.data.given import numeric
from chainrule.data.wording import counted
from chainrule.errors import DataError

VALUES, MASK = "values", "mask"
"""In a batch, a ragged 'x' becomes 'x.values', padded with zeros, and 'x.mask', True at elements and False at
padding."""

MOST_LENGTHS = 8
"""The most padded lengths, since each has its own program."""
_CANDIDATES = 256  # lengths among which few_lengths chooses
_POOL = 64  # batches whose examples are sorted by length together
_OF_BATCHES = 1 << 32  # first random stream for the order of batches, after those of chunks


@dataclass(frozen=True, eq=False)
class Ragged:
    """Sequences of different lengths, concatenated.

    values: (elements, ...) of all examples. lengths: (examples,) int64 elements of each, at least 1.
    padded_to: the lengths that batches are padded to, ascending; the last is at least the longest.
    """

    values: np.ndarray
    lengths: np.ndarray
    padded_to: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def nbytes(self) -> int:
        """Bytes of values and lengths."""
        return self.values.nbytes + self.lengths.nbytes

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.cumsum(self.lengths) - self.lengths

    def __getitem__(self, rows: Any) -> "Ragged":
        """The examples at some rows: indices or a slice."""
        lengths = self.lengths[rows]
        return Ragged(self.values[self._places(self._starts[rows], lengths)], lengths, self.padded_to)

    @staticmethod
    def _places(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Indices into `values` of the elements of some examples, in order."""
        ends = np.cumsum(lengths)
        return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)

    @staticmethod
    def joined(parts: Sequence["Ragged"]) -> "Ragged":
        """The examples of several, one after the other, padded to the lengths of the first."""
        values = np.concatenate([part.values for part in parts])
        return Ragged(values, np.concatenate([part.lengths for part in parts]), parts[0].padded_to)

    def padded_length(self, longest: int) -> int:
        """The smallest of `padded_to` that is at least `longest`."""
        return next(length for length in self.padded_to if length >= longest)

    def padded(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """All examples, filled up with zeros, (examples, length, ...), and their mask, (examples, length)."""
        mask = np.arange(length) < self.lengths[:, None]
        values = np.zeros((len(self), length, *self.values.shape[1:]), self.values.dtype)
        values[mask] = self.values
        return values, mask


def ragged(values: Any, lengths: Any = None) -> Ragged:
    """Sequences of different lengths, as the inputs of examples.

    values: a list of arrays (length, ...) that differ in length only; or their concatenation, (elements,
    ...).
    lengths: for a concatenation, (examples,) whole numbers of at least 1 with the sum `elements`.
    A batch holds examples of similar length, padded with zeros to one of at most eight lengths, which are
    chosen to minimize padding. The model gets {"values": (batch, length, ...), "mask": bool (batch, length)}.
    Raises DataError for an empty sequence, elements of different shapes, and lengths with another sum.
    """
    if lengths is None:
        parts = [numeric(f"example {number}", each) for number, each in enumerate(values)]
        if not parts:
            raise DataError("there are no sequences", remedy="give at least one")
        for number, part in enumerate(parts):
            if part.shape[1:] != parts[0].shape[1:]:
                raise DataError(
                    f"example {number} has elements of shape {part.shape[1:]}, and the first "
                    f"{parts[0].shape[1:]}",
                    remedy="give sequences that differ in their first axis alone",
                )
        joined, counts = np.concatenate(parts), np.array([len(part) for part in parts], np.int64)
    else:
        joined, counts = numeric("values", values), numeric("lengths", lengths)
        if counts.ndim != 1 or counts.dtype.kind not in "iu":
            raise DataError(
                f"lengths is {counts.dtype} of shape {counts.shape}",
                remedy="give whole numbers, one per example",
            )
        counts = counts.astype(np.int64)
        if counts.sum() != len(joined):
            raise DataError(
                f"the lengths add up to {counts.sum():,}, and there are {counted(len(joined), 'element')}",
                remedy="give the lengths of the sequences that are concatenated in values",
            )
    if (counts < 1).any():
        raise DataError(
            f"example {int(np.argmax(counts < 1))} is empty", remedy="leave it out, or give it one element"
        )
    return Ragged(joined, counts, few_lengths(counts))


def few_lengths(lengths: np.ndarray, most: int = MOST_LENGTHS) -> tuple[int, ...]:
    """At most `most` lengths such that padding each example to the next larger one adds the fewest elements.

    lengths: (examples,) of the sequences. Optimal, by dynamic programming, for at most 256 distinct lengths;
    of more, 256 at equal distances are the candidates.
    """
    found, counts = np.unique(lengths, return_counts=True)
    if len(found) > _CANDIDATES:
        kept = np.unique(np.linspace(0, len(found) - 1, _CANDIDATES).astype(np.int64))
        counts = np.add.reduceat(counts, np.concatenate([[0], kept[:-1] + 1]))
        found = found[kept]
    below = np.concatenate([[0], np.cumsum(counts)])
    # cost[i, j]: elements after padding, of the examples of lengths i … j, all padded to length j.
    cost = (below[None, 1:] - below[:-1, None]) * found[None, :].astype(np.float64)
    cost[np.tril_indices(len(found), -1)] = np.inf
    least, choices = cost[0], []
    for _ in range(min(most, len(found)) - 1):
        # whole[i, j]: the best of lengths 0 … i - 1 with one length fewer, then i … j padded to j
        whole = np.concatenate([[np.inf], least[:-1]])[:, None] + cost
        first = whole.argmin(0)
        fresh = whole[first, np.arange(len(found))]
        choices.append(np.where(fresh < least, first, -1))
        least = np.minimum(fresh, least)
    chosen, end = [], len(found) - 1
    for choice in reversed(choices):
        if choice[end] >= 0:
            chosen.append(int(found[end]))
            end = int(choice[end]) - 1
    return tuple(sorted({*chosen, int(found[end])}))


def padded_batches(
    arrays: Mapping[str, Any], order: np.ndarray, seed: int | None, epoch: int, chunk: int = 0
) -> Iterator[tuple[Mapping[str, np.ndarray], np.ndarray]]:
    """Batches as arrays that programs take: (arrays, order), where order has a row of indices for each step.

    order: (steps, batch) rows of the arrays. Without ragged arrays, both are returned unchanged. With ragged
    ones, examples are sorted by length within groups of 64 batches, the batches are shuffled by (seed, epoch,
    chunk), and each is yielded by itself, padded. seed: None leaves the batches unchanged.
    """
    sequences = {name: array for name, array in arrays.items() if isinstance(array, Ragged)}
    if not sequences:
        yield arrays, order
        return
    for rows in _bucketed(list(sequences.values()), order, seed, epoch, chunk):
        batch: dict[str, np.ndarray] = {}
        for name, array in arrays.items():
            taken = array[rows]
            if isinstance(taken, Ragged):
                length = taken.padded_length(int(taken.lengths.max()))
                batch[f"{name}.{VALUES}"], batch[f"{name}.{MASK}"] = taken.padded(length)
            else:
                batch[name] = taken
        yield batch, np.arange(len(rows), dtype=np.int64)[None]


def padding_share(
    sequences: Ragged, order: np.ndarray, seed: int | None, epoch: int, chunk: int = 0
) -> float:
    """The share of padding among the elements of the batches of `padded_batches`, below 1."""
    filled = real = 0
    for rows in _bucketed([sequences], order, seed, epoch, chunk):
        lengths = sequences.lengths[rows]
        filled += len(rows) * sequences.padded_length(int(lengths.max()))
        real += int(lengths.sum())
    return 1 - real / filled


def _bucketed(
    sequences: list[Ragged], order: np.ndarray, seed: int | None, epoch: int, chunk: int
) -> Iterator[np.ndarray]:
    """The rows of each batch."""
    if seed is None:
        yield from order
        return
    size = order.shape[1]
    for first in range(0, len(order), _POOL):
        rows = order[first : first + _POOL].reshape(-1)
        # By the length of the first array; ties by the next.
        rows = rows[np.lexsort([each.lengths[rows] for each in reversed(sequences)])]
        batches = rows.reshape(-1, size)
        stream = _OF_BATCHES + (chunk << 32) + first
        yield from batches[shuffled(len(batches), seed, epoch, stream)]
