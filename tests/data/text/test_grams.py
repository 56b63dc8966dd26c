"""Bags of hashed n-grams, against a plain count of tuples."""

import numpy as np
import pytest

from chainrule.data.text import Counting, bags, frequent, numbered, numbered_bags
from chainrule.data.text.grams import PADDING

NAMES = ("[UNK]", "aa", "bb", "cccc")
NUMBERS = np.array([1, 2, 1, 2, 3, 3, 1], np.int32)
LENGTHS = np.array([4, 0, 2, 1])


def plain(words: list[int], longest: int) -> set[tuple[int, ...]]:
    return {tuple(words[i : i + n]) for n in range(1, longest + 1) for i in range(len(words) - n + 1)}


@pytest.mark.parametrize("longest", [1, 2, 3, 5])
def test_a_document_has_its_n_grams_once_and_none_across_its_end(longest: int):
    values, counts = bags(NUMBERS, LENGTHS, Counting(longest, 0), NAMES)
    documents = [[1, 2, 1, 2], [], [3, 3], [1]]
    assert counts.tolist() == [max(len(plain(each, longest)), 1) for each in documents]
    parts = np.split(values, np.cumsum(counts)[:-1])
    assert all((np.diff(each) > 0).all() for each in parts)
    assert parts[1].tolist() == [PADDING]
    assert values.dtype == np.int32


def test_equal_n_grams_have_equal_numbers_and_others_do_not():
    counting = Counting(3, 0)
    numbers = np.array([1, 2, 3, 1, 2, 3, 3, 2, 1], np.int32)
    values, counts = bags(numbers, np.array([3, 3, 3]), counting, NAMES)
    one, two, three = np.split(values, np.cumsum(counts)[:-1])
    assert one.tolist() == two.tolist()
    assert len(set(one) & set(three)) == 3  # the words themselves; their order makes other pairs


def test_many_documents_are_hashed_as_each_alone():
    random = np.random.default_rng(0)
    lengths = random.integers(0, 9, 1300)
    numbers = random.integers(0, 50, lengths.sum()).astype(np.int32)
    counting = Counting(3, 0)
    values, counts = bags(numbers, lengths, counting, NAMES)
    ends, starts = np.cumsum(counts), np.cumsum(lengths) - lengths
    for row in (0, 511, 512, 1299):
        own = numbers[starts[row] : starts[row] + lengths[row]]
        alone, _ = bags(own, np.array([len(own)]), counting, NAMES)
        assert values[ends[row] - counts[row] : ends[row]].tolist() == alone.tolist()


def test_n_grams_with_an_unknown_word_are_left_out():
    counting = Counting(3, 0)
    values, counts = bags(np.array([1, 2, 0, 3, 0, 0], np.int32), np.array([4, 2]), counting, NAMES)
    assert counts.tolist() == [4, 1]  # three words and a pair; nothing is known of the second
    assert values[-1] == PADDING
    known = {*counting.of_words(np.array([1, 2]))[0], *counting.of_words(np.array([1, 2]))[1]}
    assert set(values[:4].tolist()) == {*known, *counting.of_words(np.array([3]))[0]}


def test_numbers_are_spread_evenly_and_none_is_padding():
    numbers = np.arange(1, 40_001, dtype=np.int32)
    found = Counting(1, 0).of_words(numbers)[0]
    assert found.min() > 0
    counts = np.bincount(found >> 23, minlength=256)
    assert abs(counts - 40_000 / 256).max() < 6 * np.sqrt(40_000 / 256)


def test_frequent_ones_are_known_and_numbered_in_order():
    grams = np.array([5, 9, 9, 7, 5, 5, 0, 0, 11], np.int32)
    assert frequent(grams, 1, 10).tolist() == [5, 7, 9, 11]
    assert frequent(grams, 2, 10).tolist() == [5, 9]
    assert frequent(grams, 1, 2).tolist() == [5, 9]
    known = frequent(grams, 2, 10)
    assert numbered(np.array([9, 5, 6, 0, 100], np.int32), known).tolist() == [2, 1, 0, 0, 0]
    assert numbered(grams, known[:0]).tolist() == [0] * 9


def test_bags_keep_known_ones_and_no_document_is_empty():
    values, counts = numbered_bags(
        np.array([7, 3, 5, 9, 4], np.int32), np.array([1, 2, 2]), np.array([5, 9], np.int32)
    )
    assert values.tolist() == [0, 1, 2]
    assert counts.tolist() == [1, 1, 1]


def test_parts_of_words_are_told_with_their_ends():
    counting = Counting(1, 4)
    assert len(counting.of_characters("aa")) == 2 + 1  # <aa, aa>, <aa>
    assert len(counting.of_characters("cccc")) == 4 + 3
    assert len(Counting(1, 0).of_characters("cccc")) == 0
    assert len(counting.of_characters("")) == 0
    values, _ = bags(np.array([1], np.int32), np.array([1]), counting, NAMES)
    own = {*counting.of_words(np.array([1]))[0].tolist(), *counting.of_characters("aa").tolist()}
    assert set(values.tolist()) == own
