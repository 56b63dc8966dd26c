"""A yardstick of how good a network is, the same for recipes that differ in loss, outputs or layers.

Of classes it is the negative logarithm of the probability of the true one, of numbers the squared error in
units of the targets' variance: of every example, so that two networks are compared example by example.
Neither depends on the loss that is trained, which a repair may change. Both are bounded, so that one example
does not decide.
"""

from collections.abc import Mapping

import numpy as np

from chainrule.data import Arrays, belonging
from chainrule.nn import Quantile
from chainrule.training.attending import Patient
from chainrule.training.objective import Objective, Supervised

ROWS = 1024
"""So many examples at most are measured with."""
_LEAST_PROBABILITY = 0.01
_SURE = 0.9  # of the class that is nearest to a number, where a network gives class numbers
_MOST_VARIANCES = 4.0
_GROUPS = 16  # of examples, where only the loss can be measured


def measuring_examples(patient: Patient) -> Arrays:
    """The examples to measure with: held-out ones, and where there are none some that are trained on."""
    arrays = (patient.held_out or patient.data).sample
    if len(arrays) <= ROWS:
        return arrays
    rows = np.random.Generator(np.random.Philox(key=patient.recipe.seed)).permutation(len(arrays))
    return arrays.take(np.sort(rows[:ROWS]))


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


def _is_of_targets(objective: Objective) -> bool:
    """Whether outputs are to be near the targets: a quantile is not, and only its loss can measure it."""
    return isinstance(objective, Supervised) and not isinstance(objective.loss.of_one(), Quantile)


def _of_targets(y: np.ndarray, said: object, deviation: np.ndarray | None) -> np.ndarray | None:
    """None where targets and predictions do not go together as classes or as numbers."""
    if not isinstance(said, np.ndarray) or len(said) != len(y):
        return None
    if y.dtype.kind in "iu" and y.ndim == 1:
        return _of_classes(y, said)
    if y.shape != said.shape or deviation is None:
        return None
    classes = y.reshape(len(y), -1)
    if np.isin(classes, (0, 1)).all():
        if classes.shape[1] == 1:
            return _of_classes(classes[:, 0].astype(np.int64), said)
        if (classes.sum(1) == 1).all():
            return _of_classes(classes.argmax(1), said)
    error = ((said.astype(np.float64) - y) / deviation) ** 2
    error = np.where(np.isfinite(error), np.minimum(error, _MOST_VARIANCES), _MOST_VARIANCES)
    return error.reshape(len(y), -1).mean(1)


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
    return -np.log(np.maximum(p, _LEAST_PROBABILITY))


def _deviation(patient: Patient) -> np.ndarray | None:
    """Of the targets that are trained on, along the first axis; None where they are no numbers."""
    (y,) = belonging("y", patient.data.sample.named).values()
    if y.dtype.kind != "f":
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
    classes = y.dtype.kind in "iu" and y.ndim == 1
    if not classes and output.shape[1:] != y.shape[1:]:
        return 0.0
    if classes:
        shares = np.bincount(y, minlength=int(wanted.max(initial=0)) + 1) / len(y)
        said = np.broadcast_to(shares, (len(wanted), len(shares)))
    else:
        said = np.broadcast_to(y.mean(0), wanted.shape)
    found = _of_targets(wanted, said, _deviation(patient))
    return 0.0 if found is None else float(found.mean())
