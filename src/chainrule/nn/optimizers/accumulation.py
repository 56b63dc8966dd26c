"""Several batches for one step of the optimizer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, filled_for, part
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Accumulate(Transform):
    """g ← mean of the gradients of `every` batches, with which the optimizer then makes one step.

    So batches of 32 with every = 4 train as batches of 128 do, in the memory of 32. Between steps parameters
    do not change. Every batch has the same weight, even a smaller last one; the sum is carried on into the
    next epoch. A learning-rate schedule counts the optimizer's steps.
    optimizer: a transform, such as adam(). every: at least 1.
    """

    optimizer: Transform
    every: int

    def __post_init__(self) -> None:
        if not isinstance(self.optimizer, Transform):
            raise ConfigError(
                f"Accumulate: optimizer is {self.optimizer!r}",
                remedy="it must be a transform, such as adam()",
            )
        check_whole(self, "every", self.every)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """A sum of 0, and the optimizer's own state under 'optimizer.'."""
        own = {f"optimizer.{name}": array for name, array in self.optimizer.init(parameters).items()}
        return {"count": np.zeros((), "int32"), **filled_for(parameters, "sum"), **own}

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Add the gradients; after `every` of them, make the optimizer's step."""
        return self._added(self.optimizer.update, updates, state, parameters)

    def update_at(self, loss: Tensor, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """`update`, with the loss of the last batch for the optimizer."""
        return self._added(partial(self.optimizer.update_at, loss), updates, state, parameters)

    def _added(
        self, step: Callable[..., Recorded], updates: Tensors, state: Tensors, parameters: Tensors
    ) -> Recorded:
        count = state["count"] + 1
        enough = f.equal(count, self.every)
        sums = {name: state[f"sum.{name}"] + g for name, g in updates.items()}
        means = {name: total / self.every for name, total in sums.items()}
        before = part(state, "optimizer.")
        moved, after = step(means, before, parameters)
        fresh: dict[str, Tensor] = {"count": f.where(enough, 0, count)}
        fresh |= {f"sum.{name}": f.where(enough, 0.0, total) for name, total in sums.items()}
        fresh |= {f"optimizer.{name}": f.where(enough, after[name], old) for name, old in before.items()}
        return {name: f.where(enough, u, 0.0) for name, u in moved.items()}, fresh

    def observe(self, state: NamedArrays, monitored: float) -> dict[str, np.ndarray]:
        """The state after the optimizer's `observe`."""
        own = self.optimizer.observe(part(state, "optimizer."), monitored)
        return {**state, **{f"optimizer.{name}": array for name, array in own.items()}}

    def observes(self) -> bool:
        """Whether the optimizer observes."""
        return self.optimizer.observes()

    def needs_all_examples(self) -> bool:
        """Whether the optimizer needs all examples."""
        return self.optimizer.needs_all_examples()

    def gradient_point(self, gradients: Tensors, parameters: Tensors) -> dict[str, Tensor] | None:
        """The optimizer's gradient point, for each batch."""
        return self.optimizer.gradient_point(gradients, parameters)

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The parameters that the optimizer evaluates."""
        return self.optimizer.evaluated(part(state, "optimizer."), parameters)
