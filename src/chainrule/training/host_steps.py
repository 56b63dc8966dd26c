"""Training steps that are solved on the host: programs evaluate all examples, the optimizer does the rest."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from chainrule.errors import ConfigError
from chainrule.executors import Compiled, Session
from chainrule.executors.contract import Tree
from chainrule.nn import L2
from chainrule.nn.optimizers.on_host import HostTransform, Normal
from chainrule.program import NamedArrays, Program, bytes_text
from chainrule.training.recipe import Recipe
from chainrule.training.residuals import SCALE, residual_programs, width_of
from chainrule.training.state import OPTIMIZER
from chainrule.training.step import Batch

_BLOCK_BYTES = 1 << 23
"""Of the derivatives of a block of rows: about what the cache holds."""
_MATRICES = 3
"""Of parameters × parameters at a time: the sum over blocks, that of a block or a factor, one in between."""


class HostStep:
    """A training step that a HostTransform solves, for all rows in blocks. See `Compiled` for the contract.

    recorded: the step as a program, which measures loss and probes, and changes nothing. compile_program:
    makes programs ready. Raises ConfigError where the optimizer does not suit the recipe, or the memory.
    """

    def __init__(
        self,
        recipe: Recipe,
        batch: Batch,
        recorded: Compiled,
        compile_program: Callable[[Program], Compiled],
    ) -> None:
        if not isinstance(recipe.optimizer, HostTransform):
            raise TypeError(f"{type(recipe.optimizer).__name__} is recorded whole")
        self.program = recorded.program
        self.recorded = recorded
        self.recipe = recipe
        self.optimizer = recipe.optimizer
        self.names = [value.name for value in self.program.parameters]
        shapes = {value.name: value.shape for value in self.program.parameters}
        self.decay = _decay(recipe, self.optimizer, shapes)
        count = len(self.decay)
        _refuse_too_large(type(recipe.optimizer).__name__, count)
        self.width = width_of(recipe, batch)
        fitting = max(1, _BLOCK_BYTES // (8 * max(1, count * self.width)))
        self.rows = math.ceil(batch.rows / math.ceil(batch.rows / fitting))
        programs = residual_programs(recipe, batch, self.rows)
        self.squares, self.normal = compile_program(programs.squares), compile_program(programs.normal)

    def run(self, tree: Tree, inputs: NamedArrays) -> dict[str, np.ndarray]:
        """One step on a tree in NumPy."""
        session = self.bind(tree)
        every = np.arange(len(next(iter(inputs.values()))))
        results = session.run_many(inputs, every[None])
        for name, array in session.read().items():
            tree[name][...] = array
        return {name: stacked[0] for name, stacked in results.items()}

    def bind(self, tree: Tree | Session) -> "HostStepSession":
        """A session on this tree."""
        held = tree.inner if isinstance(tree, HostStepSession) else tree
        return HostStepSession(self, self.recorded.bind(held))


class HostStepSession:
    """A session whose steps the optimizer solves. inner: of the recorded program, which holds the tree."""

    def __init__(self, step: HostStep, inner: Session) -> None:
        self.inner = inner
        self._step = step

    def read(self, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """Arrays of the tree."""
        return self.inner.read(names)

    def write(self, arrays: NamedArrays) -> None:
        """Overwrite arrays of the tree."""
        self.inner.write(arrays)

    def run_many(self, arrays: NamedArrays, order: np.ndarray) -> dict[str, np.ndarray]:
        """One step for each row of order, which has all examples. Probes measure before the last one."""
        step, told, losses = self._step, {}, []
        watches = set(step.program.outputs) != {"loss"}
        for number in range(len(order)):
            if watches and number == len(order) - 1:
                told = self.inner.run_many(arrays, order[-1:])
            tree = self.inner.read()
            problem = Blocks(step, tree, _visited(arrays, order[number]))
            state = {n.removeprefix(OPTIMIZER): a for n, a in tree.items() if n.startswith(OPTIMIZER)}
            solved = step.optimizer.solve(problem, state)
            losses.append(solved.loss)
            fresh = problem.named(solved.point)
            self.inner.write(fresh | {OPTIMIZER + name: array for name, array in solved.state.items()})
            if watches:
                told |= {f"{name} optimizer": np.array([number_]) for name, number_ in solved.told.items()}
        dtype = step.recipe.dtype
        return {**{n: np.repeat(a, len(order), 0) for n, a in told.items()}, "loss": np.array(losses, dtype)}


def _visited(arrays: NamedArrays, order: np.ndarray) -> NamedArrays:
    """The rows in order, sorted: a chunk of a source may hold others, too."""
    if len(order) == len(next(iter(arrays.values()))):
        return arrays
    rows = np.sort(order)
    return {name: array[rows] for name, array in arrays.items()}


class Blocks:
    """The loss of all rows, block by block. See `LeastSquares`.

    tree: parameters and state. arrays: all rows by the names of `Arrays`.
    """

    def __init__(self, step: HostStep, tree: NamedArrays, arrays: NamedArrays) -> None:
        self._step, self._tree = step, dict(tree)
        self.start = np.concatenate([np.ravel(tree[name]).astype(np.float64) for name in step.names])
        self.decay = step.decay
        count = len(next(iter(arrays.values())))
        weight = arrays.get("weight")
        total = float(count if weight is None else weight.sum())
        self.residuals = max(1, round(total * step.width))
        dtype = step.recipe.dtype
        each = np.full(count, 1.0 / total) if weight is None else weight.astype(np.float64) / (total or 1.0)
        self._scale = np.sqrt(each).astype(dtype)
        self._arrays = {name: array for name, array in arrays.items() if name != "weight"}

    def named(self, point: np.ndarray) -> dict[str, np.ndarray]:
        """The parameters by name."""
        named, first = {}, 0
        for name in self._step.names:
            like = self._tree[name]
            named[name] = point[first : first + like.size].reshape(like.shape).astype(like.dtype)
            first += like.size
        return named

    def loss(self, point: np.ndarray) -> float:
        """Σ r² at a point."""
        tree = self._tree | self.named(point)
        return sum(float(self._step.squares.run(tree, block)["loss"]) for block in self._blocks())

    def normal(self, point: np.ndarray) -> Normal:
        """The normal equations at a point, summed over the blocks in float64."""
        tree, count = self._tree | self.named(point), len(point)
        loss, slope, matrix = 0.0, np.zeros(count), np.zeros((count, count))
        for block in self._blocks():
            found = self._step.normal.run(tree, block)
            loss += float(found["loss"])
            slope += found["slope"]
            matrix += found["matrix"]
        return Normal(loss, slope, matrix)

    def _blocks(self) -> Iterator[dict[str, np.ndarray]]:
        """The rows of each block; the last one is filled up with rows that weigh nothing."""
        rows, count = self._step.rows, len(self._scale)
        for first in range(0, count, rows):
            block = {name: array[first : first + rows] for name, array in self._arrays.items()}
            block[SCALE] = self._scale[first : first + rows]
            missing = first + rows - count
            if missing > 0:
                block = {name: np.concatenate([a, np.repeat(a[:1], missing, 0)]) for name, a in block.items()}
                block[SCALE][-missing:] = 0
            yield block


def _decay(recipe: Recipe, optimizer: HostTransform, shapes: Mapping[str, tuple[int, ...]]) -> np.ndarray:
    """The strength of the L2 penalties on every parameter. Raises ConfigError for other penalties."""
    parts = {name: np.zeros(math.prod(shape)) for name, shape in shapes.items()}
    for penalty in recipe.penalties:
        if not isinstance(penalty, L2) or not optimizer.takes_decay:
            raise ConfigError(
                f"{type(optimizer).__name__} does not take the penalty {type(penalty).__name__}",
                remedy="leave it out, or give an nn.L2, whose squares join those of the loss"
                if optimizer.takes_decay
                else "leave it out: it chooses its own",
            )
        for name, part in parts.items():
            part += penalty.strength * fnmatchcase(name, penalty.on)
    return np.concatenate([*parts.values(), np.zeros(0)])


def _refuse_too_large(method: str, count: int) -> None:
    needed, free = _MATRICES * 8 * count * count, _free_memory()
    if needed > free:
        raise ConfigError(
            f"{method} needs {bytes_text(needed)} for the normal equations of {count:,} parameters, and "
            f"{bytes_text(free)} of memory are free",
            remedy="use fewer units, or nn.ScaledConjugateGradient(), which needs some vectors alone",
        )


def _free_memory() -> int:
    """Bytes that could be had, as far as the system says."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # not Linux
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 62
