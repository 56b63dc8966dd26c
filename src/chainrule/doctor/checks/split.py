"""Checks of the split and the batches: classes on either side, duplicates, order, size."""

import numpy as np

from chainrule.data import Arrays
from chainrule.doctor.examined import Examined
from chainrule.doctor.labels import class_numbers
from chainrule.training.findings import Finding
from chainrule.training.heads import Head

_DIFFERENT, _APART = 0.2, 0.5
"""Total variation distance between the shares of the classes in two parts: so many of the examples would have
to be of another class for both to agree."""
_CHANCE = 1e-6  # of a chi-squared test: one split in a million is so uneven by chance
_COPIES, _MANY_COPIES = 0.01, 0.2
_AS_USUAL = 3.0  # times as many copies as there are within the training examples themselves
_FEW_VALUES = 100  # measured numbers have more
_HASHED = 5000
_SORTED = 0.5
_FEW_AN_EPOCH, _FEW_STEPS = 4, 300


def split_classes(examined: Examined) -> list[Finding]:
    """Classes that only one part of the split has, or has much more of.

    A problem where a hundredth of the validation examples are of classes that are never trained on, and where
    the two parts differ in more than half of their classes, so that validation chooses the wrong epoch. A
    note where they differ by more than a fifth, beyond what chance does.
    """
    found = []
    for head in examined.heads:
        if examined.held_out is None:
            break
        train = class_numbers(examined, head, examined.examples)
        held = class_numbers(examined, head, examined.held_out.sample)
        if train is None or held is None:
            continue
        classes = int(max(train.max(), held.max())) + 1
        counts = [np.bincount(each, minlength=classes) for each in (train, held)]
        shares = [each / each.sum() for each in counts]
        unknown = float(shares[1][counts[0] == 0].sum())
        apart = 0.5 * float(np.abs(shares[0] - shares[1]).sum())
        if not unknown and (apart < _DIFFERENT or _by_chance(counts[0], counts[1])):
            continue
        missing = [str(each) for each in np.flatnonzero((counts[0] > 0) & (counts[1] == 0))]
        if unknown:
            names = ", ".join(map(str, np.flatnonzero((counts[0] == 0) & (counts[1] > 0))[:5]))
            said = (
                f"{unknown:.1%} of the validation examples are of classes that training never sees ({names})."
            )
        else:
            said = (
                f"Training and validation have different classes: {apart:.0%} of the examples would have to "
            )
            said += "be of another class for the shares to agree"
            said += f"; validation has none of {', '.join(missing[:5])}." if missing else "."
        found.append(
            Finding(
                "split_classes",
                "problem" if unknown > 0.01 or apart > _APART else "note",
                said,
                "split at random, with the share of each class kept",
                causes=("constant_or_broken_inputs", "no_shuffling"),
                evidence={"unknown": unknown, "apart": apart},
            )
        )
    return found


def _by_chance(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two parts drawn from the same examples may well differ so much (Pearson's chi-squared test)."""
    from scipy.special import chdtrc

    present = first + second > 0
    if present.sum() < 2:
        return True
    counts = np.stack([first[present], second[present]]).astype(np.float64)
    expected = counts.sum(1, keepdims=True) * counts.sum(0) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return bool(chdtrc(counts.shape[1] - 1, statistic) > _CHANCE)


def duplicates(examined: Examined) -> list[Finding]:
    """Validation examples whose inputs are among those that are trained on.

    Of inputs with few possible values, such as the exclusive or, copies are no mistake, and there are as many
    within the training examples themselves: of these only what is beyond three times that is told. A problem
    where it is a fifth of the validation examples: their loss is then one of training, by which the best
    epoch is not found.
    """
    if examined.held_out is None or examined.held_out.in_memory is None or examined.data.in_memory is None:
        return []
    trained = _hashes(examined.data.in_memory)
    held = _hashes(examined.held_out.in_memory.take(slice(_HASHED)))
    if not len(trained) or not len(held):
        return []
    values, counts = np.unique(trained, return_counts=True)
    count = int(np.isin(held, values).sum())
    copied, usual = count / len(held), float(counts[counts > 1].sum()) / len(trained)
    allowed = _AS_USUAL * usual if _repeat_by_chance(examined.data.in_memory) else 0.0
    if count < 3 or copied <= max(_COPIES, allowed):
        return []
    return [
        Finding(
            "duplicates",
            "problem" if copied > _MANY_COPIES else "note",
            f"{copied:.1%} of the validation examples have the same inputs as a training example, and "
            f"{usual:.1%} of the training examples have a copy among themselves.",
            "remove copies before the examples are split",
            causes=("constant_or_broken_inputs",),
            evidence={"copied": copied, "usual": usual},
        )
    ]


def _repeat_by_chance(arrays: Arrays) -> bool:
    """Whether the inputs are a table none of whose columns has many values, such as hours and categories."""
    named = arrays.inputs.named.values()
    return all(x.ndim == 2 and all(len(np.unique(each)) <= _FEW_VALUES for each in x.T) for x in named)


def _hashes(arrays: Arrays) -> np.ndarray:
    """One number for the inputs of each example."""
    inputs = [np.ascontiguousarray(array) for array in arrays.inputs.named.values()]
    return np.array([hash(tuple(each[row].tobytes() for each in inputs)) for row in range(len(arrays))])


def order(examined: Examined) -> list[Finding]:
    """The examples are visited as they stand, and stand sorted by what is to be learned.

    A problem where the batches differ by half of the targets' variance (the share of variance between them,
    η² of an analysis of variance), and in a random order by less than half as much: each batch then makes the
    network forget what the batches before have taught.
    """
    if examined.recipe.shuffle or examined.data.in_memory is None:
        return []
    found = []
    for head in examined.heads:
        y, rows = _columns_of(examined, head), examined.rows
        if len(y) < 2 * rows or rows < 2:
            continue
        share = _between(y, rows)
        random = _between(np.random.default_rng(0).permutation(y), rows)
        if share < _SORTED or random > 0.5 * share:
            continue
        found.append(
            Finding(
                "order",
                "problem",
                f"The examples are sorted and not shuffled: {share:.0%} of the variance of "
                f"{examined.whose(head)} lies between batches; in a random order it would be {random:.0%}.",
                "shuffle the examples",
                causes=("no_shuffling",),
                evidence={"between": share, "between_if_shuffled": random},
            )
        )
    return found


def _columns_of(examined: Examined, head: Head) -> np.ndarray:
    """The targets as numbers, classes one-hot: (examples, columns) float64."""
    numbers = class_numbers(examined, head, examined.examples)
    if numbers is not None:
        return np.eye(int(numbers.max()) + 1)[numbers]
    y = examined.targets(head)
    return y.reshape(len(y), -1).astype(np.float64)


def _between(y: np.ndarray, rows: int) -> float:
    """The share of the variance that lies between full batches; 0 without any variance."""
    batches = y[: len(y) // rows * rows].reshape(-1, rows, y.shape[1])
    total = float(batches.reshape(-1, y.shape[1]).var(0).sum())
    return float(batches.mean(1).var(0).sum()) / total if total > 0 else 0.0


def batch_size(examined: Examined) -> list[Finding]:
    """Batches larger than the data, or so large that there are few steps. A note."""
    count, asked, steps = examined.data.examples, examined.recipe.batch_size, examined.steps
    if count is None or steps is None:
        return []
    per_epoch = -(-count // examined.rows)
    if asked <= count and (per_epoch > _FEW_AN_EPOCH or steps >= _FEW_STEPS):
        return []
    an_epoch = "a single step" if per_epoch == 1 else f"{per_epoch} steps"
    return [
        Finding(
            "batch_size",
            "note",
            f"A batch has {asked:,} examples, and there are {count:,}: an epoch is {an_epoch}, and there are "
            f"{steps:,} in all.",
            "take smaller batches, or more epochs",
            causes=("batch_size_too_large", "too_few_epochs"),
            evidence={"batch_size": asked, "examples": count, "steps": steps},
        )
    ]
