"""Transform, the base of optimizers: a pure function of updates and a flat state; and chains of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.part import Part, snake_case
from chainrule.program import NamedArrays, Tensor

Tensors = Mapping[str, Tensor]
Item = TypeVar("Item")
Recorded = tuple[dict[str, Tensor], dict[str, Tensor]]


@dataclass(frozen=True)
class Transform(Part, ABC):
    """Maps updates, at first the gradients, to new updates.

    The result of an optimizer's last transform is added to the parameters. A transform holds no data: its
    state is a flat mapping of arrays that the caller keeps.
    """

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The initial state, by names such as 'mean.dense_1.weight', for parameters by name."""
        return {}

    @abstractmethod
    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Record one step: (new updates by parameter name, new state with the same names as `init`)."""

    def update_at(self, loss: Tensor, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """`update` for a transform that also reads the loss; training calls it. By default `update`.

        loss: a scalar, with penalties, at the parameters.
        """
        return self.update(updates, state, parameters)

    def observe(self, state: NamedArrays, monitored: float) -> dict[str, np.ndarray]:
        """The state after an epoch. monitored: its validation loss."""
        return dict(state)

    def observes(self) -> bool:
        """Whether `observe` may change the state: True if the class defines it."""
        return type(self).observe is not Transform.observe

    def needs_all_examples(self) -> bool:
        """Whether every batch must hold all examples."""
        return False

    def acts_by_rows(self, name: str) -> bool:
        """Whether rows of the parameter of this name may be updated without the others.

        True where the update of a number depends on that number, its gradients and its state, and on single
        numbers for all, such as a norm or a count of steps.
        """
        return False

    def gradient_point(self, gradients: Tensors, parameters: Tensors) -> dict[str, Tensor] | None:
        """Other parameter values at which to compute the gradients for `update`; None for the parameters.

        gradients: those at the parameters. Such a point costs a second forward and backward pass.
        """
        return None

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The parameters to evaluate and store, such as averages; by default the parameters themselves."""
        return dict(parameters)


@dataclass(frozen=True)
class Chain(Transform):
    """update ← link_n(… link_1(g)).

    Names in the state of a link begin with its kind, such as 'scale_by_adam.', and 'scale_by_adam_2.' for a
    second link of that kind. So a state still belongs to its link when other links are put before it.
    """

    transforms: tuple[Transform, ...]

    def __post_init__(self) -> None:
        for transform in self.transforms:
            if not isinstance(transform, Transform):
                raise ConfigError(
                    f"chain got {transform!r}",
                    remedy="give it transforms, such as ClipByGlobalNorm(1.0) and adam()",
                )

    def links(self) -> dict[str, Transform]:
        """The transforms by the prefixes of their names in the state."""
        named: dict[str, Transform] = {}
        for transform in self.transforms:
            kind, number = snake_case(type(transform).__name__), 1
            link = kind
            while link in named:
                number += 1
                link = f"{kind}_{number}"
            named[link] = transform
        return named

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The initial states of all links."""
        return {
            f"{link}.{name}": array
            for link, transform in self.links().items()
            for name, array in transform.init(parameters).items()
        }

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """The updates after all links, each of which gets the result of the one before."""
        return self._through(lambda link, *given: link.update(*given), updates, state, parameters)

    def update_at(self, loss: Tensor, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """`update`, with the loss for every link."""
        return self._through(lambda link, *given: link.update_at(loss, *given), updates, state, parameters)

    def _through(
        self, step: Callable[..., Recorded], updates: Tensors, state: Tensors, parameters: Tensors
    ) -> Recorded:
        updates, fresh = dict(updates), {}
        for link, transform in self.links().items():
            updates, own = step(transform, updates, part(state, f"{link}."), parameters)
            fresh.update({f"{link}.{name}": tensor for name, tensor in own.items()})
        return updates, fresh

    def observe(self, state: NamedArrays, monitored: float) -> dict[str, np.ndarray]:
        """The state after each link's `observe`."""
        return {
            f"{link}.{name}": array
            for link, transform in self.links().items()
            for name, array in transform.observe(part(state, f"{link}."), monitored).items()
        }

    def observes(self) -> bool:
        """Whether any link observes."""
        return any(transform.observes() for transform in self.transforms)

    def needs_all_examples(self) -> bool:
        """Whether any link needs all examples."""
        return any(transform.needs_all_examples() for transform in self.transforms)

    def acts_by_rows(self, name: str) -> bool:
        """Whether all links act by rows."""
        return all(transform.acts_by_rows(name) for transform in self.transforms)

    def gradient_point(self, gradients: Tensors, parameters: Tensors) -> dict[str, Tensor] | None:
        """The gradient point of the first link that has one."""
        points = (each.gradient_point(gradients, parameters) for each in self.transforms)
        return next((point for point in points if point is not None), None)

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The parameters to evaluate, passed through every link."""
        chosen = dict(parameters)
        for link, transform in self.links().items():
            chosen = transform.evaluated(part(state, f"{link}."), chosen)
        return chosen


def chain(*transforms: Transform) -> Chain:
    """A Chain of transforms, such as chain(ClipByGlobalNorm(1.0), adam()); chains within are flattened."""
    flat: list[Transform] = []
    for transform in transforms:
        flat.extend(transform.transforms if isinstance(transform, Chain) else (transform,))
    return Chain(tuple(flat))


def part(state: Mapping[str, Item], prefix: str) -> dict[str, Item]:
    """The entries whose name begins with the prefix, under their names without it."""
    return {name.removeprefix(prefix): item for name, item in state.items() if name.startswith(prefix)}


def dtype_of(parameters: Mapping[str, np.ndarray] | Tensors) -> str:
    """The dtype of the first parameter, float32 if there is none: scalars of the optimizer have it."""
    for parameter in parameters.values():
        return str(parameter.dtype)
    return "float32"


def filled_for(parameters: NamedArrays, kind: str, value: float = 0.0) -> dict[str, np.ndarray]:
    """An array for each parameter, filled with value, under the names kind.parameter."""
    # Memory of zeros costs nothing until it is written; that of other numbers is filled here and now.
    make = np.zeros if value == 0 else partial(np.full, fill_value=value)
    return {f"{kind}.{name}": make(array.shape, dtype=array.dtype) for name, array in parameters.items()}
