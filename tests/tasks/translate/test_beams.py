"""Beam search against all texts there are."""

from itertools import product

import numpy as np
import pytest

from chainrule.tasks.translate.beams import beam_search
from chainrule.tasks.translate.network import BEGIN, END, FIRST

VOCABULARY = FIRST + 3


class Chain:
    """A language model that knows the last two tokens; rows as beam search asks for them."""

    def __init__(self, sentences: int, beams: int, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.logs = np.log(self.random.dirichlet(np.ones(VOCABULARY), (sentences, VOCABULARY, VOCABULARY)))
        self.rows = [[BEGIN] for _ in range(sentences * beams)]
        self.beams, self.first, self.calls = beams, True, 0

    def of(self, sentence: int, text: list[int]) -> np.ndarray:
        before = [BEGIN, *text]
        return self.logs[sentence, before[-2] if len(before) > 1 else BEGIN, before[-1]]

    def __call__(self, tokens: np.ndarray, parents: np.ndarray) -> np.ndarray:
        self.calls += 1
        if not self.first:
            self.rows = [[*self.rows[p], int(t)] for t, p in zip(tokens, parents, strict=True)]
        self.first = False
        return np.stack([self.of(row // self.beams, text[1:]) for row, text in enumerate(self.rows)])

    def best(self, sentence: int, longest: int, power: float) -> tuple[float, list[int]]:
        found = []
        for length in range(longest - 1):
            for text in product(range(FIRST, VOCABULARY), repeat=length):
                whole = [*text, END]
                score = sum(self.of(sentence, whole[:n])[whole[n]] for n in range(length + 1))
                found.append((score / ((5 + length + 1) / 6) ** power, list(text)))
        return max(found)


@pytest.mark.parametrize("power", [0.0, 0.6, 1.5])
@pytest.mark.parametrize("seed", range(6))
def test_with_many_beams_the_best_of_all_texts_is_found(seed: int, power: float):
    model = Chain(3, 90, seed)
    found = beam_search(model, 3, beams=90, longest=6, length_penalty=power)
    assert found == [model.best(sentence, 6, power)[1] for sentence in range(3)]


def test_one_beam_takes_the_likeliest_token_each_time():
    model = Chain(2, 1, 5)
    found = beam_search(model, 2, beams=1, longest=12)
    for sentence, text in enumerate(found):
        greedy: list[int] = []
        while len(greedy) < 10:
            logs = model.of(sentence, greedy).copy()
            logs[:END] = -np.inf
            if logs.argmax() == END:
                break
            greedy.append(int(logs.argmax()))
        assert text == greedy[: len(text)]


def test_a_batch_gives_what_each_sentence_gives():
    together = Chain(4, 3, 9)
    found = beam_search(together, 4, beams=3, longest=8)
    for sentence in range(4):
        alone = Chain(1, 3, 0)
        alone.logs = together.logs[sentence : sentence + 1]
        assert beam_search(alone, 1, beams=3, longest=8) == [found[sentence]]


def test_it_ends_when_nothing_better_can_come():
    model = Chain(1, 4, 3)
    model.logs[:] = np.log(1e-3)
    model.logs[..., END] = np.log(0.9)
    assert beam_search(model, 1, beams=4, longest=500) == [[]]
    assert model.calls < 5
