"""Where a NaN came from, and why: what the replayed steps show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ChainruleWarning, TrainingError
from chainrule.executors.contract import NamedArrays, Tree
from chainrule.program import FLOATS, Program, Step, Value
from chainrule.training.replay import Breakdown

_GROWN = 10.0  # times the size at the start, or the usual size: weights larger than that count as grown
_USUAL = 0.1
_UNSCALED = 1e3  # larger data are named as a possible cause where training diverged
_SHOWN = {"weight": "sample_weight"}


def not_finite_error(breakdown: Breakdown, start: Mapping[str, float], epoch: int) -> TrainingError:
    """The error for it: which value of which layer broke first, and the cause that was measured.

    start: the largest size of each parameter when training began, by name. epoch: it happened in, from 1.
    The cause is one of: data too large for the arithmetic; weights that grew; an update, or an operation that
    got numbers out of its range.
    """
    program, rows, values = breakdown.program, breakdown.rows, breakdown.values
    remedy, settings = _smaller_steps(breakdown)
    if program is None or rows is None:
        what = f"the loss or the weights are not finite after step {breakdown.step}"
        return TrainingError(what, remedy=remedy, settings=settings, step=breakdown.step, epoch=epoch)
    step = _first_not_finite(program, values)
    layer, cause = step.layer, ""
    largest = _largest(breakdown.arrays, rows, "rows trained on")
    grown = _grown(program, breakdown.tree, start)
    if largest is not None and largest.size > largest.limit:
        cause = f": {largest}, too large for the arithmetic of {largest.dtype}"
        remedy, settings = f"scale {largest.name}, or leave that row out", {}
    elif grown is not None:
        layer, before, now = grown
        whose = f" of layer '{layer}'" if layer else ""
        cause = f": the weights{whose} had grown from {before:.3g} to {now:.3g}"
        if largest is not None and largest.size > _UNSCALED:
            remedy = f"{remedy}; and scale {largest.name}: {largest}"
    elif step.layer == "penalty":
        remedy, settings = "make the penalties weaker", {}
    elif step.part != "update":
        cause = f": {_operands(step, rows, values)}"
        remedy = f"look at what is computed there; or {remedy}"
    where = f"layer '{step.layer}'" if step.layer else "the step"
    kind = "NaN" if np.isnan(values[step.output]).any() else "infinite"
    result = "weights" if np.isfinite(values[program.outputs["loss"]]).all() else "loss"
    return TrainingError(
        f"training broke down at step {breakdown.step}: in {where} the {step.part} value "
        f"'{step.output.name}' became {kind}, and with it the {result}{cause}",
        remedy=remedy,
        settings=settings,
        step=breakdown.step,
        epoch=epoch,
        layer=layer,
        value=step.output.name,
    )


def not_finite_validation(
    loss: float, epoch: int, chunk: NamedArrays, predictions: NamedArrays
) -> ChainruleWarning:
    """The warning for a validation loss that is infinite or NaN, with the cause that was measured.

    chunk: the validation data. predictions: for them, by name.
    """
    count, kind = len(next(iter(chunk.values()))), "NaN" if np.isnan(loss) else "infinite"
    rows = np.arange(count)
    largest = _largest(chunk, rows, "validation data")
    finite = [np.isfinite(each.reshape(count, -1)).all(axis=1) for each in predictions.values()]
    broken = np.argwhere(~np.logical_and.reduce(finite))
    if largest is not None and largest.size > largest.limit:
        cause = f": {largest}, too large for the arithmetic of {largest.dtype}"
    elif len(broken):
        cause = f": what is predicted for row {broken[0][0]} (of the validation data) is not finite"
    else:
        cause = ": the loss of some rows is beyond what numbers can hold"
    return ChainruleWarning(
        f"the validation loss of epoch {epoch} is {kind}{cause}",
        remedy="scale that row or leave it out; an epoch without a finite loss is never taken for the best",
    )


def sizes_of(tree: Tree, values: tuple[Value, ...]) -> dict[str, float]:
    """The largest absolute number of each of these arrays, by name."""
    return {value.name: _size(tree[value.name]) for value in values}


def _size(array: np.ndarray) -> float:
    return max(float(array.max()), -float(array.min())) if array.size else 0.0


def _first_not_finite(program: Program, values: Mapping[Value, np.ndarray]) -> Step:
    for step in program.steps:
        if step.output.dtype in FLOATS and not np.isfinite(values[step.output]).all():
            return step
    raise AssertionError("a result is not finite, so a step's output is not")


def _smaller_steps(breakdown: Breakdown) -> tuple[str, dict[str, Any]]:
    """What helps against steps that are too long, and the settings that it speaks of."""
    fresh = {} if breakdown.program is None else breakdown.program.updates
    now = breakdown.tree | {old.name: breakdown.values[new] for old, new in fresh.items()}
    rates = [float(array) for name, array in now.items() if name.endswith(".learning_rate")]
    clip = "clip the gradients by their global norm ({clip})"
    if not rates or rates[-1] <= 0:
        return clip, {"clip": 1.0}
    settings = {"learning_rate": float(f"{rates[-1] / 10:.2g}"), "clip": 1.0}
    return f"try a learning rate ten times smaller ({{learning_rate}}), or {clip}", settings


def _grown(program: Program, tree: Tree, start: Mapping[str, float]) -> tuple[str, float, float] | None:
    """The layer whose weights grew most since training began: its path, their size then and now."""
    layers: dict[str, tuple[float, float]] = {}
    for name, now in sizes_of(tree, program.parameters).items():
        path = name.rpartition(".")[0]
        known = layers.get(path, (0.0, 0.0))
        layers[path] = (max(known[0], start.get(name, now)), max(known[1], now))
    path = max(layers, key=lambda each: layers[each][1] / max(layers[each][0], _USUAL), default=None)
    if path is None or layers[path][1] < _GROWN * max(layers[path][0], _USUAL):
        return None
    return path, *layers[path]


@dataclass(frozen=True)
class _Largest:
    """The largest number of some rows. place: its row, and where in it. of: what the row is counted in."""

    name: str
    value: float
    place: tuple[int, ...]
    dtype: str
    of: str

    @property
    def size(self) -> float:
        return abs(self.value)

    @property
    def limit(self) -> float:
        """Squares of what is well below it are finite, and sums of some of them."""
        return float(np.sqrt(np.finfo(self.dtype).max)) / 10

    def __str__(self) -> str:
        row, *inner = self.place
        column = f", column {inner[0]}" if len(inner) == 1 else f", at {tuple(inner)}" if inner else ""
        return f"{self.name} is {self.value:.4g} in row {row}{column} (of the {self.of})"


def _largest(chunk: NamedArrays, rows: np.ndarray, of: str) -> _Largest | None:
    found = []
    for name, array in chunk.items():
        if array.dtype.name in FLOATS and array.size:
            batch = array[rows]
            row, *inner = (int(i) for i in np.unravel_index(int(np.abs(batch).argmax()), batch.shape))
            value = float(batch[(row, *inner)])
            found.append(
                _Largest(_SHOWN.get(name, name), value, (int(rows[row]), *inner), array.dtype.name, of)
            )
    return max(found, key=lambda each: each.size, default=None)


def _operands(step: Step, rows: np.ndarray, values: Mapping[Value, np.ndarray]) -> str:
    """'sqrt of numbers from -0.25 to 3, first in row 8'."""
    arrays = [values[value] for value in step.inputs if value.dtype in FLOATS and value.size]
    ranges = [f"numbers from {array.min():.3g} to {array.max():.3g}" for array in arrays]
    broken = ~np.isfinite(values[step.output])
    in_row = ""
    if broken.ndim and len(broken) == len(rows):
        first = int(rows[np.argwhere(broken)[0][0]])
        in_row = f", first in row {first} (of the rows trained on)"
    return f"{step.operation} of {' and '.join(ranges) or 'no numbers'}{in_row}"
