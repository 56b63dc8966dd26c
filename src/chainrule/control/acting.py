"""Programs beside the training step: how an objective acts, by one call of the executor for all worlds."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from chainrule.executors import usable_executor
from chainrule.nn.layer import RANDOM_KEY, Building, building
from chainrule.program import Tensor, Trace
from chainrule.training.objective import Objective
from chainrule.training.step import TrainingStep

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Acting(Objective, ABC):
    """An objective whose networks choose actions."""

    @abstractmethod
    def decide(self, x: Tensor) -> Tensor:
        """The best known action for observations as the environment shows them, without chance.

        x: float32 (batch, features) -> int32 (batch,), or float32 (batch, numbers).
        """


def program_of(
    objective: Objective,
    shapes: Mapping[str, tuple[int, ...]],
    record: Callable[[Tensors, Building], Tensors],
    *,
    training: bool,
) -> TrainingStep:
    """A program of an objective's layers, whose parameters are named as in its training step.

    shapes: of the inputs, float32, by name. record: (inputs, building) -> outputs by name. training: whether
    state such as running means changes.
    """
    trace = Trace()
    inputs = {name: trace.input(name, shape, "float32") for name, shape in shapes.items()}
    with building(trace, training=training) as built, built.holding(objective.layers()):
        outputs = record(inputs, built)
    return TrainingStep(trace.program(outputs, built.updates), built.initializers)


def first_states(step: TrainingStep, tree: Mapping[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """The first values of a program's state that the tree does not have yet."""
    new: dict[str, np.ndarray] = {}
    for value in step.program.state:
        if value.name in tree:
            continue
        if value.name == RANDOM_KEY:
            new[value.name] = np.array([(seed ^ (seed >> 32)) & 0xFFFFFFFF, 0], np.uint32)
        else:
            key = np.array([seed, crc32(value.name.encode())], np.uint64)
            generator = np.random.Generator(np.random.Philox(key=key))
            new[value.name] = step.initializers[value.name](value.shape, generator, value.dtype)
    return new


class Player:
    """Decides for rows of observations, with the weights of a tree as they are at each call.

    rows, features: of the observations that come at once.
    """

    def __init__(
        self, objective: Acting, tree: Mapping[str, np.ndarray], rows: int, features: int, executor: str
    ) -> None:
        step = program_of(
            objective,
            {"x": (rows, features)},
            lambda inputs, built: {"action": objective.decide(inputs["x"])},
            training=False,
        )
        self._compiled = usable_executor(executor)[0].compile(step.program)
        self._tree = dict(tree)

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """The actions, int32 (rows,) or float32 (rows, numbers)."""
        return self._compiled.run(self._tree, {"x": observations})["action"]
