"""A yardstick of how good a network is, the same for recipes that differ in loss, outputs or layers.

Of classes it is the negative logarithm of the probability of the true one, weighted so that each class
counts as much as another: a network that gives up a rare class is bad. Of numbers it is the squared error in
units of the targets' variance. It is known of every example, so that two networks are compared example by
example. Neither depends on the loss that is trained, which a repair may change. Both are bounded, so that one
example does not decide.
"""

from collections.abc import Mapping

import numpy as np

from chainrule.data import Arrays, belonging
from chainrule.nn import Quantile
from chainrule.training.attending import Patient
from chainrule.training.objective import Objective, Supervised
from chainrule.training.state import RunState
from chainrule.training.step import evaluated

ROWS = 1024
"""So many examples at most are measured with."""
_LEAST_PROBABILITY = 0.01
_SURE = 0.9  # of the class that is nearest to a number, where a network gives class numbers
_MOST_VARIANCES = 4.0
_MOST_CLASSES = 20  # told by a single number
_GROUPS = 16  # of examples, where only the loss can be measured


def measuring_examples(patient: Patient) -> Arrays:
    """The examples to measure with: held-out ones, and where there are none some that are trained on."""
    return some_of((patient.held_out or patient.data).sample, patient.recipe.seed)


def some_of(arrays: Arrays, seed: int) -> Arrays:
    """At most so many of the examples as are measured with, drawn by a seed."""
    if len(arrays) <= ROWS:
        return arrays
    rows = np.random.Generator(np.random.Philox(key=seed)).permutation(len(arrays))
    return arrays.take(np.sort(rows[:ROWS]))


def scores_now(patient: Patient, state: RunState, examples: Arrays) -> np.ndarray:
    """`scores` of a training as it stands."""
    return scores(patient, tree_now(patient, state), examples)


def tree_now(patient: Patient, state: RunState) -> Mapping[str, np.ndarray]:
    """Parameters and state with which a training predicts as it stands."""
    rows = patient.data.rows(patient.recipe.batch_size)
    return evaluated(patient.recipe, patient.programs.step(patient.data.sample, rows).program, state.tree)


def scores(patient: Patient, tree: Mapping[str, np.ndarray], examples: Arrays) -> np.ndarray:
    """Of every example, or group of examples, how bad the network is on it: (n,) float64, at least 0.

    tree: what to predict with. A network whose outputs are not finite is as bad as can be.
    """
    targets = belonging("y", examples.named)
    with np.errstate(all="ignore"):
        said = patient.programs.outputs(tree, len(examples), lambda rows: examples.inputs.take(rows).named)
        if _is_of_targets(patient.recipe.objective) and len(targets) == 1:
            found = _of_targets(next(iter(targets.values())), said, _deviation(patient))
            if found is not None:
                return found
        return _of_groups(patient, tree, examples)


def right(patient: Patient, tree: Mapping[str, np.ndarray], examples: Arrays) -> np.ndarray | None:
    """Of which examples a network gets the class right, (n,); None where targets are no classes."""
    targets = list(belonging("y", examples.named).values())
    with np.errstate(all="ignore"):
        said = patient.programs.outputs(tree, len(examples), lambda rows: examples.inputs.take(rows).named)
    if len(targets) != 1 or not isinstance(said, np.ndarray) or len(said) != len(targets[0]):
        return None
    said = said.reshape(len(said), -1)
    classes = class_numbers(targets[0], said.shape[1])
    if classes is None:
        return None
    named = np.rint(said[:, 0]) if said.shape[1] == 1 else said.argmax(1)
    return named == classes


def are_numbers(patient: Patient, examples: Arrays) -> bool:
    """Whether targets are numbers, so that scores are errors: (examples,) of classes are not."""
    targets = list(belonging("y", examples.named).values())
    outputs = list(patient.programs.forward(patient.data.sample.inputs, 1, raw=False).outputs.values())
    if len(targets) != 1 or len(outputs) != 1 or not _is_of_targets(patient.recipe.objective):
        return False
    width = int(np.prod(outputs[0].shape[1:]))
    return class_numbers(targets[0], width) is None and targets[0].size == width * len(targets[0])


def _is_of_targets(objective: Objective) -> bool:
    """Whether outputs are to be near the targets: a quantile is not, and only its loss can measure it."""
    return isinstance(objective, Supervised) and not isinstance(objective.loss.of_one(), Quantile)


def _of_targets(y: np.ndarray, said: object, deviation: np.ndarray | None) -> np.ndarray | None:
    """None where targets and predictions do not go together as classes or as numbers."""
    if not isinstance(said, np.ndarray) or len(said) != len(y):
        return None
    width = int(np.prod(said.shape[1:]))
    classes = class_numbers(y, width)
    if classes is not None and (y.dtype.kind in "iu" or y.shape == said.shape):
        return _of_classes(classes, said)
    if y.size != said.size or deviation is None:
        return None
    error = ((said.reshape(y.shape).astype(np.float64) - y) / deviation) ** 2
    error = np.where(np.isfinite(error), np.minimum(error, _MOST_VARIANCES), _MOST_VARIANCES)
    return error.reshape(len(y), -1).mean(1)


def class_numbers(y: np.ndarray, outputs: int) -> np.ndarray | None:
    """The class of each example, (examples,); None where targets are numbers, or several classes at once.

    y: class numbers; 0 and 1; or one-hot rows. outputs: of the network for an example. Many different whole
    numbers for a single output are numbers, such as counts.
    """
    if y.dtype.kind in "iu" and y.ndim == 1 and y.max(initial=0) > 1:
        is_class = y.min() >= 0 and (outputs > 1 or len(np.unique(y)) <= _MOST_CLASSES)
        return y if is_class else None
    columns = y.reshape(len(y), -1)
    if not np.isin(columns, (0, 1)).all():
        return None
    if columns.shape[1] == 1:
        return columns[:, 0].astype(np.int64)
    return columns.argmax(1) if (columns.sum(1) == 1).all() else None


def class_weights(classes: np.ndarray, count: int = 0) -> np.ndarray:
    """Of each class from 0 on, so that all classes count alike and the mean over the examples is 1.

    count: of classes, at least.
    """
    counts = np.bincount(classes, minlength=count)
    return len(classes) / (np.count_nonzero(counts) * np.maximum(counts, 1))


def _of_classes(y: np.ndarray, said: np.ndarray) -> np.ndarray | None:
    rows = np.arange(len(y))
    said = said.reshape(len(said), -1).astype(np.float64)
    if said.shape[1] == 1:
        number = said[:, 0]
        if y.max(initial=0) <= 1:
            p = np.where(y == 1, np.clip(number, 0, 1), 1 - np.clip(number, 0, 1))
        else:
            p = np.where(np.abs(number - y) < 0.5, _SURE, 0.0)
    elif y.max(initial=0) < said.shape[1]:
        shares = np.clip(said, 0, 1)
        p = shares[rows, y] / np.maximum(shares.sum(1), 1e-12)
    else:
        return None
    p = np.where(np.isfinite(p) & np.isfinite(said).all(1), p, 0.0)
    return -np.log(np.maximum(p, _LEAST_PROBABILITY)) * class_weights(y)[y]


def _deviation(patient: Patient) -> np.ndarray | None:
    """Of the targets that are trained on, along the first axis; None where they are no numbers."""
    (y,) = belonging("y", patient.data.sample.named).values()
    if y.dtype.kind not in "fiu":
        return None
    deviation = y.std(0, dtype=np.float64)
    return np.where(deviation > 0, deviation, 1.0)


def _of_groups(patient: Patient, tree: Mapping[str, np.ndarray], examples: Arrays) -> np.ndarray:
    """The loss of groups of examples, the same groups for all."""
    losses = []
    for rows in np.array_split(np.arange(len(examples)), min(_GROUPS, len(examples))):
        _, loss = patient.programs.predict(tree, examples.take(rows))
        losses.append(np.inf if loss is None or not np.isfinite(loss) else loss)
    return np.nan_to_num(np.array(losses), posinf=float(np.finfo(np.float32).max))


def constant_score(patient: Patient, examples: Arrays) -> float:
    """The mean score of the best answer that is the same for all examples; 0 where nobody knows."""
    known, asked = (belonging("y", each.named) for each in (patient.data.sample, examples))
    outputs = patient.programs.forward(patient.data.sample.inputs, 1, raw=False).outputs
    if not _is_of_targets(patient.recipe.objective) or len(known) != 1 or len(outputs) != 1:
        return 0.0
    (y,), (wanted,), (output,) = known.values(), asked.values(), outputs.values()
    width = int(np.prod(output.shape[1:]))
    classes = class_numbers(wanted, width)
    if classes is not None and (wanted.dtype.kind in "iu" or output.shape[1:] == y.shape[1:]):
        return float(np.log(max(2, len(np.unique(classes)))))  # the same share for each class
    if width != int(np.prod(y.shape[1:])):
        return 0.0
    found = _of_targets(wanted, np.broadcast_to(y.mean(0), wanted.shape), _deviation(patient))
    return 0.0 if found is None else float(found.mean())
