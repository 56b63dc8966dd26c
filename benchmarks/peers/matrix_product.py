"""What the machine can do at best: a 2048³ float32 matrix product by NumPy."""

import numpy as np

from benchmarks.problem import Problem

SIZE = 2048
FLOPS = 2 * SIZE**3


class MatrixProduct:
    """See `Peer`; a run is one product."""

    note = f"{SIZE}³"
    steps_per_run = 1

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self._a, self._b = (random.standard_normal((SIZE, SIZE), np.float32) for _ in range(2))
        self._c = np.empty_like(self._a)

    def begin(self) -> None:
        """One product."""
        self.run(0)

    def reset(self) -> None:
        """Nothing to do."""

    def losses(self, epoch: int) -> np.ndarray:
        """There are none."""
        return np.zeros(0)

    def run(self, epoch: int) -> None:
        """One product."""
        np.matmul(self._a, self._b, out=self._c)


def build(problem: Problem, variant: str) -> MatrixProduct:
    """The problem does not matter."""
    return MatrixProduct()


def version() -> str:
    """The library and its version."""
    return f"NumPy {np.__version__}"
