"""Counts with Kneser-Ney smoothing beside a plain one in dictionaries."""

from collections import Counter, defaultdict
from math import log

import numpy as np
import pytest

from chainrule.tasks.generate.kneser_ney import KneserNey


def plain(text: list[int], vocabulary: int, longest: int):
    """The probability of a token after a context, by the equations of Chen and Goodman, in dictionaries."""
    counts = {
        n: Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1)) for n in range(1, longest + 1)
    }
    for n in range(longest - 1, 0, -1):  # different tokens before an n-gram
        before = defaultdict(set)
        for i in range(len(text) - n):
            before[tuple(text[i + 1 : i + 1 + n])].add(text[i])
        counts[n] = Counter({gram: len(kinds) for gram, kinds in before.items()})

    def discounts(n: int) -> list[float]:
        once, twice, thrice, four = (sum(c == k for c in counts[n].values()) for k in (1, 2, 3, 4))
        if not (once and twice and thrice and four):
            return [0, 0.5, 1, 1.5]
        y = once / (once + 2 * twice)
        found = [1 - 2 * y * twice / once, 2 - 3 * y * thrice / twice, 3 - 4 * y * four / thrice]
        return [0, *(max(each, 0) for each in found)]

    taken = {n: discounts(n) for n in counts}

    def probability(token: int, context: tuple[int, ...]) -> float:
        n = len(context) + 1
        lower = 1 / vocabulary if n == 1 else probability(token, context[1:])
        own = {gram: c for gram, c in counts[n].items() if gram[:-1] == context}
        if not own:
            return lower
        total = sum(own.values())
        free = sum(min(taken[n][min(c, 3)], c) for c in own.values())
        count = own.get((*context, token), 0)
        return (max(count - taken[n][min(count, 3)], 0) + free * lower) / total

    return probability


@pytest.fixture(scope="module")
def text() -> list[int]:
    random = np.random.default_rng(0)
    chain = random.dirichlet(np.full(6, 0.4), (6, 6))
    tokens = [0, 1]
    for _ in range(1500):
        tokens.append(int(random.choice(6, p=chain[tokens[-2], tokens[-1]])))
    return tokens


@pytest.mark.parametrize("longest", [1, 2, 4])
def test_losses_are_those_of_the_equations(text: list[int], longest: int):
    train, rest = text[:1200], text[1200:1300]
    losses = KneserNey.of(np.array(train), 7, longest).losses(np.array(rest))
    probability = plain(train, 7, longest)
    for place, token in enumerate(rest):
        context = tuple(rest[max(0, place - longest + 1) : place])
        assert losses[place] == pytest.approx(-log(probability(token, context)), rel=1e-9)


def test_probabilities_of_all_tokens_add_up_to_one(text: list[int]):
    model = KneserNey.of(np.array(text), 8, 3)
    for context in ([], [2], [1, 0], [7, 7]):
        each = [np.exp(-model.losses(np.array([*context, token]))[-1]) for token in range(8)]
        assert sum(each) == pytest.approx(1.0, rel=1e-9)
        assert min(each) > 0


def test_longer_contexts_tell_more_and_few_tokens_suffice(text: list[int]):
    train, rest = np.array(text[:1200]), np.array(text[1200:])
    short, long = (KneserNey.of(train, 6, n).losses(rest).mean() for n in (1, 3))
    assert long < short - 0.1
    assert np.isfinite(KneserNey.of(np.array([3]), 6, 4).losses(np.array([3, 1, 3]))).all()
