"""From chunks to batches: every example once, the same from any position and for any cut into chunks."""

import numpy as np
import pytest

from chainrule.data import Chunk, MemorySource, Position, batches, epoch_order, feed, read_ahead


class Cut:
    """A source of the numbers 0 … n - 1, in chunks of these lengths."""

    def __init__(self, *lengths: int) -> None:
        self.lengths = lengths
        self.begun: list[int] = []

    def chunks(self, seed, epoch, start=0):
        return read_ahead(((lambda n=n: self._chunk(n, seed)) for n in range(start, len(self.lengths))), 2)

    def _chunk(self, number, seed):
        self.begun.append(number)
        first = sum(self.lengths[:number])
        count = self.lengths[number]
        order = np.arange(count) if seed is None else np.random.default_rng([seed, number]).permutation(count)
        return Chunk(number, {"x": np.arange(first, first + count)}, order)


def arrays(chunk: Chunk):
    return chunk.arrays


def fed(source, batch_size, position=Position(), last_parts=0, seed=None):  # noqa: B008 (it is frozen)
    """The batches, each with the position after it, and whether it is full and the last that is."""
    found = []
    for part in feed(source, batch_size, seed, 0, arrays, position, last_parts):
        for number, rows in enumerate(part.order):
            last = part.last and number == len(part.order) - 1
            found.append((part.arrays["x"][rows].tolist(), part.after(number + 1), part.full, last))
    return found


CUTS = [
    (100,),
    (7, 40, 3, 50),
    (1, 1, 1, 1, 1, 95),
    (33, 33, 34),
    (5, 5),
    (64,),
    (32, 32),
    (3,),
    (2, 2, 2, 26),
]


@pytest.mark.parametrize("cut", CUTS)
def test_batches_go_across_the_ends_of_chunks(cut):
    found = fed(Cut(*cut), 8)
    count = sum(cut)
    assert [number for numbers, *_ in found for number in numbers] == list(range(count))
    assert [len(numbers) for numbers, *_ in found] == [8] * (count // 8) + [count % 8] * (count % 8 > 0)
    assert [full for _, _, full, _ in found] == [True] * (count // 8) + [False] * (count % 8 > 0)
    assert [number for number, (*_, last) in enumerate(found) if last] == [count // 8 - 1] * (count >= 8)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("seed", [None, 4])
def test_from_every_position_the_rest_is_the_same(cut, seed):
    whole = fed(Cut(*cut), 8, seed=seed)
    for done, (_, position, full, _) in enumerate(whole, start=1):
        if full:
            for place in (position, Position(batch=done)):
                again = fed(Cut(*cut), 8, place, seed=seed)
                assert [batch for batch, *_ in again] == [batch for batch, *_ in whole[done:]]


def test_a_position_saves_reading_what_lies_before_it():
    source = Cut(*[16] * 10)
    *_, (_, position, _, _) = fed(source, 8)[:13]
    source.begun.clear()
    fed(source, 8, position)
    assert min(source.begun) >= 5


@pytest.mark.parametrize("last_parts", [0, 1, 2])
@pytest.mark.parametrize("cut", [(33,), (13, 20), (32, 1), (30, 3)])
def test_the_last_batches_are_shared_as_in_memory(cut, last_parts):
    full, last = batches(np.arange(33), 8, last_parts)
    found = fed(Cut(*cut), 8, last_parts=last_parts)
    assert [numbers for numbers, *_ in found] == [*full.tolist(), *(part.tolist() for part in last)]
    assert sum(last for *_, last in found) == 1


def test_arrays_in_memory_are_fed_in_the_order_of_the_epoch_as_they_are():
    given = {"x": np.arange(100)}
    parts = list(feed(MemorySource(given), 8, 5, 3, arrays))
    assert all(part.arrays["x"] is given["x"] for part in parts)
    order = np.concatenate([part.order.reshape(-1) for part in parts])
    assert np.array_equal(order, epoch_order(100, 8, 5, 3))
