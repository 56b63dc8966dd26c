"""The meaning of a loop over time: the oracle of each step of the body, over and over."""

from collections.abc import Callable, Mapping

import numpy as np

from chainrule.program import Program


def _interpret(
    oracle: Mapping[str, Callable[..., np.ndarray]], program: Program, arrays: list[np.ndarray]
) -> list[np.ndarray]:
    known = dict(zip(program.inputs, arrays, strict=True))
    for step in program.steps:
        result = oracle[step.operation](*[known[value] for value in step.inputs], **step.attributes)
        known[step.output] = np.asarray(result, step.output.dtype)
    return [known[value] for value in program.outputs.values()]


def scan_by(
    oracle: Mapping[str, Callable[..., np.ndarray]],
    *arrays: np.ndarray,
    body: Program,
    carries: int,
    sequences: int,
    stacked: int,
    length: int,
    reverse: bool,
) -> np.ndarray:
    """The vector: carries over time, what is stacked, what is summed."""
    carried, held = list(arrays[:carries]), list(arrays[carries + sequences :])
    over_time: dict[int, list[np.ndarray]] = {}
    for t in range(length)[:: -1 if reverse else 1]:
        elements = [each[t, ...] for each in arrays[carries : carries + sequences]]
        over_time[t] = _interpret(oracle, body, [*carried, *elements, *held])
        carried = over_time[t][:carries]
    parts = []
    for i, value in enumerate(body.outputs.values()):
        found = [over_time[t][i] for t in range(length)]
        parts += (
            [each.ravel() for each in found]
            if i < carries + stacked
            else [sum(found, np.zeros(value.shape)).ravel()]
        )
    return np.concatenate(parts) if parts else np.zeros(0)
