"""Checks of the inputs: their scale, constant columns, outliers, and numbers that stand for missing ones."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from chainrule.data import Arrays
from chainrule.doctor.comparing import Comparison, compared
from chainrule.doctor.examined import Examined
from chainrule.doctor.seeing import see_the_input, seen_by_weights
from chainrule.training.findings import Finding

_LARGE, _SMALL, _UNEVEN = 10.0, 0.1, 100.0
"""Beyond these it is tried whether scaling helps: initial weights are made for inputs of size 1, and what is
ten times as large moves the sums of the first layer ten times as far in a step."""
_FAR = 20.0
"""Deviations: by Chebyshev's inequality at most one value in 400 is farther from the mean, of a normal
distribution none."""
_MARKS = 0.005  # the share of a column that a number standing for 'missing' has at least
_BEHIND = 0.6
"""Of what is learned from mended inputs. Eight programs that had learned less from their own inputs in a
tenth of the steps were trained to the end, and all ended worse."""
_LOOKED_AT = 5000  # values of a column, where all of them would have to be sorted
_SHOWN = 20  # columns in the evidence
_GAP = 3.0  # times the range of the others: so far off stands such a number


def input_scale(examined: Examined) -> list[Finding]:
    """The inputs, as the first weights see them, are large, small, or of very different sizes.

    What layers without weights make of the inputs, such as a normalization, is measured. Where the numbers
    are suspicious, the network is trained on the inputs as they are and on standardized ones for as many
    steps as are cheap; it is a problem where those are clearly better on examples that were not trained on.
    Where that can't be tried, it is a note.
    """
    seen = [_columns_of(each) for each in seen_by_weights(examined)]
    if not seen:
        return []
    with np.errstate(all="ignore"):
        size = max(float(np.sqrt((each * each).mean(0)).max()) for each in seen)
        spreads = np.concatenate([each.std(0) for each in seen])
    spreads = spreads[spreads > 0]
    if not len(spreads):
        return []  # another check says that they are constant
    low, high = np.quantile(spreads, (0.1, 0.9))  # a few odd columns among many do no harm
    if _SMALL <= size <= _LARGE and high <= _UNEVEN * low:
        return []
    said = (
        f"The inputs do not have the scale that initial weights are made for: the standard deviations of the "
        f"columns go from {spreads.min():.3g} to {spreads.max():.3g}, and the largest root mean square is "
        f"{size:.3g}."
    )
    evidence = {"size": size, "deviations": [float(spreads.min()), float(spreads.max())]}
    result = _tried(examined, standardized)
    if result is not None and result.tells_nothing:
        return []
    return [_finding("input_scale", said, "standardize every column of the inputs", evidence, result)]


def outliers(examined: Examined) -> list[Finding]:
    """Columns with values more than 20 deviations from the middle, by which alone they would be scaled.

    A note, and a problem where training on clipped and standardized inputs is clearly better.
    """
    farthest = {
        name: far
        for name, column in _columns(examined).items()
        if _mark(column) is None and (far := _farthest(column)) > _FAR
    }
    if not farthest:
        return []
    worst = max(farthest, key=lambda name: farthest[name])
    said = (
        f"{_counted(farthest)} values more than {_FAR:g} standard deviations from the median "
        f"({worst}: {farthest[worst]:.3g})."
    )
    result = _tried(examined, _clipped)
    return [_finding("outliers", said, "clip them, or take logarithms", {"columns": _some(farthest)}, result)]


def missing_marks(examined: Examined) -> list[Finding]:
    """A number far from all others that occurs again and again, such as -999, stands for missing values.

    A note, and a problem where training with the mean of the others in its place is clearly better.
    """
    marks = {name: mark for name, column in _columns(examined).items() if (mark := _mark(column)) is not None}
    if not marks:
        return []
    first = next(iter(marks))
    said = f"{_counted(marks)} a number that seems to stand for missing values ({first}: {marks[first]:g})."
    result = _tried(examined, _filled)
    remedy = "put the mean of the others in its place, and add a column that says where it was missing"
    return [_finding("missing_marks", said, remedy, {"columns": _some(marks)}, result)]


def constant_inputs(examined: Examined) -> list[Finding]:
    """Inputs that never vary tell nothing: a note for columns, a problem where all are constant.

    Columns of zeros without a name are passed over: they are the edges of images, and do no harm.
    """
    named = examined.examples.inputs.named
    if all(len(array) > 1 and (array == array[:1]).all() for array in named.values()):
        said = "All examples have the same inputs."
        remedy = "look how they were made"
        return [_broken("constant_inputs", "problem", said, remedy, {})]
    known = "x" in examined.examples.columns
    constant = {
        name: float(column[0])
        for name, column in _columns(examined).items()
        if (known or column[0] != 0) and (column == column[0]).all()
    }
    if not constant:
        return []
    name = next(iter(constant))
    said = f"{_counted(constant)} one value only ({name}: {constant[name]:g})."
    return [_broken("constant_inputs", "note", said, "leave them out", {"columns": _some(constant)})]


def _broken(check: str, severity: str, said: str, remedy: str, evidence: Mapping[str, Any]) -> Finding:
    causes = ("constant_or_broken_inputs",)
    return Finding(check, severity, said, remedy, causes=causes, evidence=evidence)


def _finding(
    check: str, said: str, remedy: str, evidence: Mapping[str, Any], result: Comparison | None
) -> Finding:
    """A problem where mended inputs helped, else a note; with what was measured."""
    broken = () if check == "input_scale" else ("constant_or_broken_inputs",)
    helps = result is not None and result.sure and result.before < _BEHIND * result.after
    evidence = dict(evidence)
    if result is not None:
        evidence |= {"learned": result.before, "learned_mended": result.after, "steps": result.steps}
    if result is not None and helps:
        said += (
            f" Tried for {result.steps:,} steps, the network lowers the held-out loss by "
            f"{max(result.before, 0):.0%} of that of a constant prediction, and by {result.after:.0%} with "
            "mended inputs."
        )
    causes = (*broken, "unscaled_inputs")
    return Finding(check, "problem" if helps else "note", said, remedy, causes=causes, evidence=evidence)


def _tried(examined: Examined, mend: Callable[[np.ndarray], np.ndarray]) -> Comparison | None:
    """What training on mended inputs gives; None where that can't be tried."""
    mended = mended_inputs(examined, examined.examples, mend)
    return None if mended is None else compared(examined, mended)


def mended_inputs(
    examined: Examined, examples: Arrays, mend: Callable[[np.ndarray], np.ndarray]
) -> Arrays | None:
    """Examples with other inputs; None where the first weights see something else than these.

    mend: of columns, (values, columns) -> the same.
    """
    x = examples.named.get("x")
    if x is None or x.dtype.kind != "f" or not see_the_input(examined):
        return None
    changed = mend(_columns_of(x)).astype(x.dtype).reshape(x.shape)
    return replace(examples, named={**examples.named, "x": changed})


def standardized(columns: np.ndarray) -> np.ndarray:
    """Each with mean 0 and deviation 1; what is constant is 0."""
    deviation = columns.std(0)
    return (columns - columns.mean(0)) / np.where(deviation > 0, deviation, 1.0)


def _clipped(columns: np.ndarray) -> np.ndarray:
    """At five of the deviations that the middle half of a normal distribution would have."""
    low, middle, high = np.quantile(columns, (0.25, 0.5, 0.75), axis=0)
    reach = 5.0 * (high - low) / 1.349
    reach = np.where(reach > 0, reach, np.inf)
    return standardized(np.clip(columns, middle - reach, middle + reach))


def _filled(columns: np.ndarray) -> np.ndarray:
    filled = columns.copy()
    for column in filled.T:
        mark = _mark(column)
        if mark is not None:
            column[column == mark] = column[column != mark].mean()
    return standardized(filled)


def _columns_of(array: np.ndarray) -> np.ndarray:
    """All axes but the last as one: (values, columns)."""
    return (array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array[:, None]).astype(np.float64)


def _columns(examined: Examined) -> dict[str, np.ndarray]:
    """The columns of x by name, where it is a table of floats; none of anything else."""
    x = examined.examples.named.get("x")
    if x is None or x.ndim != 2 or x.dtype.kind != "f":
        return {}
    names = examined.examples.columns.get("x", tuple(f"column {number}" for number in range(x.shape[1])))
    return dict(zip(names, _columns_of(x).T, strict=True))


def _farthest(column: np.ndarray) -> float:
    """How many deviations the farthest value is from the median; 0 where half of the column is one value."""
    some = column[:: max(1, len(column) // _LOOKED_AT)]
    low, middle, high = np.quantile(some, (0.25, 0.5, 0.75))
    return float(np.abs(column - middle).max() / column.std()) if high > low else 0.0


def _mark(column: np.ndarray) -> float | None:
    """The lowest or highest number, where it is frequent and far from all others."""
    for mark in (float(column.min()), float(column.max())):
        others = column[column != mark]
        count = len(column) - len(others)
        if count < max(3, _MARKS * len(column)) or len(np.unique(others[:1000])) < 5:
            continue
        if np.abs(others - mark).min() > _GAP * np.ptp(others):
            return mark
    return None


def _some(columns: Mapping[str, float]) -> dict[str, float]:
    return dict(islice(columns.items(), _SHOWN))


def _counted(columns: Mapping[str, float]) -> str:
    return "One input column has" if len(columns) == 1 else f"{len(columns)} input columns have"
