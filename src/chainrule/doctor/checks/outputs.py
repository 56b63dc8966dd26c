"""Checks of the outputs: the last activation and width, and whether the loss goes with the targets."""

from collections.abc import Iterator

import numpy as np

from chainrule.doctor.examined import Examined
from chainrule.nn.losses.loss import VALUES
from chainrule.program.ranges import range_of
from chainrule.training.findings import Finding
from chainrule.training.heads import Head
from chainrule.training.outputs import misfits

_LOST = 0.01
"""Of the targets' variance: a network that explains 90 % of it loses a tenth of its quality to that much."""
_CLASSES = range(3, 31)  # so many different numbers may be classes; two of them are labels to any loss
_EXAMINED = 2000
_WORSE = 0.1
_DOUBT = 3.0
_RIDGE = 1e-2  # of the examples: enough that columns that depend on each other do no harm
_NUMBERS = 0.2
"""The share of the variance of class numbers that a linear model tells, from which on they are numbers."""


def output_activation(examined: Examined) -> list[Finding]:
    """The last activation does not go with the loss or the targets; what training warns of, too.

    A problem where the loss can't be low whatever is learned. Where only some targets are out of reach, it is
    one if they cost more than 1 % of the variance.
    """
    return [
        Finding(
            "output_activation",
            "problem" if each.lost > _LOST else "note",
            f"{each.what[0].upper()}{each.what[1:]}.",
            each.remedy,
            each.layer,
            causes=("output_activation", "unscaled_targets") if each.lost < 1 else ("output_activation",),
            evidence={"lost": each.lost} | ({"head": each.head} if each.head else {}),
        )
        for each in misfits(examined.recipe.objective, examined.forward, examined.examples)
    ]


def output_width(examined: Examined) -> list[Finding]:
    """The last layer has more units than there are classes. They are soon learned to be unlikely: a note."""
    return [
        Finding(
            "output_width",
            "note",
            f"The last layer has {width} units, and {examined.whose(head)} are classes 0 to {classes - 1}.",
            "give it one unit per class",
            evidence={"units": width, "classes": classes},
        )
        for head, width, classes in _widths(examined)
        if width > classes
    ]


def _widths(examined: Examined) -> Iterator[tuple[Head, int, int]]:
    for head in examined.heads:
        shape, targets = examined.forward.outputs[head.output].shape, examined.targets(head)
        if targets.dtype.kind in "iu" and targets.ndim == len(shape) - 1 and targets.size:
            given = [targets]
            if examined.held_out is not None and head.target in examined.held_out.sample.named:
                given.append(examined.held_out.sample.named[head.target])
            yield head, shape[-1], int(max(each.max() for each in given)) + 1


def unfit_loss(examined: Examined) -> list[Finding]:
    """A loss of numbers for classes without an order, or a loss of classes for numbers.

    Two linear models of the inputs tell which of both the targets are: one is fitted to the number, one to a
    score for each class, both measured on the other half of the examples. Ratings and counts are told as well
    by their number, classes such as digits are not: that is a problem. Where the linear models tell nothing,
    neither does the check.
    """
    found: list[Finding] = []
    for head in examined.heads:
        y = examined.targets(head)
        outputs = examined.forward.outputs[head.output]
        if len(examined.examples) < 50 or "x" not in examined.examples.named:
            continue
        values, numbers = np.unique(y.reshape(len(y), -1)[:, 0], return_inverse=True)
        single = y.size == len(y)
        loss = head.loss.of_one()
        if loss.takes == VALUES and single and (values == values.round()).all():
            if len(values) in _CLASSES and len(values) <= len(y) // 5:
                found += _classes_as_numbers(examined, head, numbers, len(values))
        elif loss.applies == "softmax" and y.dtype.kind in "iu" and single and len(values) > len(y) // 5:
            found += _numbers_as_classes(examined, head, y.reshape(-1), len(values))
        last = range_of(examined.forward, outputs).step
        if loss.takes == VALUES and last is not None and np.isin(y, (0, 1)).all():
            found += _squares_of_probabilities(head, last.operation)
    return found


def _classes_as_numbers(examined: Examined, head: Head, numbers: np.ndarray, classes: int) -> list[Finding]:
    x, rows = _linear_inputs(examined)
    numbers = numbers[rows]
    half = len(rows) // 2
    one_hot = np.eye(classes)[numbers]
    as_number = _fitted(x, numbers[:, None].astype(float), half)[:, 0].round()
    as_classes = _fitted(x, one_hot, half).argmax(1)
    told = float((as_number == numbers[half:]).mean()), float((as_classes == numbers[half:]).mean())
    doubt = _DOUBT * np.sqrt(0.5 / (len(rows) - half))  # of a difference of two shares
    if told[1] - told[0] <= max(_WORSE, doubt):
        return []
    return [
        Finding(
            "unfit_loss",
            "problem",
            f"{type(head.loss).__name__} treats {examined.whose(head)} as numbers, but they are {classes} "
            f"classes without an order: a linear model of the class number is right for {told[0]:.0%} of the "
            f"examples, one with a score for each class for {told[1]:.0%}.",
            "give the last layer one unit per class, and take a cross-entropy",
            causes=("unfit_loss",),
            evidence={"classes": classes, "right_as_number": told[0], "right_as_classes": told[1]},
        )
    ]


def _numbers_as_classes(examined: Examined, head: Head, y: np.ndarray, classes: int) -> list[Finding]:
    x, rows = _linear_inputs(examined)
    half = len(rows) // 2
    number = y[rows].astype(float)
    said = _fitted(x, number[:, None], half)[:, 0]
    rest = number[half:]
    variance = float(rest.var())
    told = 1.0 - float(((said - rest) ** 2).mean()) / variance if variance > 0 else 0.0
    if told < _NUMBERS:
        return []
    return [
        Finding(
            "unfit_loss",
            "problem",
            f"{type(head.loss).__name__} treats {examined.whose(head)} as {classes:,} classes, of {len(y):,} "
            f"examples, but they are numbers: a linear model explains {told:.0%} of their variance.",
            "give the last layer one unit, the targets as floats, and take a squared error",
            causes=("unfit_loss",),
            evidence={"classes": classes, "linear_r2": told},
        )
    ]


def _squares_of_probabilities(head: Head, operation: str) -> list[Finding]:
    if operation not in ("sigmoid", "softmax"):
        return []
    return [
        Finding(
            "unfit_loss",
            "note",
            f"{type(head.loss).__name__} after {operation} hardly teaches the network where it is surely "
            "wrong: the derivative is almost 0 there.",
            "leave that activation out and take a cross-entropy, which applies it itself",
            causes=("unfit_loss",),
        )
    ]


def _linear_inputs(examined: Examined) -> tuple[np.ndarray, np.ndarray]:
    """The inputs of some examples as columns of variance 1 with a constant, and which they are."""
    given = examined.examples.named["x"]
    rows = np.random.default_rng(0).permutation(len(given))[:_EXAMINED]
    x = given[rows].reshape(len(rows), -1).astype(np.float64)
    x = x - x.mean(0)
    deviation = x.std(0)
    x = x[:, deviation > 0] / deviation[deviation > 0]
    if x.shape[1] > 500:  # those are many pixels: sums of them tell nearly as much
        x = x @ np.random.default_rng(0).normal(size=(x.shape[1], 500)) / np.sqrt(x.shape[1])
    return np.hstack([x, np.ones((len(x), 1))]), rows


def _fitted(x: np.ndarray, y: np.ndarray, half: int) -> np.ndarray:
    """Ridge regression on the first half, and what it says of the second."""
    first = x[:half]
    gram = first.T @ first + _RIDGE * half * np.eye(x.shape[1])
    return x[half:] @ np.linalg.solve(gram, first.T @ y[:half])
