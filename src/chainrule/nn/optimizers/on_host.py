"""Methods that solve on the host between steps: what they ask of the training, and what they are."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform


@dataclass(frozen=True, eq=False)
class Normal:
    """The squares of all examples near a point: the loss at θ + d is about loss + 2 slope · d + d · matrix d.

    loss: Σ r², the mean loss of the examples without penalties. slope: Jᵀ r, (parameters,). matrix: JᵀJ,
    (parameters, parameters), J the derivatives of r. All float64; the caller may overwrite them.
    """

    loss: float
    slope: np.ndarray
    matrix: np.ndarray


class LeastSquares(Protocol):
    """The loss of all examples as a sum of squares, a function of all parameters in one vector.

    start: the present parameters, (parameters,) float64. decay: the strength of an L2 penalty on each of
    them, (parameters,), so that the whole is Σ r² + ½ Σ decay θ². residuals: the number of r.
    """

    start: np.ndarray
    decay: np.ndarray
    residuals: int

    def loss(self, point: np.ndarray) -> float:
        """Σ r² at a point."""
        ...

    def normal(self, point: np.ndarray) -> Normal:
        """The normal equations at a point."""
        ...


@dataclass(frozen=True, eq=False)
class Solved:
    """What a step on the host gives.

    point: the new parameters, (parameters,). state: by the names of `init`. loss: Σ r² before the step.
    told: numbers for the record of the epoch, by name.
    """

    point: np.ndarray
    state: Mapping[str, np.ndarray]
    loss: float
    told: Mapping[str, float]


@dataclass(frozen=True)
class HostTransform(Transform):
    """A whole optimizer whose step is solved on the host, between programs that evaluate all examples.

    Subclasses define `init` and `solve`. It has no links beside it: neither in a chain nor for a part of the
    parameters. takes_decay: whether L2 penalties join the squares.
    """

    takes_decay: ClassVar[bool] = True

    def needs_all_examples(self) -> bool:
        """True: a step evaluates all of them, perhaps several times."""
        return True

    @abstractmethod
    def solve(self, problem: LeastSquares, state: NamedArrays) -> Solved:
        """One step from problem.start. Raises ChainruleError where there is none to make."""

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Raises ConfigError: this step is not recorded."""
        name = type(self).__name__
        raise ConfigError(
            f"{name} is a whole optimizer, and stands within another",
            remedy=f"give nn.{name}() by itself",
        )
