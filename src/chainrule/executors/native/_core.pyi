"""What native/module.cpp offers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KINDS: tuple[str, ...]
"""Of instructions, by their numbers; so are the other names."""
MICRO_OPS: tuple[str, ...]
"""Of tiles."""
TYPES: tuple[str, ...]
"""Of what tiles load and store. int64 is moved about, and read as int32 or a float."""
REDUCTIONS: tuple[str, ...]
CUTS: tuple[str, ...]
"""How a product is cut."""
MOTIONS: tuple[str, ...]
"""How a buffer of a loop's body moves."""

TILE_WORDS: int
"""Numbers of a register of a tile."""
MOST_AHEAD: int
"""Matrices that a product asks for ahead."""
MOST_TILE_SUMS: int
"""Of one tile."""
MOST_CHUNKS: int
"""Whose sums can be told apart."""
PRODUCT_PARTS: int
"""Of a product that is cut along its depth."""
MOST_LOOPS: int
"""Inside of each other."""
MOST_AXES: int
"""Of a value."""
MOST_TAPS: int
"""Of a convolution's window, channels included."""
WINOGRAD_POINTS: int
"""Products that a tile of outputs takes for each pair of channels."""

class Pool:
    """Worker threads, started once."""

    def __init__(self, threads: int) -> None: ...
    @property
    def threads(self) -> int: ...

class Core:
    """A checked list of instructions with its arena. Raises ValueError for a malformed list."""

    def __init__(
        self,
        instructions: Sequence[Sequence[int]],
        groups: Sequence[Sequence[int]],
        buffer_bytes: Sequence[int],
        locals: Sequence[Sequence[int]] = (),
        read_only: int = 0,
    ) -> None:
        """read_only: how many buffers after the arena no instruction may write to."""

    def run(
        self,
        read: Sequence[np.ndarray],
        written: Sequence[np.ndarray],
        step_bytes: Sequence[int],
        steps: int,
        pool: Pool,
    ) -> int:
        """Run steps; returns how many were done. read: the arrays of the buffers that are read only."""

    def profile(
        self,
        read: Sequence[np.ndarray],
        written: Sequence[np.ndarray],
        step_bytes: Sequence[int],
        steps: int,
        pool: Pool,
    ) -> list[int]:
        """Run steps; returns nanoseconds an instruction on thread 0."""

    @property
    def ready(self) -> list[str]:
        """Of each instruction, the name of the loop compiled ahead that runs it; else empty."""

def product(
    c: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32], ta: bool, tb: bool, level: int
) -> bool:
    """C = A B in blocks, on one of this machine's instruction sets; whether it has one: for its tests."""

def micro(
    operation: int,
    y: NDArray[np.floating],
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    c: NDArray[np.floating],
    level: int,
) -> None:
    """One micro operation over whole arrays, all float32 or all float64, on one of this machine's instruction
    sets: for its tests.
    """

def pool(
    operation: int,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    window: Sequence[int],
    stride: Sequence[int],
    before: Sequence[int],
    level: int,
) -> None:
    """Pooling of one image (max, its adjoint, average, its adjoint; the adjoints write to x), on one of this
    machine's instruction sets: for its tests.
    """

def winograd(
    operation: int,
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    result: NDArray[np.float32],
    before: Sequence[int],
    level: int,
) -> None:
    """A convolution by Winograd's filtering, on one of this machine's instruction sets: for its tests.

    0: of x by weights. 1: of d_y by transposed weights. 2: the derivative by the weights, of x and d_y.
    before: zeros before the first row and column of a.
    """

def levels() -> int:
    """How many instruction sets this machine can run, slowest first."""
