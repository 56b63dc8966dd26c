"""Short runs: a copy of a training goes on for some steps, on which checks base what they say."""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from chainrule.data import Arrays, batches, epoch_order
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.layer import building
from chainrule.nn.losses import Loss, MeanOfMembers
from chainrule.nn.losses.loss import PROBABILITIES, VALUES
from chainrule.program import Program, Trace, count
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.step import evaluated, initial_tree

_LEAST, _MOST = 5e9, 5e10
"""Floating-point operations of a short run: so many are cheap, at most some tenths of a second of one core;
and no run takes more, which are some seconds."""
_SHARE = 0.1  # of the planned steps, between the two
_OVERHEAD = 5e5  # floating-point operations that take as long as the calls around a step
MOST_STEPS = 10_000
FEWEST_STEPS = 100
"""A run that is shorter tells nothing, so that no check judges by one."""


def affordable(program: Program, planned: int | None) -> int:
    """How many steps of a program a short run may take: at most as many as are planned.

    It is decided by what a step computes, never by the clock, so that the same training is judged alike
    everywhere.
    """
    cost = count(program).flops + _OVERHEAD
    wanted = max(_LEAST, min(_MOST, _SHARE * cost * (planned or 0)))
    return min(int(wanted / cost), MOST_STEPS, MOST_STEPS if planned is None else planned)


class ShortRun:
    """A training that goes on for some steps, and of which nothing is kept.

    programs: of its recipe. arrays: what it trains on. rows: of a batch, or all where there are fewer. tree:
    the arrays of the model that it begins with, by name, copied; the optimizer's it makes anew. What is not
    finite is given as it is.
    """

    def __init__(
        self,
        programs: Programs,
        arrays: Arrays,
        rows: int,
        tree: Mapping[str, np.ndarray],
    ) -> None:
        recipe, rows = programs.recipe, min(rows, len(arrays))
        self.programs, self.arrays = programs, arrays
        step = programs.step(arrays, rows)
        compiled = programs.training(arrays, rows)
        self.program = compiled.program
        self._session = compiled.bind(initial_tree(recipe, step, tree))
        self._orders = _orders(recipe, len(arrays), rows)

    def advance(self, steps: int) -> np.ndarray:
        """Train for so many steps: the loss of each batch before its step, (steps,)."""
        order = np.stack(list(itertools.islice(self._orders, steps)))
        with np.errstate(all="ignore"):
            return self._session.run_many(self.arrays.named, order)["loss"].astype(np.float64)

    @property
    def tree(self) -> dict[str, np.ndarray]:
        """Parameters and state as they are now."""
        return self._session.read()

    def loss(self, arrays: Arrays) -> float:
        """The mean loss of other examples, as in prediction; NaN where there is none."""
        with np.errstate(all="ignore"):
            loss = self.programs.predict(self._evaluated(), arrays)[1]
        return float("nan") if loss is None else loss

    def outputs(self, arrays: Arrays) -> np.ndarray:
        """The raw outputs for other examples, of a model that has one output."""
        inputs = arrays.inputs
        with np.errstate(all="ignore"):
            said = self.programs.outputs(
                self._evaluated(),
                len(inputs),
                lambda rows: {name: array[rows] for name, array in inputs.named.items()},
                raw=True,
            )
        assert isinstance(said, np.ndarray)
        return said

    def _evaluated(self) -> dict[str, np.ndarray]:
        return evaluated(self.programs.recipe, self.program, self.tree)


def _orders(recipe: Recipe, examples: int, rows: int) -> Iterator[np.ndarray]:
    """The rows of every batch, epoch after epoch, without end."""
    for epoch in itertools.count(1):
        order = epoch_order(examples, rows, recipe.seed, epoch, shuffle=recipe.shuffle)
        yield from batches(order, rows)[0]


def constant_loss(loss: Loss, outputs_shape: tuple[int, ...], targets: np.ndarray) -> float | None:
    """The loss of outputs that are the same for every example, the best of such.

    outputs_shape: (examples, ...), as many as there are targets. None where it is not known, and where all
    targets are the same, so that no other outputs are better.
    """
    if (targets == targets[:1]).all():
        return None
    one, shape = loss.of_one(), outputs_shape
    if isinstance(loss, MeanOfMembers):
        shape = (shape[0], *shape[2:])
    best = [
        float(each_loss(one, np.broadcast_to(outputs, shape), targets).mean())
        for outputs in _constant_outputs(one, shape, targets)
    ]
    return min(best, default=None)


def each_loss(loss: Loss, outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The loss of every example: (examples,) float64."""
    given = {"outputs": outputs.astype(np.float64), "targets": targets}
    trace = Trace()
    values = {name: trace.input(name, array.shape, array.dtype.name) for name, array in given.items()}
    with building(trace, training=False, dtype="float64"):
        result = loss.each(values["outputs"], values["targets"])
    with np.errstate(all="ignore"):
        return compile_numpy(trace.program({"each": result})).run({}, given)["each"]


def _constant_outputs(loss: Loss, shape: tuple[int, ...], targets: np.ndarray) -> Iterator[np.ndarray]:
    """Raw outputs to choose the best from: (...) each, as of one example."""
    t = targets
    if t.dtype.kind in "iu" and t.size and t.max() >= shape[-1] > 1:  # such as void
        return
    if t.dtype.kind in "iu" and t.shape == shape[:-1] and loss.applies in ("softmax", "") and shape[-1] > 1:
        t = np.eye(shape[-1])[t]
    if t.shape != shape and (*t.shape, 1) != shape:
        return
    mean = t.reshape(shape).mean(0, dtype=np.float64)
    with np.errstate(divide="ignore"):
        if loss.takes == VALUES:
            yield mean
            yield np.median(t.reshape(shape), axis=0)
        elif loss.takes == PROBABILITIES:
            yield mean
        elif loss.applies == "softmax":
            yield np.maximum(np.log(mean), -20.0)
        elif loss.applies == "sigmoid":
            yield np.clip(np.log(mean) - np.log(1 - mean), -20.0, 20.0)
        elif loss.applies == "exp":
            yield np.maximum(np.log(mean), -20.0)
