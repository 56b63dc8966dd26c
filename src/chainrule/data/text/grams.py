"""Documents as bags of n-grams, each with a number."""

from dataclasses import dataclass

import numpy as np

PADDING = 0
"""The number of no n-gram, with which batches are filled up."""
SHORTEST_PART = 3
"""Characters of the shortest part of a word."""
_DOCUMENTS_AT_ONCE = 512
_FACTOR, _MIXER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF, _REST = np.uint64(32), np.uint64(33)
_OF_CHARACTERS = np.uint64(0xA0761D6478BD642F)


@dataclass(frozen=True)
class Counting:
    """Which n-grams of documents count. Each has a number of 31 bits, by a hash.

    longest: words of the longest n-gram, at least 1. characters: of the longest part of a word, from 3 on; 0
    for none.
    """

    longest: int
    characters: int

    def of_words(self, numbers: np.ndarray) -> list[np.ndarray]:
        """The n-grams of one text: of 1 word, (words,) int32, of 2, (words - 1,), and so on.

        An n-gram with an unknown word, 0, is `PADDING`.
        """
        found, known = [], numbers != 0
        for size, hashes in enumerate(_hashes(numbers.astype(np.uint64), self.longest)):
            if size:
                known = known[:-1] & (numbers[size:] != 0)
            found.append(np.where(known, _shortened(hashes), PADDING).astype(np.int32))
        return found

    def of_characters(self, word: str) -> np.ndarray:
        """The parts of a word with its ends marked, those of 3 characters first, (parts,) int32."""
        if not self.characters:
            return np.zeros(0, np.int32)
        codes = np.array([ord(each) for each in f"<{word}>"], np.uint64) ^ _OF_CHARACTERS
        hashed = _hashes(codes, self.characters)[SHORTEST_PART - 1 :]
        return np.concatenate([np.zeros(0, np.int32), *(_shortened(each) for each in hashed)])


def bags(
    numbers: np.ndarray, lengths: np.ndarray, counting: Counting, names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """The n-grams of each document, each once and ascending.

    numbers, lengths: of the words, as `Words.numbers` gives them. names: of the words, by number.
    Returns the n-grams of all documents one after the other, (grams,) int32, and how many each has,
    (documents,) int64. A document without known words has `PADDING` alone.
    """
    starts = np.cumsum(lengths) - lengths
    parts = [counting.of_characters(name) for name in names] if counting.characters else []
    found, counts = [np.zeros(0, np.int32)], np.empty(len(lengths), np.int64)
    for first in range(0, len(lengths), _DOCUMENTS_AT_ONCE):
        last = min(first + _DOCUMENTS_AT_ONCE, len(lengths))
        begin = int(starts[first])
        some = numbers[begin : int(starts[last - 1] + lengths[last - 1])]
        grams = counting.of_words(some)
        for document in range(first, last):
            start, length = int(starts[document]) - begin, int(lengths[document])
            own = [each[start : start + length - n] for n, each in enumerate(grams) if length > n]
            own += [parts[word] for word in np.unique(some[start : start + length]) if parts]
            bag = _distinct(np.concatenate(own)) if own else np.array([PADDING], np.int32)
            if bag[0] == PADDING and len(bag) > 1:
                bag = bag[1:]
            found.append(bag)
            counts[document] = len(bag)
    return np.concatenate(found), counts


def frequent(grams: np.ndarray, least: int, most: int) -> np.ndarray:
    """The n-grams of at least `least` documents, ascending; of more than `most`, the most frequent.

    grams: of all documents, as `bags` gives them.
    """
    every, counts = np.unique(grams[grams != PADDING], return_counts=True)
    chosen = counts >= least
    every, counts = every[chosen], counts[chosen]
    if len(every) > most:
        every = np.sort(every[np.argsort(-counts, kind="stable")[:most]])
    return every


def numbered(grams: np.ndarray, known: np.ndarray) -> np.ndarray:
    """1, 2, … for n-grams that are `known`, which ascend; `PADDING` for others: the same shape, int32."""
    if not len(known):
        return np.zeros_like(grams)
    places = np.minimum(np.searchsorted(known, grams), len(known) - 1)
    return np.where(known[places] == grams, places + 1, PADDING).astype(np.int32)


def numbered_bags(grams: np.ndarray, counts: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bags as of `bags` with the numbers of known n-grams only; a document without any has `PADDING`."""
    numbers = numbered(grams, known)
    kept = numbers != PADDING
    document = np.repeat(np.arange(len(counts)), counts)[kept]
    left = np.bincount(document, minlength=len(counts))
    numbers, empty = numbers[kept], left == 0
    places = (np.cumsum(left) - left)[empty]
    return np.insert(numbers, places, PADDING), np.maximum(left, 1)


def _distinct(grams: np.ndarray) -> np.ndarray:
    """Those that occur, ascending; faster than np.unique on the few of a document."""
    grams.sort()
    first = np.empty(len(grams), bool)
    first[0] = True
    np.not_equal(grams[1:], grams[:-1], out=first[1:])
    return grams[first]


def _hashes(numbers: np.ndarray, longest: int) -> list[np.ndarray]:
    """Hashes of 1, 2, … longest numbers in a row, from each place on where so many follow."""
    single = _mixed(numbers + np.uint64(1))
    whole = [single]
    for size in range(2, min(longest, len(numbers)) + 1):
        whole.append(_mixed(whole[-1][:-1] * _FACTOR + single[size - 1 :]))
    return whole


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Every bit of a number spread over all others (the finalizer of a hash, with Pelle Evensen's factor)."""
    for _ in range(2):
        numbers = (numbers ^ (numbers >> _HALF)) * _MIXER
    return numbers ^ (numbers >> _HALF)


def _shortened(hashes: np.ndarray) -> np.ndarray:
    """The first 31 bits of hashes, other than `PADDING`."""
    return np.maximum(hashes >> _REST, 1).astype(np.int32)
