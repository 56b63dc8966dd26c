"""Penalties on the size of parameters, added to the loss."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from chainrule.nn.settings import check_number, check_text
from chainrule.program import Tensor
from chainrule.program import functions as f


def matching(pattern: str, names: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries whose name fits a shell pattern such as '*weight' or 'dense_1.*', case and all."""
    return {name: tensor for name, tensor in names.items() if fnmatchcase(name, pattern)}


@dataclass(frozen=True)
class Penalty(ABC):
    """A term of the loss that depends on the parameters alone."""

    @abstractmethod
    def __call__(self, parameters: Mapping[str, Tensor]) -> Tensor | None:
        """The penalty, a scalar of the parameters' dtype; None if no parameter matches.

        parameters: by name, such as 'dense_1.weight'.
        """


@dataclass(frozen=True)
class L1(Penalty):
    """strength Σ|w|: pushes weights to exactly 0 (Tibshirani 1996, the lasso).

    strength: at least 0. on: which parameters, a shell pattern on names. The derivative at 0 is 0.
    """

    strength: float
    on: str = "*weight"

    def __post_init__(self) -> None:
        check_number(self, "strength", self.strength, at_least=0)
        check_text(self, "on", self.on)

    def __call__(self, parameters: Mapping[str, Tensor]) -> Tensor | None:
        return _total([abs(w).sum() for w in matching(self.on, parameters).values()], self.strength)


@dataclass(frozen=True)
class L2(Penalty):
    """strength/2 Σ w², so that the gradient is strength · w (Krogh and Hertz 1992).

    Libraries that leave the ½ out need twice our strength. strength: at least 0. on: which parameters, a
    shell pattern on names.
    """

    strength: float
    on: str = "*weight"

    def __post_init__(self) -> None:
        check_number(self, "strength", self.strength, at_least=0)
        check_text(self, "on", self.on)

    def __call__(self, parameters: Mapping[str, Tensor]) -> Tensor | None:
        return _total([f.dot(w, w) for w in matching(self.on, parameters).values()], self.strength / 2)


def _total(terms: Sequence[Tensor], factor: float) -> Tensor | None:
    if not terms:
        return None
    first, *others = terms
    for other in others:
        first = first + other.cast(first.dtype)
    return factor * first
