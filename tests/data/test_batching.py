"""The order of an epoch depends on seed and epoch alone, and is cut into batches without loss."""

import numpy as np
import pytest

from chainrule.data import batches, epoch_order
from chainrule.errors import ConfigError, DataError


def test_an_epoch_visits_every_example_once_in_another_order():
    order = epoch_order(1000, 32, seed=3, epoch=1)
    assert order.dtype == np.int64
    assert np.array_equal(np.sort(order), np.arange(1000))
    assert not np.array_equal(order, np.arange(1000))


def test_order_depends_on_seed_and_epoch_and_on_nothing_else():
    first = epoch_order(100, 8, seed=1, epoch=2)
    epoch_order(100, 8, seed=1, epoch=1)
    assert np.array_equal(first, epoch_order(100, 16, seed=1, epoch=2))
    assert not np.array_equal(first, epoch_order(100, 8, seed=2, epoch=1))
    assert not np.array_equal(first, epoch_order(100, 8, seed=1, epoch=3))


def test_order_is_that_of_the_raw_philox_stream():
    """An order written into a run must come back in every release, so its definition is held here."""
    bits = np.random.Philox(key=np.array([7, 4], dtype=np.uint64)).random_raw(50)
    expected = sorted(range(50), key=lambda index: bits[index])
    assert epoch_order(50, 8, seed=7, epoch=4).tolist() == expected


@pytest.mark.parametrize("alike", [False, True])
def test_many_examples_are_in_the_order_of_a_stable_sort(alike, monkeypatch):
    bits = np.random.Philox(key=np.array([7, 4], dtype=np.uint64)).random_raw(5000)
    if alike:  # of 64 bits hardly ever two are; here most are
        bits = bits % np.uint64(100)

    class Drawn:
        def __init__(self, key: np.ndarray) -> None:
            self.random_raw = lambda count: bits[:count]

    monkeypatch.setattr(np.random, "Philox", Drawn)
    expected = sorted(range(5000), key=lambda index: (bits[index], index))
    assert epoch_order(5000, 8, seed=7, epoch=4).tolist() == expected


def test_every_position_is_equally_likely():
    positions = np.array(
        [np.flatnonzero(epoch_order(4, 2, seed=0, epoch=epoch) == 0)[0] for epoch in range(2000)]
    )
    counts = np.bincount(positions, minlength=4)
    assert np.abs(counts - 500).max() < 100  # five standard deviations of a fair draw


def test_batches_keep_order_and_leave_the_smaller_last_one():
    full, last = batches(np.arange(10)[::-1], 4)
    assert full.dtype == np.int64
    assert full.tolist() == [[9, 8, 7, 6], [5, 4, 3, 2]]
    assert [each.tolist() for each in last] == [[1, 0]]


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_batches_that_fit_leave_nothing(parts):
    full, last = batches(np.arange(8), 4, parts)
    assert full.shape == (2, 4)
    assert last == ()


@pytest.mark.parametrize(
    ("examples", "parts", "steps", "expected"),
    [
        (9, 2, 1, [[4, 5, 6], [7, 8]]),
        (9, 1, 1, [[4, 5, 6, 7, 8]]),
        (5, 2, 0, [[0, 1, 2], [3, 4]]),
        (5, 1, 0, [[0, 1, 2, 3, 4]]),
    ],
)
def test_the_last_full_batch_and_what_is_left_over_can_be_divided_evenly(examples, parts, steps, expected):
    full, last = batches(np.arange(examples), 4, parts)
    assert full.shape == (steps, 4)
    assert full.ravel().tolist() == list(range(4 * steps))
    assert [each.tolist() for each in last] == expected


def test_fewer_examples_than_a_batch_are_one_smaller_batch():
    full, last = batches(np.arange(3), 4)
    assert full.shape == (0, 4)
    assert [each.tolist() for each in last] == [[0, 1, 2]]


@pytest.mark.parametrize(
    "call", [lambda size: epoch_order(9, size, 0, 0), lambda size: batches(np.arange(9), size)]
)
@pytest.mark.parametrize("size", [0, -3])
def test_batch_size_below_one_is_refused(call, size):
    with pytest.raises(ConfigError, match=f"batch_size is {size}; give a batch_size of at least 1"):
        call(size)


def test_seed_out_of_range_and_no_examples_are_refused():
    with pytest.raises(ConfigError, match="seed is -1"):
        epoch_order(9, 2, seed=-1, epoch=0)
    with pytest.raises(DataError, match="no examples"):
        epoch_order(0, 2, seed=0, epoch=0)
