"""Metrics of classifiers on held-out examples, beside the baseline of the most frequent class."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def class_figures(probabilities: np.ndarray, truth: np.ndarray, training: np.ndarray) -> dict[str, Any]:
    """Metrics, those of the baseline, and the confusion matrix.

    probabilities: (examples, classes). truth: (examples,) class numbers. training: (n,) class numbers of the
    training examples. The baseline predicts their most frequent class, and their shares as probabilities.
    """
    from sklearn.metrics import confusion_matrix

    classes = probabilities.shape[1]
    shares = np.bincount(training, minlength=classes) / len(training)
    constant = np.broadcast_to(shares, probabilities.shape)
    return {
        "metrics": _metrics(probabilities, truth),
        "baseline": _metrics(constant, truth),
        "confusion": confusion_matrix(truth, probabilities.argmax(1), labels=range(classes)).tolist(),
    }


def recalls(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> dict[str, float]:
    """Class -> the share of its held-out examples that are right; 0 of a class without any."""
    counts = np.array(confusion)
    shares = np.diag(counts) / np.maximum(counts.sum(1), 1)
    return dict(zip(classes, shares.tolist(), strict=True))


def surest_mistakes(probabilities: np.ndarray, truth: np.ndarray, most: int) -> np.ndarray:
    """The indices of the most confident mistakes, the most confident first; arrays as in `class_figures`."""
    chosen = probabilities.argmax(1)
    wrong = np.flatnonzero(chosen != truth)
    return wrong[np.argsort(-probabilities[wrong, chosen[wrong]], kind="stable")][:most]


def _metrics(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, log_loss, recall_score

    labels = np.arange(probabilities.shape[1])
    chosen = probabilities.argmax(1)
    # Rows of float32 probabilities sum to 1 within 1e-7 only, and scikit-learn warns of it.
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(1, keepdims=True)
    return {
        "accuracy": float(accuracy_score(truth, chosen)),
        "balanced_accuracy": float(recall_score(truth, chosen, labels=np.unique(truth), average="macro")),
        "log_loss": float(log_loss(truth, exact, labels=labels)),
    }
