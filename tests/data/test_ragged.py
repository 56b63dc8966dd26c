"""Sequences of different lengths: padded to few lengths, with masks, every one once."""

import itertools

import numpy as np
import pytest

from chainrule.data import MemorySource, Position, feed, ragged
from chainrule.data.ragged import few_lengths, padding_share
from chainrule.errors import DataError


def sequences(count: int = 500, longest: int = 60):
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, longest, count)
    return ragged([np.full((length, 2), number, np.float32) for number, length in enumerate(lengths)])


def test_padding_and_masks_are_those_worked_by_hand():
    given = ragged([[1, 2, 3], [4], [5, 6]])
    assert given.padded_to == (1, 2, 3)
    values, mask = given.padded(4)
    assert values.tolist() == [[1, 2, 3, 0], [4, 0, 0, 0], [5, 6, 0, 0]]
    assert mask.tolist() == [
        [True, True, True, False],
        [True, False, False, False],
        [True, True, False, False],
    ]
    assert given[np.array([2, 0])].values.tolist() == [5, 6, 1, 2, 3]
    assert given[1:].lengths.tolist() == [1, 2]


def test_values_and_lengths_are_the_same_as_a_list():
    listed, flat = ragged([[1, 2, 3], [4], [5, 6]]), ragged(np.arange(1, 7), [3, 1, 2])
    assert np.array_equal(listed.values, flat.values)
    assert np.array_equal(listed.lengths, flat.lengths)


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_the_few_lengths_pad_least(most):
    """Beside every choice that there is."""
    lengths = np.random.default_rng(most).integers(1, 14, 60)
    found = np.unique(lengths)

    def padded(chosen) -> int:
        chosen = np.array(chosen)
        return int(chosen[np.searchsorted(chosen, lengths)].sum())

    choices = (
        sorted({*choice, found[-1]}) for choice in itertools.combinations_with_replacement(found, most - 1)
    )
    assert padded(few_lengths(lengths, most)) == min(map(padded, choices))
    assert len(few_lengths(lengths, most)) <= most


def test_batches_hold_every_sequence_once_padded_to_few_lengths():
    given = sequences()
    source = MemorySource({"x": given, "y": np.arange(500)})
    seen, lengths = [], set()
    for part in feed(source, 16, 3, 1, lambda chunk: chunk.arrays):
        for rows in part.order:
            values, mask, y = (part.arrays[name][rows] for name in ("x.values", "x.mask", "y"))
            assert np.array_equal(mask.sum(1), given.lengths[y])
            assert np.array_equal(values[..., 0], np.where(mask, y[:, None], 0))
            seen += y.tolist()
            lengths.add(values.shape[1])
    assert sorted(seen) == list(range(500))
    assert lengths <= {*given.padded_to}
    assert len(given.padded_to) <= 8


def test_little_is_padding():
    given = sequences(4096)
    order = np.arange(4096).reshape(-1, 32)
    assert padding_share(given, order, None, 0) > 0.4
    assert padding_share(given, order, 1, 0) < 0.15


@pytest.mark.parametrize("done", [0, 1, 7, 31])
def test_going_on_from_a_position_gives_the_same_batches(done):
    source = MemorySource({"x": sequences(), "y": np.arange(500)})

    def batches(position: Position) -> list[list[int]]:
        parts = feed(source, 16, 3, 1, lambda chunk: chunk.arrays, position)
        return [part.arrays["y"][rows].tolist() for part in parts for rows in part.order]

    assert batches(Position(batch=done)) == batches(Position())[done:]


@pytest.mark.parametrize(
    ("values", "lengths", "told"),
    [
        ([], None, "no sequences"),
        ([[1, 2], []], None, "example 1 is empty"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], None, "example 1 has elements of shape"),
        (np.zeros(5), [2, 2], "add up to 4"),
        (np.zeros(5), [2.0, 3.0], "lengths is float64"),
    ],
)
def test_what_is_no_ragged_array_is_refused(values, lengths, told):
    with pytest.raises(DataError, match=told):
        ragged(values, lengths)
