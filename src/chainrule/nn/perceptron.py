"""Rosenblatt's perceptron: one neuron, its learning rule, and a test of linear separability."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from chainrule.errors import DataError, TrainingError
from chainrule.nn.settings import check_number, check_whole, plain_fields


@dataclass(frozen=True, eq=False)
class PerceptronResult:
    """The result of training a perceptron.

    weights: (features,), and bias: the prediction is classes[1] if x · weights + bias > 0, else classes[0].
    epochs_run: passes over the examples. mistakes: their number in each pass. converged: the last pass made
    none. separable: a plane exists that separates the classes strictly. message: the result in one sentence.
    classes: the two classes.
    """

    weights: np.ndarray
    bias: float
    epochs_run: int
    mistakes: tuple[int, ...]
    converged: bool
    separable: bool
    message: str
    classes: np.ndarray

    def predict(self, x: ArrayLike) -> np.ndarray:
        """The class of each row: (n, features) -> (n,). Raises DataError for another shape."""
        x = _numbers(x)
        if x.shape[1] != len(self.weights):
            raise DataError(
                f"x has {x.shape[1]} features", remedy=f"give the {len(self.weights)} it was fitted on"
            )
        return self.classes[(x @ self.weights + self.bias > 0).astype(int)]


@dataclass(frozen=True)
class Perceptron:
    """y = 1 if w · x + b > 0, else 0, learned by w ← w + η (t - y) x, b ← b + η (t - y) (Rosenblatt 1958).

    Weights start at 0, and the examples come in the given order. If a plane separates the two classes, the
    rule finds one after finitely many mistakes (Novikoff 1962); otherwise it never stops by itself.

    learning_rate: η, above 0; it scales the weights and does not change the predictions. epochs: the most
    passes over the examples, at least 1. Raises ConfigError.
    """

    learning_rate: float = 1.0
    epochs: int = 1000

    def __post_init__(self) -> None:
        plain_fields(self)
        check_number(self, "learning_rate", self.learning_rate, above=0)
        check_whole(self, "epochs", self.epochs)

    def fit(self, x: ArrayLike, targets: ArrayLike) -> PerceptronResult:
        """Learn until a pass makes no mistake, or for `epochs` passes; then test whether a solution exists.

        x: (n, features), finite numbers. targets: (n,), exactly two different values; the larger is class 1.
        Raises DataError for others.
        """
        x, targets = _numbers(x), np.asarray(targets)
        if targets.shape != (len(x),):
            raise DataError(
                f"x has {len(x)} rows and targets have shape {targets.shape}", remedy="give one each row"
            )
        classes, labels = np.unique(targets, return_inverse=True)
        if len(classes) != 2:
            raise DataError(
                f"targets have {len(classes)} different values", remedy="a perceptron needs exactly two"
            )
        rows = np.column_stack([x, np.ones(len(x))])  # the bias is the weight of a constant 1
        weights, mistakes = self._learn(rows, labels)
        converged = mistakes[-1] == 0
        separable = converged or _separable(x, labels)
        if converged:
            message = f"linearly separable: solved in {len(mistakes)} epochs"
        elif separable:
            message = f"linearly separable, but not solved in {len(mistakes)} epochs: allow more"
        else:
            message = "not linearly separable: it needs a hidden layer"
        return PerceptronResult(
            weights=weights[:-1],
            bias=float(weights[-1]),
            epochs_run=len(mistakes),
            mistakes=tuple(mistakes),
            converged=converged,
            separable=separable,
            message=message,
            classes=classes,
        )

    def _learn(self, rows: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, list[int]]:
        weights = np.zeros(rows.shape[1])
        mistakes: list[int] = []
        while len(mistakes) < self.epochs and (not mistakes or mistakes[-1]):
            wrong = 0
            for row, label in zip(rows, labels.tolist(), strict=True):
                error = label - int(row @ weights > 0)
                if error:
                    weights += self.learning_rate * error * row
                    wrong += 1
            mistakes.append(wrong)
        return weights, mistakes


def _numbers(x: ArrayLike) -> np.ndarray:
    try:
        array = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("x has values that are not numbers", remedy="encode them as numbers first") from None
    if array.ndim != 2:
        raise DataError(f"x has shape {array.shape}", remedy="make it (rows, features)")
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        raise DataError(
            f"x is {array[tuple(wrong[0])]} in row {wrong[0][0]}, feature {wrong[0][1]}", remedy="fill it in"
        )
    return array


def _separable(x: np.ndarray, labels: np.ndarray) -> bool:
    """Whether s (w · x + b) ≥ 1 has a solution for all rows, s = ±1, by linear programming.

    Any strict separation can be scaled to that. Raises TrainingError if the solver fails.
    """
    from scipy.optimize import linprog  # SciPy takes long to load, and only an unsolved task needs it

    # Separability does not change when a feature is shifted or stretched; the solver's tolerances like it
    # better.
    spread = x.std(axis=0)
    scaled = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    signed = np.where(labels == 1, 1.0, -1.0)[:, None] * np.column_stack([scaled, np.ones(len(x))])
    answer = linprog(np.zeros(signed.shape[1]), A_ub=-signed, b_ub=-np.ones(len(x)), bounds=(None, None))
    if answer.status == 2:  # infeasible
        return False
    if answer.status == 0 and (signed @ answer.x > 0).all():
        return True
    raise TrainingError(
        f"the linear program did not decide separability: {answer.message}", remedy="scale the features"
    )
