"""Beam search: the likeliest texts, several of a sentence side by side (Wu et al. 2016)."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from chainrule.tasks.translate.network import BEGIN, END, FILL

Advance = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(tokens, parents) of all rows -> ln p of the token after them, (rows, vocabulary)."""


@dataclass
class _Sentence:
    """What was found for one sentence. ended: (score by length, tokens)."""

    ended: list[tuple[float, list[int]]] = field(default_factory=list)
    is_done: bool = False


def beam_search(
    advance: Advance, sentences: int, *, beams: int, longest: int, length_penalty: float = 0.6
) -> list[list[int]]:
    """The best text found for each sentence, without BEGIN and END.

    advance: is called once for each token; its rows are the beams of the first sentence, then those of the
    next. beams: texts of a sentence that are followed at once, at least 1. longest: tokens of a text with
    BEGIN and END, at least 2. length_penalty: α, at least 0; the sum of ln p is divided by ((5 + tokens) /
    6)^α, so that longer texts are not at a disadvantage.
    """
    found = [_Sentence() for _ in range(sentences)]
    texts: list[list[int]] = [[] for _ in range(sentences * beams)]
    scores = np.full((sentences, beams), -np.inf)
    scores[:, 0] = 0.0  # at first, all beams of a sentence are the same
    tokens = np.full(sentences * beams, BEGIN, np.int32)
    parents = np.arange(sentences * beams, dtype=np.int32)
    for length in range(1, longest):
        logs = advance(tokens, parents).astype(np.float64)
        logs[:, [FILL, BEGIN]] = -np.inf
        if length == longest - 1:  # there is no room for more
            kept = logs[:, END].copy()
            logs[:] = -np.inf
            logs[:, END] = kept
        whole = (scores[:, :, None] + logs.reshape(sentences, beams, -1)).reshape(sentences, -1)
        vocabulary = logs.shape[1]
        before, texts = texts, [[] for _ in texts]
        scores = np.full((sentences, beams), -np.inf)
        for number, sentence in enumerate(found):
            if sentence.is_done:
                continue
            beam = 0
            for place in _best(whole[number], 2 * beams):
                score, (parent, token) = float(whole[number, place]), divmod(int(place), vocabulary)
                if score == -np.inf or beam == beams:
                    break
                text = before[number * beams + parent]
                if token == END:
                    sentence.ended.append((score / _penalty(length, length_penalty), text))
                    continue
                row = number * beams + beam
                texts[row] = [*text, token]
                tokens[row], parents[row] = token, number * beams + parent
                scores[number, beam] = score
                beam += 1
            sentence.ended = sorted(sentence.ended, key=lambda each: -each[0])[:beams]
            sentence.is_done = beam == 0 or _is_decided(sentence, scores[number, 0], longest, length_penalty)
        if all(sentence.is_done for sentence in found):
            break
    return [sentence.ended[0][1] if sentence.ended else [] for sentence in found]


def _is_decided(sentence: _Sentence, best: float, longest: int, length_penalty: float) -> bool:
    """Whether no text that goes on can become better than the best that has ended."""
    return bool(sentence.ended) and sentence.ended[0][0] >= best / _penalty(longest, length_penalty)


def _penalty(length: int, power: float) -> float:
    return float(((5 + length) / 6) ** power)


def _best(scores: np.ndarray, count: int) -> np.ndarray:
    """The places of the largest scores, the largest first; the first of equal ones first."""
    count = min(count, len(scores))
    top = np.argpartition(-scores, count - 1)[:count]
    return top[np.lexsort((top, -scores[top]))]
