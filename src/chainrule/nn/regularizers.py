"""Penalties on parameters and on the outputs of layers, added to the loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.part import Part
from chainrule.nn.settings import check_choice, check_number, check_text
from chainrule.program import Tensor
from chainrule.program import functions as f


def matching(pattern: str, names: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries whose name matches a shell pattern such as '*weight' or 'dense_1.*'; case matters."""
    return {name: tensor for name, tensor in names.items() if fnmatchcase(name, pattern)}


@dataclass(frozen=True)
class Penalty(Part):
    """A term of the loss that does not depend on the targets: of parameters, or of outputs of layers."""

    def __call__(self, parameters: Mapping[str, Tensor]) -> Tensor | None:
        """The penalty on parameters, a scalar of their dtype; None if none matches.

        parameters: by name, such as 'dense_1.weight'.
        """
        return None

    def of_outputs(self, outputs: Mapping[str, Tensor]) -> Tensor | None:
        """The penalty on the outputs of layers, a scalar of their dtype; None if none matches.

        outputs: of the innermost layers, by path, such as 'dense_1': (batch, ...).
        """
        return None


@dataclass(frozen=True)
class L1(Penalty):
    """strength Σ |w|: makes weights exactly or nearly 0 (Tibshirani 1996, the lasso).

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

    For the same penalty, libraries without the ½ need half our strength. strength: at least 0. on: which
    parameters, a shell pattern on names.
    """

    strength: float
    on: str = "*weight"

    def __post_init__(self) -> None:
        check_number(self, "strength", self.strength, at_least=0)
        check_text(self, "on", self.on)

    def __call__(self, parameters: Mapping[str, Tensor]) -> Tensor | None:
        return _total([f.dot(w, w) for w in matching(self.on, parameters).values()], self.strength / 2)


@dataclass(frozen=True)
class ElasticNet(Penalty):
    """strength · (share Σ |w| + (1 - share)/2 Σ w²): L1 and L2 together (Zou and Hastie 2005).

    The parts are weighed as in scikit-learn's ElasticNet, whose l1_ratio is the share. strength: at least 0.
    share: from 0 to 1. on: which parameters, a shell pattern on names. The derivative of |w| at 0 is 0.
    """

    strength: float
    share: float = 0.5
    on: str = "*weight"

    def __post_init__(self) -> None:
        check_number(self, "strength", self.strength, at_least=0)
        check_number(self, "share", self.share, at_least=0, at_most=1)
        check_text(self, "on", self.on)

    def __call__(self, parameters: Mapping[str, Tensor]) -> Tensor | None:
        chosen = matching(self.on, parameters).values()
        terms = [self.share * abs(w).sum() + (1 - self.share) / 2 * f.dot(w, w) for w in chosen]
        return _total(terms, self.strength)


@dataclass(frozen=True)
class GroupLasso(Penalty):
    """strength Σ √n ‖w‖ over groups of n weights: whole groups become nearly 0 (Yuan and Lin 2006).

    of: 'inputs', a group has all that one input gives to the layer, so that inputs of the first layer are
    selected (Scardapane et al. 2017); 'outputs', all that one unit gets. Taps of a convolution's window are
    in the group of their channel. Parameters of fewer than two axes have no penalty.
    strength: at least 0. on: which parameters, a shell pattern on names. The derivative of a group of zeros
    is 0.
    """

    strength: float
    of: str = "inputs"
    on: str = "*weight"

    def __post_init__(self) -> None:
        check_number(self, "strength", self.strength, at_least=0)
        check_choice(self, "of", self.of, ("inputs", "outputs"))
        check_text(self, "on", self.on)

    def __call__(self, parameters: Mapping[str, Tensor]) -> Tensor | None:
        chosen = [w for w in matching(self.on, parameters).values() if w.ndim > 1 and w.size]
        return _total([self._lengths(w) for w in chosen], self.strength)

    def _lengths(self, w: Tensor) -> Tensor:
        kept = w.ndim - (2 if self.of == "inputs" else 1)
        squares = (w * w).sum([axis for axis in range(w.ndim) if axis != kept])
        zero = f.equal(squares, 0.0)
        lengths = f.where(zero, 0.0, f.sqrt(f.where(zero, 1.0, squares)))
        return lengths.sum() * (w.size / w.shape[kept]) ** 0.5


@dataclass(frozen=True)
class Orthogonality(Penalty):
    """strength Σ (WᵀW - I)², which makes the columns of W orthonormal; with W Wᵀ if W is wider than high.

    Soft orthogonality (Brock et al. 2017; Bansal, Chen and Wang 2018). The smaller of the two products is
    taken, since the larger can't be I. A kernel (..., inputs, outputs) is one matrix with a column per
    output; parameters of fewer than two axes have no penalty. strength: at least 0. on: which parameters, a
    shell pattern on names.
    """

    strength: float
    on: str = "*weight"

    def __post_init__(self) -> None:
        check_number(self, "strength", self.strength, at_least=0)
        check_text(self, "on", self.on)

    def __call__(self, parameters: Mapping[str, Tensor]) -> Tensor | None:
        matrices = [w for w in matching(self.on, parameters).values() if w.ndim > 1 and w.size]
        return _total([_departure(w.reshape(-1, w.shape[-1])) for w in matrices], self.strength)


@dataclass(frozen=True)
class Activity(Penalty):
    """strength · mean over the examples of Σ |h|^power / power, over the outputs h of layers.

    Power 1 makes outputs sparse (Glorot, Bordes and Bengio 2011), power 2 makes them small (with ½, as in
    L2). Divided by the batch size, as in Keras. strength: at least 0. power: 1 or 2.
    on: which layers, a shell pattern on their paths, such as 'dense_1'; of the innermost layers only.
    """

    strength: float
    power: int = 1
    on: str = "*"

    def __post_init__(self) -> None:
        check_number(self, "strength", self.strength, at_least=0)
        if self.power not in (1, 2):
            raise ConfigError(f"Activity: power is {self.power!r}", remedy="it must be 1 or 2")
        check_text(self, "on", self.on)

    def of_outputs(self, outputs: Mapping[str, Tensor]) -> Tensor | None:
        """The penalty on the outputs of the layers whose paths match."""
        chosen = [h for h in matching(self.on, outputs).values() if h.size]
        sums = [abs(h).sum() if self.power == 1 else 0.5 * f.dot(h, h) for h in chosen]
        return _total([total / h.shape[0] for total, h in zip(sums, chosen, strict=True)], self.strength)


def _departure(w: Tensor) -> Tensor:
    """Σ (WᵀW - I)², or of W Wᵀ, whichever is smaller."""
    rows, columns = w.shape
    product = w.transpose() @ w if columns <= rows else w @ w.transpose()
    away = product - np.eye(min(rows, columns), dtype=w.dtype)
    return f.dot(away, away)


def _total(terms: Sequence[Tensor], factor: float) -> Tensor | None:
    if not terms:
        return None
    first, *others = terms
    for other in others:
        first = first + other.cast(first.dtype)
    return factor * first
