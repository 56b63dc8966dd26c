"""The baseline of a language model: counts of n-grams with interpolated Kneser-Ney smoothing."""

from dataclasses import dataclass

import numpy as np

_FACTOR, _MIXER, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93), np.uint64(32)


@dataclass(frozen=True, eq=False)
class _Order:
    """The counts of the n-grams of one length.

    grams: their hashes, ascending; kept: what the discounts left of each count. contexts: hashes of the first
    n - 1 tokens, ascending; total: how often each was counted; freed: what the discounts took of it.
    """

    grams: np.ndarray
    kept: np.ndarray
    contexts: np.ndarray
    total: np.ndarray
    freed: np.ndarray

    def mixed(self, grams: np.ndarray, contexts: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """Probabilities of last tokens, where `lower` are those by one token less of context."""
        kept = _found(self.grams, self.kept, grams)
        total, freed = (_found(self.contexts, each, contexts) for each in (self.total, self.freed))
        known = total > 0
        return np.where(known, (kept + freed * lower) / np.where(known, total, 1.0), lower)


@dataclass(frozen=True, eq=False)
class KneserNey:
    """Probabilities of the next token by counts of up to `longest` tokens in a row.

    Interpolated, with three discounts for each length (Chen and Goodman 1998); the counts of shorter n-grams
    are of the different tokens that stand before them (Kneser and Ney 1995), and the shortest are mixed with
    equal probabilities of all tokens. n-grams are told apart by hashes of 64 bits.
    """

    orders: tuple[_Order, ...]
    vocabulary: int

    @staticmethod
    def of(tokens: np.ndarray, vocabulary: int, longest: int = 5) -> "KneserNey":
        """Count a text. tokens: (tokens,) whole numbers below `vocabulary`; longest: at least 1."""
        hashes = _hashes(tokens, longest)
        orders: list[_Order] = []
        suffixes: np.ndarray | None = None
        for size in range(longest, 0, -1):
            own = hashes[size]
            grams, first, counts = np.unique(own, return_index=True, return_counts=True)
            if suffixes is not None:  # what stands before them is counted, not how often they occur
                present, counts = np.unique(suffixes, return_counts=True)
                places = np.searchsorted(grams, present)
                grams, first = grams[places], first[places]
            orders.append(_order(grams, counts.astype(np.float64), hashes[size - 1][first]))
            suffixes = None if size == 1 else hashes[size - 1][first[first + 1 < len(hashes[size - 1])] + 1]
        return KneserNey(tuple(orders[::-1]), vocabulary)

    def losses(self, tokens: np.ndarray) -> np.ndarray:
        """-ln P of each token by those before it in the same text: (tokens,) in nats."""
        longest = len(self.orders)
        hashes = _hashes(tokens, longest)
        probabilities = np.full(len(tokens), 1.0 / self.vocabulary)
        for size, order in enumerate(self.orders, 1):
            ends = slice(size - 1, None)  # where n-grams of this size end
            contexts = hashes[size - 1][: len(tokens) - size + 1]
            probabilities[ends] = order.mixed(hashes[size], contexts, probabilities[ends])
        return -np.log(probabilities)


def _order(grams: np.ndarray, counts: np.ndarray, prefixes: np.ndarray) -> _Order:
    discounts = np.array([0.0, *_discounts(*(float((counts == n).sum()) for n in (1, 2, 3, 4)))])
    taken = np.minimum(discounts[np.minimum(counts, 3).astype(int)], counts)
    contexts, which = np.unique(prefixes, return_inverse=True)
    total, freed = (np.bincount(which, weights=each, minlength=len(contexts)) for each in (counts, taken))
    return _Order(grams, counts - taken, contexts, total, freed)


def _discounts(once: float, twice: float, thrice: float, four: float) -> tuple[float, float, float]:
    """What is taken of counts of 1, 2, and 3 or more, by how many n-grams occur 1, 2, 3 and 4 times.

    Where one of these does not occur, so that they tell nothing, half of each count up to 3.
    """
    if min(once, twice, thrice, four) == 0:
        return 0.5, 1.0, 1.5
    share = once / (once + 2 * twice)
    found = (1 - 2 * share * twice / once, 2 - 3 * share * thrice / twice, 3 - 4 * share * four / thrice)
    return tuple(max(each, 0.0) for each in found)  # type: ignore[return-value] (there are three)


def _hashes(tokens: np.ndarray, longest: int) -> list[np.ndarray]:
    """Hashes of n tokens in a row from each place on where so many follow, for n = 0 … longest."""
    single = _mixed(tokens.astype(np.uint64) + np.uint64(1))
    whole = [np.zeros(len(tokens) + 1, np.uint64)]
    for size in range(1, longest + 1):
        last = single[size - 1 :]
        whole.append(_mixed(whole[-1][: len(last)] * _FACTOR + last))
    return whole


def _mixed(numbers: np.ndarray) -> np.ndarray:
    for _ in range(2):
        numbers = (numbers ^ (numbers >> _HALF)) * _MIXER
    return numbers ^ (numbers >> _HALF)


def _found(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The values of some keys; 0 where there is no such key."""
    if not len(keys):
        return np.zeros(len(wanted))
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0.0)
