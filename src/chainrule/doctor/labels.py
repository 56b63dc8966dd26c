"""Targets as class numbers, where they are classes."""

import numpy as np

from chainrule.data import Arrays
from chainrule.doctor.examined import Examined
from chainrule.nn.losses.loss import VALUES
from chainrule.training.heads import Head


def class_numbers(examined: Examined, head: Head, arrays: Arrays) -> np.ndarray | None:
    """(examples,) the class of each example; None where the targets are not one class each.

    Class numbers, one-hot rows, and labels 0 and 1, unless the loss takes them for numbers of another kind.
    """
    y = arrays.named.get(head.target)
    if y is None or not len(y):
        return None
    if y.ndim > 1 and y.size == len(y):
        y = y.reshape(-1)
    if y.ndim == 2 and np.isin(y, (0, 1)).all() and (y.sum(1) == 1).all():
        return y.argmax(1)
    if y.ndim != 1:
        return None
    labels = bool(np.isin(y, (0, 1)).all())
    if labels or (y.dtype.kind in "iu" and head.loss.of_one().takes != VALUES and y.min() >= 0):
        return y.astype(np.int64)
    return None


def class_shares(examined: Examined, head: Head) -> np.ndarray | None:
    """The share of each class among the examples, by their weights; None where there are no classes."""
    numbers = class_numbers(examined, head, examined.examples)
    if numbers is None:
        return None
    counts = np.bincount(numbers, examined.examples.weight)
    return counts / counts.sum() if counts.sum() > 0 else None
