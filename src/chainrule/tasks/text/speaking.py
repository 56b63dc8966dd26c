"""What a bag of n-grams has learned of words: those that speak most for a class, and those of a text."""

from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.text import numbered
from chainrule.data.text.grams import PADDING
from chainrule.tasks.text.network import RATIOS, WEIGHTS
from chainrule.tasks.text.problems import TwoClasses
from chainrule.training import Run

if TYPE_CHECKING:
    from chainrule.tasks.text.prepare import PreparedText, TextForm

NAMED = 20
"""n-grams of a class in the report."""
_TRIED = 200  # of which some are parts of words, which are not shown
_LOOKED_AT = 3000  # training documents in which the n-grams of a bucket are looked up
_SHOWN = 1500  # characters of a text in the report


def scores(run: Run) -> np.ndarray:
    """What each n-gram adds to each output, (grams + 1, outputs)."""
    return run.parameters[RATIOS] * run.parameters[WEIGHTS]


def speaking(run: Run, prepared: "PreparedText") -> dict[str, list[str]]:
    """Class or label -> the n-grams that speak most for it; nothing for a network of words.

    The score of an n-gram is what it adds to the output, beyond the mean of the outputs, times the logarithm
    of the number of training documents that have it, and one.
    """
    form = prepared.form
    if form.counting is None:
        return {}
    added = scores(run)
    names = [str(name) for name in form.problem.classes]
    if isinstance(form.problem, TwoClasses):
        added = np.concatenate([-added, added], axis=1)
    elif form.problem.name == "classification":
        added = added - added.mean(1, keepdims=True)
    else:
        names = names[-form.problem.outputs :]
    train = prepared.rows["train"]
    grams = prepared.sequences[train]
    weighed = added * np.log1p(np.bincount(grams.values, minlength=len(added)))[:, None]
    top = {name: np.argsort(-weighed[:, output], kind="stable")[:_TRIED] for output, name in enumerate(names)}
    spelled = _spelled(prepared, np.unique(np.concatenate(list(top.values()))))
    return {
        name: [spelled[gram] for gram in best.tolist() if gram in spelled][:NAMED]
        for name, best in top.items()
    }


def _spelled(prepared: "PreparedText", grams: np.ndarray) -> dict[int, str]:
    """Number of an n-gram -> its words, of those that occur in some training documents."""
    form = prepared.form
    assert form.counting is not None  # asked of bags only
    numbers, lengths = form.numbers(prepared.texts_of(prepared.rows["train"][:_LOOKED_AT]))
    wanted = np.zeros(len(form.known) + 1, bool)
    wanted[grams] = True
    names = form.words.names
    spelled: dict[int, str] = {}
    for end, length in zip(np.cumsum(lengths), lengths, strict=True):
        own = numbers[end - length : end]
        for size, each in enumerate(form.counting.of_words(own), 1):
            found = numbered(each, form.known)
            for first in np.flatnonzero(wanted[found] & (found != PADDING)):
                words = own[first : first + size].tolist()
                spelled.setdefault(int(found[first]), " ".join(names[word] for word in words))
    return spelled


def marked(run: Run, form: "TextForm", text: str, predicted: int, true: int) -> list[tuple[str, float]]:
    """A text in pieces, each with how far it moved the answer to the predicted class, from -1 to 1.

    That is the derivative of the difference between both outputs with respect to each n-gram, times 1, as
    all n-grams of a document count once; it is shared by the words of the n-gram. Longer texts are cut.
    """
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    if form.counting is None:
        return [(cut, 0.0)]
    numbers, _ = form.numbers([cut])
    places = form.words.places(cut)[: len(numbers)]
    added = scores(run)
    if form.problem.name == "ordinal":
        passed = np.zeros(added.shape[1])
        passed[min(predicted, true) : max(predicted, true)] = 1.0 if predicted > true else -1.0
        toward = added @ passed
    elif isinstance(form.problem, TwoClasses):
        toward = added[:, 0] if predicted else -added[:, 0]
    else:
        toward = added[:, predicted] - added[:, true]
    moved = np.zeros(len(numbers))
    for size, grams in enumerate(form.counting.of_words(numbers), 1):
        found = numbered(grams, form.known)
        _, which, counts = np.unique(found, return_inverse=True, return_counts=True)
        each = np.where(found == PADDING, 0.0, toward[found]) / counts[which] / size
        for offset in range(size):
            moved[offset : offset + len(each)] += each
    largest = np.abs(moved).max(initial=0.0) or 1.0
    pieces: list[tuple[str, float]] = []
    end = 0
    for (first, last), strength in zip(places, (moved / largest).tolist(), strict=True):
        pieces += [(cut[end:first], 0.0)] * (first > end)
        pieces.append((cut[first:last], round(strength, 3)))
        end = last
    return [*pieces, (cut[end:], 0.0)] if end < len(cut) else pieces
