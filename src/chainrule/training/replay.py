"""Replays the latest steps value by value, to find where a number stops being finite."""

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
    step, the arrays and their rows, (steps, batch), of each call since.
    """

    step: int
    tree: dict[str, np.ndarray]
    loss_sum: float = 0.0
    calls: list[tuple[Program, NamedArrays, np.ndarray]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Breakdown:
    """The step at which a number stopped being finite.

    step: its number, from 1. tree: what it was before that step, all finite. losses: of the steps replayed
    before it. program, arrays, rows, values: of that step: what ran, what its batch was gathered from, the
    rows of it, and every value; None where the steps, replayed in NumPy, did not break.
    """

    step: int
    tree: dict[str, np.ndarray]
    losses: list[float]
    program: Program | None = None
    arrays: NamedArrays = field(default_factory=dict)
    rows: np.ndarray | None = None
    values: Mapping[Value, np.ndarray] = field(default_factory=dict)


def replayed(past: Past) -> Breakdown:
    """Replay the steps in NumPy, the past's tree with them.

    Up to the one whose loss, new parameters or new state of a layer are infinite or NaN. An infinity that
    comes to nothing, such as one that is clipped, is passed by.
    """
    number, tree, losses = past.step, past.tree, []
    for program, arrays, rows in ((p, arrays, rows) for p, arrays, order in past.calls for rows in order):
        number += 1
        values = every_value(program, tree, {name: array[rows] for name, array in arrays.items()})
        fresh = {old: np.array(values[new]) for old, new in program.updates.items()}
        held = [value for value in held_by_model(program) if value in fresh]
        loss = values[program.outputs["loss"]]
        if not np.isfinite(loss).all() or not all(np.isfinite(fresh[value]).all() for value in held):
            return Breakdown(number, tree, losses, program, arrays, rows, values)
        losses.append(float(loss))
        for old, array in fresh.items():
            tree[old.name] = array
    return Breakdown(number, tree, losses)
