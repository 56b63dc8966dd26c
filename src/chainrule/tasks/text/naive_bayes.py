"""The log-count ratios of naive Bayes."""

import numpy as np

from chainrule.data import Ragged
from chainrule.data.text.grams import PADDING

ADDED = 1.0
"""Documents that each n-gram is counted more often than it occurs, so that no ratio is infinite."""


def log_ratios(grams: Ragged, marks: np.ndarray, known: int) -> np.ndarray:
    """How much more frequent each n-gram is where an output shall be high, (known + 1, outputs) float32.

    r = ln (p / |p|) / (q / |q|), where p and q count the documents with the n-gram in which the output shall
    be high and low, with 1 added (Wang and Manning 2012). n-grams that do not occur have 0.
    grams: of the training documents, numbers from 1 to `known`. marks: (documents, outputs) bool.
    """
    whole = np.bincount(grams.values, minlength=known + 1)
    ratios = np.zeros((known + 1, marks.shape[1]), np.float32)
    for output in range(marks.shape[1]):
        high = np.bincount(grams.values[np.repeat(marks[:, output], grams.lengths)], minlength=known + 1)
        p, q = high + ADDED, whole - high + ADDED
        ratios[:, output] = np.log(p / p.sum()) - np.log(q / q.sum())
    ratios[whole == 0] = 0.0
    ratios[PADDING] = 0.0
    return ratios
