"""Symptoms in what a network answers: rare classes given up, wrong labels, and what only training knows."""

from collections.abc import Iterator

import numpy as np

from chainrule.doctor.surgery import innermost
from chainrule.doctor.symptoms.course import Course
from chainrule.doctor.symptoms.suspicion import Suspicion
from chainrule.nn import BatchNorm
from chainrule.training.objective import Supervised

_RARE = 4  # times as many examples as a rare class: what the most frequent one has at least
_LEARNED = 0.5  # of the surprise by chance, below which a class is learned
_LIKELY, _UNLIKELY = np.log(2), np.log(10)
"""The surprise of a label that is likely, and of one that is not."""
_IMPOSSIBLE = 4.5
"""The surprise of a label that gets no probability; the yardstick ends at 4.6."""
_WRONG = 0.12
"""Share of labels that a network which has learned the others finds unlikely; 5 % are ordinary."""
_MOST = 0.5  # of all labels: those that are likely
_APART = 1.0  # times those between
_IN_EACH = 0.4  # of that share, in every class: a class that is given up is none of wrong labels
_KNOWN, _UNKNOWN = 0.15, 0.4
"""Of the yardstick of a constant answer: below the first it knows the examples that it is trained on, above
the second it does not know others."""
_NEVER, _GAP = 0.6, 0.25
"""Of the yardstick of a constant answer: what a network that only memorizes never falls below on other
examples, and by how much more it knows its own."""
_DISAGREES = 2.0  # times the loss in training


def given_up_classes(course: Course) -> Iterator[Suspicion]:
    """Rare classes get a smaller probability than by chance, while the others are learned."""
    counts = {number: len(each) for number, each in course.surprise.items()}
    surprise = {number: float(each.mean()) for number, each in course.surprise.items()}
    if len(counts) < 2:
        return
    chance = np.log(len(counts))
    usual = max(counts, key=counts.__getitem__)
    given_up = [
        number
        for number, count in counts.items()
        if surprise[number] > chance and count * _RARE <= counts[usual]
    ]
    if given_up and surprise[usual] < _LEARNED * chance:
        rarest = min(given_up, key=counts.__getitem__)
        yield Suspicion(
            "given_up_classes",
            f"Class {rarest} has {counts[rarest]:,} of {sum(counts.values()):,} examples, and gets a "
            f"probability of {np.exp(-surprise[rarest]):.2g} where it is the true one.",
            {"class_imbalance": 0.9},
            evidence={
                "examples": {str(number): count for number, count in counts.items()},
                "surprise": {str(number): mean for number, mean in surprise.items()},
            },
        )


def wrong_labels(course: Course) -> Iterator[Suspicion]:
    """Among examples that are trained on, most labels are likely, some very unlikely, and few between.

    So it is while a network has learned the right labels, and not yet the wrong ones by heart (Arpit et al.
    2017).
    """
    if not course.surprise or len(course.surprise) < 2:
        return
    by_class = course.surprise_in_training
    surprise = np.concatenate([*by_class.values()])
    wrong = float((surprise > _UNLIKELY).mean())
    between = float(((surprise > _LIKELY) & (surprise <= _UNLIKELY)).mean())
    in_each = min(float((each > _UNLIKELY).mean()) for each in by_class.values())
    likely = 1 - wrong - between
    if likely < _MOST or wrong < _WRONG or wrong < _APART * between or in_each < _IN_EACH * wrong:
        return
    if np.median(surprise[surprise > _UNLIKELY]) > _IMPOSSIBLE:
        return  # who is as sure as that of what is wrong has not learned how often it is
    yield Suspicion(
        "wrong_labels",
        f"{wrong:.0%} of the labels of training examples get a probability below 0.1, in all classes, "
        f"and {likely:.0%} one above 0.5: some of the labels are probably wrong.",
        {"label_noise": 0.9, "overfitting": 0.2},
        evidence={"unlikely": wrong, "between": between},
        severity="problem",
    )


def memorized(course: Course) -> Iterator[Suspicion]:
    """A network of classes learns its own examples, and even at its best hardly told others apart.

    Wrong labels can be learned by heart alone (Zhang et al. 2017); so can few examples of many kinds.
    """
    lowest, at = min(((score, step) for step, score in course.scores if step), default=(0.0, 0))
    if course.patient.held_out is None or not course.surprise or lowest < _NEVER * course.constant:
        return
    if 2 * at > course.scores[-1][0]:
        return  # it may still learn to tell others apart
    known = float(course.each_trained_on.mean())
    if known < lowest - _GAP * course.constant:
        yield Suspicion(
            "memorized",
            f"The error is {known:.3g} on examples that it is trained on. On others it was never below "
            f"{lowest:.3g}, where the same answer for all has {course.constant:.3g}: labels are wrong, or "
            "the examples have too little in common.",
            {"label_noise": 0.9, "too_little_data": 0.6, "overfitting": 0.4},
            evidence={"training": known, "lowest": lowest},
            severity="problem",
        )


def known_by_heart(course: Course) -> Iterator[Suspicion]:
    """The network knows the examples that it is trained on, and not the others."""
    if course.patient.held_out is None or course.constant <= 0:
        return
    _, held_out = course.scores[-1]
    if held_out < _UNKNOWN * course.constant:
        return
    known = float(course.each_trained_on.mean())
    if known < _KNOWN * course.constant:
        yield Suspicion(
            "known_by_heart",
            f"The error is {known:.3g} on examples that it is trained on, and {held_out:.3g} on others: "
            "more examples would help, or augmentation.",
            {"too_little_data": 0.6, "overfitting": 0.5},
            evidence={"training": known, "held_out": held_out},
            severity="note",
        )


def batch_statistics(course: Course) -> Iterator[Suspicion]:
    """With the running averages of batch normalization the loss is far above that with a batch's own."""
    objective = course.patient.recipe.objective
    if not isinstance(objective, Supervised) or course.patient.recipe.penalties:
        return
    if not any(isinstance(layer, BatchNorm) for layer in innermost(objective.model)):
        return
    loss = course.loss_trained_on
    trained = float(course.losses[-1])
    if loss is not None and loss > _DISAGREES * trained and loss - trained > _KNOWN * course.constant:
        yield Suspicion(
            "batch_statistics",
            f"On examples that it is trained on, the loss is {loss:.3g} with the running averages of batch "
            f"normalization, and {trained:.3g} with the statistics of each batch.",
            {"batch_statistics": 0.9, "learning_rate_too_high": 0.4},
            evidence={"predicting": loss, "training": trained},
        )
