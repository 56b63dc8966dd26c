"""The compiled programs of a run, made when first needed, one for each shape of batch."""

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from chainrule.data import Arrays, Structure, belonging, nested
from chainrule.executors import Compiled, usable_executor
from chainrule.nn.optimizers.on_host import HostTransform
from chainrule.program import Program, digest_of
from chainrule.training.host_steps import HostStep
from chainrule.training.probes import Probe
from chainrule.training.recipe import Recipe
from chainrule.training.step import (
    Batch,
    TrainingStep,
    curvature_program,
    prediction_program,
    training_step,
)

PREDICTION_ROWS = 512
"""Rows that are predicted at a time, at most."""
_FEWEST_ROWS, _MOST_BYTES = 16, 1 << 26
"""Fewer are where the largest value of a forward pass would be larger, but not fewer than so many."""
BLOCK_ROWS = 32 * PREDICTION_ROWS
"""Rows that are made ready to be predicted at a time."""
ESTIMATED_ROWS = 64
"""Fewer rows are filled up to so many where a prediction must not hang on their number: products of few rows
add in another order."""
_MOST_KEPT = 64
_Made = TypeVar("_Made")


class Programs:
    """Training steps and forward passes of a recipe, compiled by one executor and cached by shape.

    executor: its name in EXECUTORS. fallback: the reason why NumPy replaces it; '' if it does not.

    They hold no weights, so they serve any number of runs with the same objective, optimizer, penalties and
    dtype, and any number of threads at once. The oldest are discarded when there are many.
    """

    def __init__(self, recipe: Recipe, executor: str) -> None:
        self.recipe = recipe
        self.executor = executor
        usable, self.fallback = usable_executor(executor)
        self._compile = usable.compile
        self._kept: dict[Hashable, Any] = {}  # of training
        self._forward: dict[Hashable, Any] = {}  # of the objective alone
        self._compiled = _Compiled()
        self._is_other = False

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy compiles anew: what is compiled belongs to this process."""
        return Programs, (self.recipe, self.executor)

    @cached_property
    def whole(self) -> bool:
        """Whether the model looks up whole numbers among its inputs."""
        return self.recipe.objective.takes_whole_numbers()

    def by(self, recipe: Recipe) -> "Programs":
        """Those of another recipe: what is the same for both is recorded, or at least compiled, only once."""
        others = Programs(recipe, self.executor)
        if recipe.objective is self.recipe.objective and recipe.dtype == self.recipe.dtype:
            others._forward = self._forward
        others._compiled, others._is_other = self._compiled, True
        return others

    def compile(self, program: Program) -> Compiled:
        """A program ready to run; of equal ones, such as with other initial weights, the first."""
        found = self._compiled.like(program) if self._is_other else None
        if found is None:
            found = self._compile(program)
            self._compiled.add(found)
        return found

    def kept(self, key: Hashable, make: Callable[[], _Made], *, forward: bool = False) -> _Made:
        """The cached object of this key, made now if it is missing.

        forward: whether it hangs on the objective alone.
        """
        cache = self._forward if forward else self._kept
        found = cache.get(key)
        if found is None:
            # Without a lock, which a fork could leave locked: threads that come at once each make it.
            found = cache.setdefault(key, make())
            for old in list(cache)[:-_MOST_KEPT]:
                cache.pop(old, None)
        return found

    def step(self, arrays: Arrays, rows: int, *, watch: tuple[Probe, ...] = ()) -> TrainingStep:
        """The training step for batches of this many rows, as it was recorded."""
        key = ("step", watch, *_kind(arrays, rows))
        return self.kept(key, lambda: training_step(self.recipe, Batch.of(arrays, rows), watch=watch))

    def training(self, arrays: Arrays, rows: int, *, watch: tuple[Probe, ...] = ()) -> Compiled:
        """The training step for batches of this many rows."""
        key = ("training", watch, *_kind(arrays, rows))
        return self.kept(key, lambda: self._training(arrays, rows, watch))

    def _training(self, arrays: Arrays, rows: int, watch: tuple[Probe, ...]) -> Compiled:
        recorded = self.compile(self.step(arrays, rows, watch=watch).program)
        if isinstance(self.recipe.optimizer, HostTransform):
            return HostStep(self.recipe, Batch.of(arrays, rows), recorded, self.compile)
        return recorded

    def forward(self, arrays: Arrays, rows: int, *, raw: bool) -> Program:
        """The forward pass for batches of this many rows, as it was recorded."""
        key = ("forward", raw, *_kind(arrays, rows))
        return self.kept(
            key, lambda: prediction_program(self.recipe, Batch.of(arrays, rows), raw=raw), forward=True
        )

    def rows_at_once(self, arrays: Arrays) -> int:
        """How many rows like these are predicted at a time: a power of two, fewer where they are large."""
        return self.kept(
            ("rows", *_kind(arrays, 1)),
            lambda: _rows_of(self.forward(arrays.inputs, 1, raw=True)),
            forward=True,
        )

    def prediction(self, arrays: Arrays, rows: int, *, raw: bool = False) -> Compiled:
        """The forward pass for batches of this many rows."""
        key = ("prediction", raw, *_kind(arrays, rows))
        return self.kept(key, lambda: self.compile(self.forward(arrays, rows, raw=raw)), forward=True)

    def measuring(self, arrays: Arrays, rows: int) -> Compiled:
        """The forward pass with its loss, for batches of this many rows."""
        key = ("measuring", *_kind(arrays, rows))
        return self.kept(
            key,
            lambda: self.compile(prediction_program(self.recipe, Batch.of(arrays, rows), measured=True)),
            forward=True,
        )

    def curvature(self, arrays: Arrays, rows: int) -> Compiled:
        """The loss with its gradient and a product of its Hessian, for batches of this many rows."""
        key = ("curvature", *_kind(arrays, rows))
        return self.kept(key, lambda: self.compile(curvature_program(self.recipe, Batch.of(arrays, rows))))

    def predict(self, tree: Mapping[str, np.ndarray], arrays: Arrays) -> tuple[Structure, float | None]:
        """Predictions for all rows, and their mean loss; None where the targets that it needs are missing."""
        predictions: dict[str, np.ndarray] = {}
        losses, counts = [], []
        measured = arrays.y is not None or not self.recipe.objective.needs_targets
        compile_for = self.measuring if measured else self.prediction
        at_once = self.rows_at_once(arrays)
        for start in range(0, len(arrays), at_once):
            part = arrays.take(slice(start, start + at_once))
            results = compile_for(part, len(part)).run(dict(tree), part.named)
            for name, predicted in belonging("prediction", results).items():
                predictions[name] = _placed(predictions.get(name), predicted, start, len(arrays))
            if "loss" in results:
                losses.append(float(results["loss"]))
                counts.append(float(len(part) if part.weight is None else part.weight.sum()))
        with np.errstate(invalid="ignore"):  # of losses that are not finite, neither is their mean
            loss = float(np.average(losses, weights=counts)) if losses and sum(counts) > 0 else None
        return nested("prediction", predictions), loss

    def outputs(
        self,
        tree: Mapping[str, np.ndarray],
        rows: int,
        block: Callable[[slice], Mapping[str, np.ndarray]],
        *,
        raw: bool = False,
        least: int = 1,
        then: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Structure:
        """Predictions for rows that are prepared block by block, so that few are in memory at once.

        rows: their number, at least one. block: returns the inputs of some rows by name, as the model takes
        them, at most BLOCK_ROWS at a time. raw: the outputs of the model, not its predictions. then: applied
        to each output, row by row; None for nothing.
        The last rows of a block are padded by repetition to a power of two, at least `least`, so that tables
        of any length need few programs.
        """
        whole: dict[str, np.ndarray] = {}
        held = dict(tree)
        for first in range(0, rows, BLOCK_ROWS):
            given = block(slice(first, min(first + BLOCK_ROWS, rows)))
            end = min(BLOCK_ROWS, rows - first)
            at_once = self.rows_at_once(Arrays(given))
            fewest = min(least, at_once)
            for start in range(0, end, at_once):
                count = min(at_once, end - start)
                filled = {
                    name: _filled(array[start : start + count], fewest) for name, array in given.items()
                }
                arrays = Arrays(filled)
                results = self.prediction(arrays, len(arrays), raw=raw).run(held, filled)
                for name, outputs in results.items():
                    predicted = outputs[:count] if then is None else then(outputs[:count])
                    whole[name] = _placed(whole.get(name), predicted, first + start, rows)
        return nested("prediction", whole)


class _Compiled:
    """What was compiled for recipes that differ in a few settings. The oldest are discarded."""

    def __init__(self) -> None:
        self._known: dict[bytes, Compiled] = {}
        self._new: list[Compiled] = []  # without a digest, which takes a while: nobody may ask for it

    def add(self, compiled: Compiled) -> None:
        """Keep it."""
        self._new.append(compiled)
        del self._new[:-_MOST_KEPT]

    def like(self, program: Program) -> Compiled | None:
        """What was compiled of an equal program."""
        new, self._new = self._new, []
        for each in new:
            self._known.setdefault(digest_of(each.program), each)
        for old in list(self._known)[:-_MOST_KEPT]:
            self._known.pop(old, None)
        return self._known.get(digest_of(program))


def _rows_of(one: Program) -> int:
    """As many rows as keep every value small. one: the forward pass of a row."""
    largest = max((step.output.nbytes for step in one.steps), default=0)
    rows = PREDICTION_ROWS
    while rows > _FEWEST_ROWS and rows * largest > _MOST_BYTES:
        rows //= 2
    return rows


def _placed(whole: np.ndarray | None, part: np.ndarray, start: int, rows: int) -> np.ndarray:
    """The array of all rows with those of a part in their place; the part itself where it is all there is."""
    if len(part) == rows:
        return part
    if whole is None:
        whole = np.empty((rows, *part.shape[1:]), part.dtype)
    whole[start : start + len(part)] = part
    return whole


def _kind(arrays: Arrays, rows: int) -> tuple[Any, ...]:
    """What `Batch.of` says, as a key that takes no time to make."""
    return (rows, *((name, array.shape[1:], array.dtype) for name, array in arrays.named.items()))


def _filled(part: np.ndarray, least: int) -> np.ndarray:
    rows = len(part)
    wanted = max(least, 1 << (rows - 1).bit_length())
    if wanted == rows:
        return part
    filled = np.empty((wanted, *part.shape[1:]), part.dtype)
    filled[:rows], filled[rows:] = part, part[-1]
    return filled
