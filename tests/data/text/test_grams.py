"""Bags of hashed n-grams, against a plain count of tuples."""

import numpy as np
import pytest

from chainrule.data.text import Hashing, bags
from chainrule.data.text.grams import PADDING

NAMES = ("[UNK]", "aa", "bb", "cccc")
NUMBERS = np.array([1, 2, 1, 2, 3, 3, 1], np.int32)
LENGTHS = np.array([4, 0, 2, 1])


def plain(words: list[int], longest: int) -> set[tuple[int, ...]]:
    return {tuple(words[i : i + n]) for n in range(1, longest + 1) for i in range(len(words) - n + 1)}


@pytest.mark.parametrize("longest", [1, 2, 3, 5])
def test_a_document_has_its_n_grams_once_and_none_across_its_end(longest: int):
    values, counts = bags(NUMBERS, LENGTHS, Hashing(longest, 0, 30), NAMES)
    documents = [[1, 2, 1, 2], [], [3, 3], [1]]
    assert counts.tolist() == [max(len(plain(each, longest)), 1) for each in documents]
    parts = np.split(values, np.cumsum(counts)[:-1])
    assert all((np.diff(each) > 0).all() for each in parts)
    assert parts[1].tolist() == [PADDING]
    assert values.dtype == np.int32


def test_equal_n_grams_have_equal_buckets_and_others_do_not():
    hashing = Hashing(3, 0, 30)
    numbers = np.array([1, 2, 3, 1, 2, 3, 3, 2, 1], np.int32)
    values, counts = bags(numbers, np.array([3, 3, 3]), hashing, NAMES)
    one, two, three = np.split(values, np.cumsum(counts)[:-1])
    assert one.tolist() == two.tolist()
    assert len(set(one) & set(three)) == 3  # the words themselves; their order makes other pairs


def test_many_documents_are_hashed_as_each_alone():
    random = np.random.default_rng(0)
    lengths = random.integers(0, 9, 1300)
    numbers = random.integers(0, 50, lengths.sum()).astype(np.int32)
    hashing = Hashing(3, 0, 20)
    values, counts = bags(numbers, lengths, hashing, NAMES)
    ends, starts = np.cumsum(counts), np.cumsum(lengths) - lengths
    for row in (0, 511, 512, 1299):
        own = numbers[starts[row] : starts[row] + lengths[row]]
        alone, _ = bags(own, np.array([len(own)]), hashing, NAMES)
        assert values[ends[row] - counts[row] : ends[row]].tolist() == alone.tolist()


def test_n_grams_with_an_unknown_word_are_left_out():
    hashing = Hashing(3, 0, 30)
    values, counts = bags(np.array([1, 2, 0, 3, 0, 0], np.int32), np.array([4, 2]), hashing, NAMES)
    assert counts.tolist() == [4, 1]  # three words and a pair; nothing is known of the second
    assert values[-1] == PADDING
    known = {*hashing.of_words(np.array([1, 2]))[0], *hashing.of_words(np.array([1, 2]))[1]}
    assert set(values[:4].tolist()) == {*known, *hashing.of_words(np.array([3]))[0]}


def test_buckets_are_used_evenly_and_padding_by_no_n_gram():
    numbers = np.arange(1, 40_001, dtype=np.int32)
    values, _ = bags(numbers, np.array([40_000]), Hashing(1, 0, 8), NAMES)
    assert set(values.tolist()) == set(range(1, 256))
    hashed = Hashing(1, 0, 8).of_words(numbers)[0]
    counts = np.bincount(hashed, minlength=256)[2:]
    assert abs(counts - 40_000 / 256).max() < 6 * np.sqrt(40_000 / 256)


def test_parts_of_words_are_told_with_their_ends():
    hashing = Hashing(1, 4, 30)
    assert len(hashing.of_characters("aa")) == 2 + 1  # <aa, aa>, <aa>
    assert len(hashing.of_characters("cccc")) == 4 + 3
    assert len(Hashing(1, 0, 30).of_characters("cccc")) == 0
    assert len(hashing.of_characters("")) == 0
    values, _ = bags(np.array([1], np.int32), np.array([1]), hashing, NAMES)
    own = {*hashing.of_words(np.array([1]))[0].tolist(), *hashing.of_characters("aa").tolist()}
    assert set(values.tolist()) == own
