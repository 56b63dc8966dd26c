"""The evaluation of a run on faces on people held out, beside baselines without a network."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data.images import read_pixels
from chainrule.tasks.faces.prepare import PreparedFaces
from chainrule.tasks.faces.verification import Scores, equal_error_rate, figures_of, score_pairs
from chainrule.tasks.trainer import training_facts
from chainrule.training import Run

PAIRS = 12
"""The most closest pairs of different people, and farthest pairs of the same person, that are shown."""
_COMPONENTS = 60
_PIXELS, _PCA, _LDA = "cosine of pixels", "principal components", "linear discriminants"


def guess(evaluation: Mapping[str, Any]) -> str:
    """The name of the baseline: the best one on the same pairs."""
    return str(evaluation["baseline_is"])


def evaluate(run: Run, prepared: PreparedFaces, faces: np.ndarray) -> tuple[dict[str, Any], Scores]:
    """The evaluation over all pairs of held-out images, as plain data, and the scores of the pairs.

    faces: (images, features) the embeddings of the held-out images.
    """
    found = score_pairs(faces, prepared.numbers("test"))
    others = {name: figures_of(scores) for name, scores in _baselines(prepared).items()}
    best = min(others, key=lambda name: others[name]["equal_error_rate"])
    people = prepared.people("test")
    return {
        "problem": "verification",
        "target": prepared.subject.target,
        "metrics": figures_of(found),
        "baseline": others[best],
        "baseline_is": best,
        "baselines": others,
        "people": list(people),
        "threshold": equal_error_rate(found)[1],
        "pairs": {"same": int(found.same.sum()), "different": int((~found.same).sum())},
        "closest": _pairs(prepared, found, ~found.same, -found.scores),
        "farthest": _pairs(prepared, found, found.same, found.scores),
        "rows": {part: len(each) for part, each in prepared.rows.items()},
        **training_facts(run),
    }, found


def _pairs(prepared: PreparedFaces, found: Scores, of: np.ndarray, key: np.ndarray) -> list[dict[str, Any]]:
    """The pairs among `of` with the smallest keys, at most one for every two people (or each person)."""
    held_out, numbers, people = prepared.rows["test"], prepared.numbers("test"), prepared.people("test")
    places = np.flatnonzero(of)
    places = places[np.argsort(key[places], kind="stable")]
    who = np.sort(numbers[np.stack([found.first, found.second], 1)[places]], axis=1)
    foremost = np.sort(np.unique(who, axis=0, return_index=True)[1])[:PAIRS]
    listed = []
    for place in places[foremost]:
        ends = [int(found.first[place]), int(found.second[place])]
        rows = [int(held_out[end]) for end in ends]
        listed.append(
            {
                "rows": rows,
                "images": [prepared.images.name_of(row) for row in rows],
                "people": [people[numbers[end]] for end in ends],
                "score": float(found.scores[place]),
            }
        )
    return listed


def _baselines(prepared: PreparedFaces) -> dict[str, Scores]:
    """Scores of the same pairs by the cosine of pixels, of principal components, of linear discriminants.

    Components (scikit-learn's PCA, whitened) and discriminants (linear discriminant analysis of these) are
    fitted to the training images.
    """
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    shape, rows = prepared.shape, prepared.rows["test"]
    train = prepared.sample.reshape(len(prepared.sample), -1).astype(np.float64)
    step = -(-len(prepared.rows["train"]) // 5000)
    known = prepared.numbers("train")[::step]
    test = read_pixels(prepared.images, rows, shape.size, shape.channels)
    test, people = test.reshape(len(rows), -1).astype(np.float64), prepared.numbers("test")
    found = {_PIXELS: score_pairs(test, people)}
    count = min(_COMPONENTS, len(train) - len(np.unique(known)) - 1, train.shape[1])
    if count >= 1 and np.ptp(train, axis=0).any():
        pca = PCA(count, whiten=True, random_state=0).fit(train)
        found[_PCA] = score_pairs(pca.transform(test), people)
        lda = LinearDiscriminantAnalysis().fit(pca.transform(train), known)
        found[_LDA] = score_pairs(lda.transform(pca.transform(test)), people)
    return found
