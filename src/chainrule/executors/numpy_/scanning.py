"""Loops over time: the body runs as a program of its own."""

import math

import numpy as np

from chainrule.executors.contract import Compiled
from chainrule.program.operations.scanning import Scan


def scan(*arrays: np.ndarray, body: Compiled, **attributes: object) -> np.ndarray:
    """One call of the body for each element, its outputs written where they belong in the vector."""
    of = Scan.of({"body": body.program, **attributes})
    names = [value.name for value in of.body.inputs]
    shapes, over_time = of.shapes(), of.carries + of.stacked
    dtype = next(iter(of.body.outputs.values())).dtype
    y = np.zeros(sum(math.prod(shape) for shape in shapes), dtype)
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    pieces = [y[end - math.prod(shape) : end].reshape(shape) for end, shape in zip(ends, shapes, strict=True)]
    carries = list(arrays[: of.carries])
    sequences, constants = arrays[of.carries :][: of.sequences], arrays[of.carries + of.sequences :]
    for t in reversed(range(of.length)) if of.reverse else range(of.length):
        given = [*carries, *[each[t, ...] for each in sequences], *constants]
        outputs = list(body.run({}, dict(zip(names, given, strict=True))).values())
        carries = outputs[: of.carries]
        for piece, output in zip(pieces[:over_time], outputs[:over_time], strict=True):
            piece[t] = output
        for piece, output in zip(pieces[over_time:], outputs[over_time:], strict=True):
            piece += output
    return y
