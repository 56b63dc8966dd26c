"""The steps since a while ago once more, value by value, to find where a number stops being finite."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from chainrule.executors.numpy_ import every_value
from chainrule.program import NamedArrays, Program, Value
from chainrule.training.step import held_by_model


@dataclass(frozen=True, eq=False)
class Past:
    """The state some steps ago, and the steps since then: what to replay where a number stops being finite.

    step: steps done before. tree: a copy of what it was then. loss_sum: as of the state. calls: the training
    step and the rows of the chunk, (steps, batch), of each call since.
    """

    step: int
    tree: dict[str, np.ndarray]
    loss_sum: float = 0.0
    calls: list[tuple[Program, np.ndarray]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Breakdown:
    """The step at which a number stopped being finite.

    step: its number, from 1. tree: what it was before that step, all finite. losses: of the steps replayed
    before it. program, rows, values: of that step: what ran, the rows of its batch, and every value of it;
    None where the steps, replayed in NumPy, did not break.
    """

    step: int
    tree: dict[str, np.ndarray]
    losses: list[float]
    program: Program | None = None
    rows: np.ndarray | None = None
    values: Mapping[Value, np.ndarray] = field(default_factory=dict)


def replayed(past: Past, chunk: NamedArrays) -> Breakdown:
    """Replay the steps in NumPy, the past's tree with them.

    Up to the one whose loss, new parameters or new state of a layer are infinite or NaN. An infinity that
    comes to nothing, such as one that is clipped, is passed by.
    """
    number, tree, losses = past.step, past.tree, []
    for program, rows in ((program, rows) for program, order in past.calls for rows in order):
        number += 1
        values = every_value(program, tree, {name: array[rows] for name, array in chunk.items()})
        fresh = {old: np.array(values[new]) for old, new in program.updates.items()}
        held = [value for value in held_by_model(program) if value in fresh]
        loss = values[program.outputs["loss"]]
        if not np.isfinite(loss).all() or not all(np.isfinite(fresh[value]).all() for value in held):
            return Breakdown(number, tree, losses, program, rows, values)
        losses.append(float(loss))
        for old, array in fresh.items():
            tree[old.name] = array
    return Breakdown(number, tree, losses)
