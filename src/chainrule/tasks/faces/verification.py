"""Verification: deciding by the cosine of their embeddings whether two images show the same person."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Scores:
    """All pairs of images.

    scores: (pairs,) cosines. same: (pairs,) whether both images show the same person. first, second: (pairs,)
    indices of the two images.
    """

    scores: np.ndarray
    same: np.ndarray
    first: np.ndarray
    second: np.ndarray


def score_pairs(embeddings: np.ndarray, people: np.ndarray) -> Scores:
    """The scores of all pairs of images. embeddings: (images, features). people: (images,) their numbers."""
    x = embeddings.astype(np.float64)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    first, second = np.triu_indices(len(x), 1)
    return Scores((x @ x.T)[first, second], people[first] == people[second], first, second)


def roc(found: Scores) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(thresholds, false accepts, true accepts): the shares of pairs with at least this score.

    False accepts are pairs of different people, true accepts of the same person. Thresholds descend, one for
    each distinct score; the first is infinite and accepts none.
    """
    order = np.argsort(-found.scores, kind="stable")
    scores, same = found.scores[order], found.same[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    right, wrong = np.cumsum(same)[last], np.cumsum(~same)[last]
    true, false = (np.append(0.0, each / max(each[-1], 1)) for each in (right, wrong))
    return np.append(np.inf, scores[last]), false, true


def equal_error_rate(found: Scores) -> tuple[float, float]:
    """(rate, threshold) at which the share of false accepts equals that of false rejects.

    Between two thresholds the curve is interpolated linearly.
    """
    thresholds, false, true = roc(found)
    gap = false - (1 - true)
    after = int(np.argmax(gap >= 0))
    before = max(after - 1, 0)
    share = 0.0 if gap[after] == gap[before] else -gap[before] / (gap[after] - gap[before])
    rate = false[before] + share * (false[after] - false[before])
    return float(rate), float(thresholds[after])


def person_means(faces: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """(people, features): each person's mean embedding, scaled to unit length.

    numbers: (images,) the person of each embedding, from 0 without gaps.
    """
    sums = np.zeros((int(numbers.max()) + 1, faces.shape[1]))
    np.add.at(sums, numbers, faces.astype(np.float64))
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


def impostor_scores(embeddings: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(pairs,) float32: the cosine of each image with the mean of each other person, in descending order.

    embeddings: (images, features), of unit length. people: (images,) numbers from 0 without gaps.
    """
    scores = embeddings @ person_means(embeddings, people).T
    others = people[:, None] != np.arange(scores.shape[1])
    return -np.sort(-scores[others]).astype(np.float32)


def figures_of(found: Scores) -> dict[str, float]:
    """The metrics of verification, by name."""
    _, false, true = roc(found)
    return {
        "equal_error_rate": equal_error_rate(found)[0],
        "area_under_roc": float(np.trapezoid(true, false)),
        "true_accepts_at_1_percent": float(true[false <= 0.01].max()),
    }
