"""Different transforms for different parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, part
from chainrule.nn.settings import check_number, check_text
from chainrule.program import Tensor


@dataclass(frozen=True)
class Scale(Transform):
    """update ← factor · update; 0 freezes parameters, 0.1 makes them learn ten times slower."""

    factor: float

    def __post_init__(self) -> None:
        check_number(self, "factor", self.factor, at_least=0)

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Multiply every update."""
        return {name: self.factor * g for name, g in updates.items()}, {}


@dataclass(frozen=True)
class Partition(Transform):
    """update ← transform(update), for each parameter by the first group whose shell pattern matches its name.

    groups: (pattern, transform) pairs, such as (("encoder.*", Scale(0.1)), ("*bias", Scale(2.0))).
    otherwise: the transform of parameters that no pattern matches; None leaves their updates unchanged.
    It may stand anywhere in a chain, or be the whole optimizer. Names in the state of a group begin with its
    pattern, such as '[encoder.*].'; a group without parameters has no state.
    """

    groups: tuple[tuple[str, Transform], ...]
    otherwise: Transform | None = None

    def __post_init__(self) -> None:
        for group in self.groups:
            if not isinstance(group, tuple | list) or len(group) != 2 or not isinstance(group[1], Transform):
                raise ConfigError(
                    f"Partition: a group is {group!r}",
                    remedy="it must be a pattern and a transform, such as ('encoder.*', Scale(0.1))",
                )
            check_text(self, "a pattern", group[0])
        if not isinstance(self.otherwise, Transform | None):
            raise ConfigError(
                f"Partition: otherwise is {self.otherwise!r}", remedy="it must be a transform or None"
            )
        object.__setattr__(self, "groups", tuple((pattern, each) for pattern, each in self.groups))

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The states of all groups."""
        return {
            f"{group}.{name}": array
            for group, transform, own in self._parts(parameters)
            for name, array in transform.init(own).items()
        }

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """The updates of each group, by its transform."""
        return self._grouped(lambda each, *given: each.update(*given), updates, state, parameters)

    def update_at(self, loss: Tensor, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """`update`, with the loss for every transform."""
        return self._grouped(lambda each, *given: each.update_at(loss, *given), updates, state, parameters)

    def _grouped(
        self, step: Callable[..., Recorded], updates: Tensors, state: Tensors, parameters: Tensors
    ) -> Recorded:
        changed: dict[str, Tensor] = dict(updates)
        fresh: dict[str, Tensor] = {}
        for group, transform, own in self._parts(updates):
            held = {name: parameters[name] for name in own}
            scaled, kept = step(transform, own, part(state, f"{group}."), held)
            changed |= scaled
            fresh |= {f"{group}.{name}": tensor for name, tensor in kept.items()}
        return changed, fresh

    def observe(self, state: NamedArrays, monitored: float) -> dict[str, np.ndarray]:
        """The state after each transform's `observe`."""
        return {
            f"{group}.{name}": array
            for group, transform in self.named().items()
            if (own := part(state, f"{group}."))
            for name, array in transform.observe(own, monitored).items()
        }

    def observes(self) -> bool:
        """Whether any transform observes."""
        return any(transform.observes() for transform in self.named().values())

    def needs_all_examples(self) -> bool:
        """Whether any transform needs all examples."""
        return any(transform.needs_all_examples() for transform in self.named().values())

    def acts_by_rows(self, name: str) -> bool:
        """Whether the transform of this parameter acts by rows."""
        parts = self._parts({name: np.empty(0)})
        return all(transform.acts_by_rows(name) for _, transform, _ in parts)

    def gradient_point(self, gradients: Tensors, parameters: Tensors) -> dict[str, Tensor] | None:
        """The gradient point of each group, by its transform."""
        point: dict[str, Tensor] = {}
        for _, transform, own in self._parts(gradients):
            chosen = transform.gradient_point(own, {name: parameters[name] for name in own})
            point |= chosen or {}
        return dict(parameters) | point if point else None

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The parameters that each group's transform evaluates."""
        chosen = dict(parameters)
        for group, transform, own in self._parts(parameters):
            chosen |= transform.evaluated(part(state, f"{group}."), own)
        return chosen

    def named(self) -> dict[str, Transform]:
        """The transforms by the prefixes of their names in the state."""
        groups = {f"[{pattern}]": transform for pattern, transform in reversed(self.groups)}
        groups = dict(reversed(groups.items()))  # of equal patterns the first has all parameters
        return groups if self.otherwise is None else groups | {"otherwise": self.otherwise}

    def _parts(self, parameters: NamedArrays | Tensors) -> list[tuple[str, Transform, dict]]:
        """(name of the group, transform, entries of the group) of every group that has any."""
        owned: dict[str, dict] = {}
        for name, item in parameters.items():
            fitting = (f"[{pattern}]" for pattern, _ in self.groups if fnmatchcase(name, pattern))
            owned.setdefault(next(fitting, "otherwise"), {})[name] = item
        return [(group, each, owned[group]) for group, each in self.named().items() if group in owned]
