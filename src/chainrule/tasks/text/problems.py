"""What is learned of a document: one class, a class in an order, or any number of labels."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.errors import ConfigError, DataError
from chainrule.nn import BinaryCrossEntropy, Loss, SoftmaxCrossEntropy
from chainrule.tasks.classes import class_figures

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Problem(ABC):
    """How the target of a document becomes outputs of a network, and these a prediction.

    classes: the names of the classes or labels, by number.
    """

    name: ClassVar[str]
    classes: tuple[Any, ...]

    @property
    def outputs(self) -> int:
        """Of the network."""
        return len(self.classes)

    @abstractmethod
    def loss(self, label_smoothing: float) -> Loss:
        """Of the outputs."""

    @abstractmethod
    def marks(self, numbers: np.ndarray) -> np.ndarray:
        """(documents, outputs) bool: which outputs shall be high.

        numbers: (documents,) of classes, or (documents, labels) bool.
        """

    def targets(self, numbers: np.ndarray) -> np.ndarray:
        """What the loss takes."""
        return self.marks(numbers).astype(np.float32)

    def probabilities(self, predicted: np.ndarray) -> np.ndarray:
        """(documents, classes), from what the loss makes of the outputs."""
        return predicted

    def predictions(self, probabilities: np.ndarray) -> np.ndarray:
        """The predicted value of the target for each document."""
        return np.array(self.classes)[probabilities.argmax(1)]

    def figures(self, probabilities: np.ndarray, truth: np.ndarray, training: np.ndarray) -> dict[str, Any]:
        """Metrics and those of the baseline. truth, training: as for `marks`."""
        return class_figures(probabilities, truth, training)


@dataclass(frozen=True)
class OneClass(Problem):
    """One class a document."""

    name: ClassVar[str] = "classification"

    def loss(self, label_smoothing: float) -> Loss:
        """Softmax cross-entropy."""
        return SoftmaxCrossEntropy(label_smoothing)

    def marks(self, numbers: np.ndarray) -> np.ndarray:
        """The class."""
        return numbers[:, None] == np.arange(len(self.classes))

    def targets(self, numbers: np.ndarray) -> np.ndarray:
        """(documents,) class numbers."""
        return numbers.astype(np.int32)


@dataclass(frozen=True)
class TwoClasses(Problem):
    """One of two classes, by one output: whether it is the second. Two outputs would learn the same twice."""

    name: ClassVar[str] = "classification"

    @property
    def outputs(self) -> int:
        """One."""
        return 1

    def loss(self, label_smoothing: float) -> Loss:
        """Binary cross-entropy."""
        return BinaryCrossEntropy(label_smoothing)

    def marks(self, numbers: np.ndarray) -> np.ndarray:
        """Whether it is the second class."""
        return numbers[:, None] == 1

    def probabilities(self, predicted: np.ndarray) -> np.ndarray:
        """Of both classes."""
        return np.concatenate([1 - predicted, predicted], axis=1)


@dataclass(frozen=True)
class Ordinal(Problem):
    """A class in an order, by an output for each class but the first: whether it is at least that one.

    Frank and Hall 2001, with all outputs of one network.
    """

    name: ClassVar[str] = "ordinal"

    @property
    def outputs(self) -> int:
        """One fewer than there are classes."""
        return len(self.classes) - 1

    def loss(self, label_smoothing: float) -> Loss:
        """Binary cross-entropy of each output."""
        return BinaryCrossEntropy(label_smoothing)

    def marks(self, numbers: np.ndarray) -> np.ndarray:
        """All classes up to that of the document."""
        return numbers[:, None] > np.arange(self.outputs)

    def probabilities(self, predicted: np.ndarray) -> np.ndarray:
        """Of each class, from those of at least each class, which are made to fall."""
        falling = np.minimum.accumulate(predicted, axis=1)
        edges = np.ones((len(predicted), 1), predicted.dtype)
        return -np.diff(np.concatenate([edges, falling, 0 * edges], axis=1), axis=1)

    def figures(self, probabilities: np.ndarray, truth: np.ndarray, training: np.ndarray) -> dict[str, Any]:
        """As for classes, with the mean absolute error in steps of the order."""
        found = class_figures(probabilities, truth, training)
        usual = np.bincount(training).argmax()
        for name, guess in (("metrics", probabilities.argmax(1)), ("baseline", np.full(len(truth), usual))):
            found[name]["mean_absolute_error"] = float(np.abs(guess - truth).mean())
        return found


@dataclass(frozen=True)
class Labels(Problem):
    """Any number of labels a document, an output for each."""

    name: ClassVar[str] = "labels"

    def loss(self, label_smoothing: float) -> Loss:
        """Binary cross-entropy of each output."""
        return BinaryCrossEntropy(label_smoothing)

    def marks(self, numbers: np.ndarray) -> np.ndarray:
        """The labels themselves."""
        return numbers

    def predictions(self, probabilities: np.ndarray) -> np.ndarray:
        """The labels of more than a half, joined by '; '."""
        return np.array(
            ["; ".join(str(self.classes[n]) for n in np.flatnonzero(row > 0.5)) for row in probabilities]
        )

    def figures(self, probabilities: np.ndarray, truth: np.ndarray, training: np.ndarray) -> dict[str, Any]:
        """Precision, recall and F1 over all labels; the baseline has those of most training documents."""
        shares = np.broadcast_to(training.mean(0), truth.shape)
        return {"metrics": _label_metrics(probabilities, truth), "baseline": _label_metrics(shares, truth)}


def _label_metrics(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    said = probabilities > 0.5
    right = float((said & truth).sum())
    precision, recall = right / max(said.sum(), 1), right / max(truth.sum(), 1)
    return {
        "f1": 2 * right / max(said.sum() + truth.sum(), 1),
        "precision": precision,
        "recall": recall,
        "accuracy": float((said == truth).all(1).mean()),
    }


PROBLEMS: Mapping[str, type[Problem]] = {each.name: each for each in (OneClass, Ordinal, Labels)}


def problem_of(name: str, classes: Sequence[Any]) -> Problem:
    """The problem of this name, a key of PROBLEMS, with these classes or labels."""
    two = name == OneClass.name and len(classes) == 2
    return TwoClasses(tuple(classes)) if two else PROBLEMS[name](tuple(classes))


_FEWEST_STEPS, _MOST_STEPS = 3, 11


def usual_problem(classes: Sequence[Any]) -> str:
    """'ordinal' for whole numbers one after the other, of 3 to 11 values, such as stars; else one class."""
    whole = all(isinstance(each, int) and not isinstance(each, bool) for each in classes)
    if whole and _FEWEST_STEPS <= len(classes) <= _MOST_STEPS and classes[-1] - classes[0] < len(classes):
        return Ordinal.name
    return OneClass.name


def labels_of(series: "pd.Series", separator: str, source: str) -> tuple[tuple[str, ...], np.ndarray]:
    """The labels of documents: their names, ascending, and (documents, labels) bool.

    series: texts of labels with a separator between them; an empty one has none. Raises DataError if there
    are fewer than two labels.
    """
    found = [
        {each.strip() for each in str(value).split(separator) if each.strip()} if value == value else set()
        for value in series.array
    ]
    names = tuple(sorted(set().union(*found)))
    if len(names) < 2:
        raise DataError(
            f"{source}: column {series.name!r} holds {len(names)} labels separated by {separator!r}",
            remedy="name their separator ({separator}), or leave the problem out",
            settings={"separator": ","},
        )
    numbers = {name: number for number, name in enumerate(names)}
    marks = np.zeros((len(found), len(names)), bool)
    for row, labels in enumerate(found):
        marks[row, [numbers[each] for each in labels]] = True
    return names, marks


def check_problem(problem: str, classes: Sequence[Any], target: str) -> None:
    """Raises ConfigError for an order of classes that have none."""
    if problem == Ordinal.name and not all(isinstance(each, int | float) for each in classes):
        raise ConfigError(
            f"{target!r} holds texts, which have no order",
            remedy="write the classes as numbers, or choose {problem}",
            settings={"problem": OneClass.name},
        )
