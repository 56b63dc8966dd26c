"""Where Winograd's filtering pays: beside windows multiplied as they are, by shape and operation.

    python -m benchmarks.convolutions

Takes a minute; nothing else should run meanwhile. One thread, windows of 3×3, zeros around the images.
The costs in `executors/native/convolution.py` come from such tables. '!' marks a choice of the planner that
takes more than a tenth longer than the other way.
"""

import time
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from benchmarks.machine import processor
from chainrule.executors.native import _core
from chainrule.executors.native.convolution import derivative_by_input, winograd_pays

SIDES = (4, 7, 8, 13, 16, 32)
CHANNELS = ((4, 8), (8, 16), (16, 16), (32, 64), (64, 64), (128, 256))
BATCHES = (1, 64)
REPETITIONS, SECONDS = 5, 0.04
X, WEIGHT, Y, FILTERS = range(1, 5)
"""Numbers of the buffers; 0 is the arena."""

Sizes = tuple[int, ...]


def sizes_of(batch: int, side: int, inputs: int, outputs: int) -> Sizes:
    """What the core is told of such a convolution."""
    return (batch, side, side, inputs, 3, 3, outputs, 1, 1, 1, 1, 1, 1, 1, side, side)


def both_ways(sizes: Sizes) -> Mapping[str, tuple[list[list[int]], list[list[int]]]]:
    """Operation -> the instructions without and with Winograd."""
    back = derivative_by_input(sizes)

    def row(kind: str, numbers: Sequence[int], *buffers: int) -> list[int]:
        return [_core.KINDS.index(kind), *numbers, *(word for buffer in buffers for word in (buffer, 0))]

    return {
        "forward": (
            [row("convolution", sizes, X, WEIGHT, Y)],
            [row("winograd_filters", (*sizes, 0), WEIGHT, FILTERS), row("winograd", sizes, X, FILTERS, Y)],
        ),
        "by input": (
            [row("convolution_input_adjoint", sizes, Y, WEIGHT, X)],
            [row("winograd_filters", (*back, 1), WEIGHT, FILTERS), row("winograd", back, Y, FILTERS, X)],
        ),
        "by weight": (
            [row("convolution_weight_adjoint", (*sizes, 0, 1), X, Y, WEIGHT)],
            [row("winograd_weight_adjoint", (*sizes, 0, 1), X, Y, WEIGHT)],
        ),
    }


def microseconds(instructions: Sequence[Sequence[int]], numbers: Sequence[int]) -> float:
    """The fastest of some runs; numbers: of each buffer after the arena."""
    groups = [[int(i > 0), 1, i, 1] for i in range(len(instructions))]
    core = _core.Core(instructions, groups, [0, *(4 * n for n in numbers)])
    random = np.random.default_rng(0)
    arrays = [random.normal(size=n).astype(np.float32) for n in numbers]
    pool, best = _core.Pool(1), float("inf")
    for _ in range(REPETITIONS):
        runs, start = 0, time.perf_counter()
        while runs == 0 or time.perf_counter() - start < SECONDS / REPETITIONS:
            core.run([], arrays, [0] * len(arrays), 1, pool)
            runs += 1
        best = min(best, (time.perf_counter() - start) / runs)
    return best * 1e6


def main() -> None:
    """Measure and print."""
    print(f"{processor()}, one thread, µs\n")
    print(f"{'batch':>5} {'side':>4} {'in':>4} {'out':>4}  operation      direct   Winograd  chosen")
    for batch, side, (inputs, outputs) in product(BATCHES, SIDES, CHANNELS):
        sizes = sizes_of(batch, side, inputs, outputs)
        places, pairs = batch * side * side, inputs * outputs
        numbers = [places * inputs, 9 * pairs, places * outputs, _core.WINOGRAD_POINTS * pairs]
        for operation, (direct, winograd) in both_ways(sizes).items():
            times = microseconds(direct, numbers), microseconds(winograd, numbers)
            seen = derivative_by_input(sizes) if operation == "by input" else sizes
            chosen = int(winograd_pays(seen))
            wrong = "!" if times[chosen] > 1.1 * times[1 - chosen] else ""
            print(
                f"{batch:5} {side:4} {inputs:4} {outputs:4}  {operation:10} {times[0]:10.1f} {times[1]:10.1f}"
                f"  {('direct', 'Winograd')[chosen]} {wrong}"
            )


if __name__ == "__main__":
    main()
