"""Where a NaN came from: the steps replayed value by value."""

from dataclasses import dataclass, field

import numpy as np

from chainrule.errors import TrainingError
from chainrule.executors.contract import Arrays, Tree
from chainrule.executors.numpy_ import every_value
from chainrule.program import FLOATS, Program, Value
from chainrule.train.step import held_by_model

_REMEDY = (
    "try a learning rate ten times smaller (--set learning_rate=…), clip the gradients by global norm "
    "(--set clip=1), and look for extreme values in the data"
)


@dataclass(frozen=True, eq=False)
class Past:
    """The state some steps ago, and the steps since then: what to replay where a number stops being finite.

    step: steps done before. tree: a copy of what it was then. calls: the training step and the rows of the
    chunk, (steps, batch), of each call since.
    """

    step: int
    tree: Tree
    calls: list[tuple[Program, np.ndarray]] = field(default_factory=list)


def not_finite_error(past: Past, chunk: Arrays) -> TrainingError:
    """The error for a loss or parameters that stopped being finite somewhere in these steps.

    The steps are replayed in NumPy, the past's tree with them, up to the one whose loss, new parameters or
    new state of a layer are infinite or NaN; the error names that step, and the layer and the value where
    that happened first in it. An infinity that comes to nothing, such as one that is clipped, is passed by.
    """
    number, tree = past.step, past.tree
    for program, indices in ((program, indices) for program, order in past.calls for indices in order):
        number += 1
        values = every_value(program, tree, {name: array[indices] for name, array in chunk.items()})
        fresh = {old: np.array(values[new]) for old, new in program.updates.items()}
        loss_broke = not np.isfinite(values[program.outputs["loss"]]).all()
        if loss_broke or not all(np.isfinite(fresh[v]).all() for v in held_by_model(program) if v in fresh):
            return _error(number, *_first_not_finite(program, values), "loss" if loss_broke else "weights")
        for old, array in fresh.items():
            tree[old.name] = array
    return TrainingError(f"the loss or the weights are not finite after step {number}", remedy=_REMEDY)


def _first_not_finite(program: Program, values: dict[Value, np.ndarray]) -> tuple[str, str, str]:
    for step in program.steps:
        value = step.output
        if value.dtype in FLOATS and not np.isfinite(values[value]).all():
            kind = "NaN" if np.isnan(values[value]).any() else "infinite"
            return (
                f"layer '{step.layer}'" if step.layer else "the step",
                f"{step.part} value '{value.name}'",
                kind,
            )
    raise AssertionError("a result is not finite, so a step's output is not")


def _error(number: int, layer: str, value: str, kind: str, result: str) -> TrainingError:
    return TrainingError(
        f"training broke down at step {number}: in {layer} the {value} became {kind}, "
        f"and with it the {result}",
        remedy=_REMEDY,
    )
