"""An objective for differential equations: the squares of residuals on sets of points."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chainrule.errors import ChainruleError, ConfigError, ShapeError
from chainrule.nn import Filled, Layer
from chainrule.nn.layer import current_building
from chainrule.nn.part import Part
from chainrule.nn.results import check_tensor
from chainrule.nn.settings import check_number, check_text
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training import Objective, Recorded, Run, load_run
from chainrule.training.objective import Tensors

Field = Callable[[Tensor], Tensor]
"""The network: points, (rows, n), to its values there, (rows, outputs)."""


@dataclass(frozen=True)
class Term(Part, ABC):
    """What is to be 0 at the points of a set. Subclasses are frozen dataclasses with `residual`.

    on: the name of the set. weight: of its squares in the loss, above 0.
    """

    on: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_text(self, "on", self.on)
        check_number(self, "weight", self.weight, above=0)

    @abstractmethod
    def residual(self, u: Field, x: Tensor, unknown: Mapping[str, Tensor]) -> Tensor:
        """(rows,), of the points x, (rows, n). unknown: coefficients that are trained along, by name."""


@dataclass(frozen=True)
class Fixed(Term):
    """u = value, the condition of Dirichlet; output: which of the network's outputs u is."""

    value: float = 0.0
    output: int = 0

    def residual(self, u: Field, x: Tensor, unknown: Mapping[str, Tensor]) -> Tensor:
        """u - value."""
        return u(x)[:, self.output] - self.value


@dataclass(frozen=True)
class Measured(Term):
    """u = y, measured at the points: the targets of this name, (rows, outputs)."""

    def residual(self, u: Field, x: Tensor, unknown: Mapping[str, Tensor]) -> Tensor:
        """Raises ChainruleError: `Equations` compares with the targets."""
        raise ChainruleError("Measured has no residual without targets")


@dataclass(frozen=True)
class Unknowns(Layer):
    """Numbers that are trained along, such as the coefficient of an equation: name -> Tensor of shape ().

    names: of the parameters. start: of each, its first value.
    """

    names: tuple[str, ...] = ()
    start: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.names) != len(self.start):
            raise ConfigError(
                f"Unknowns got {len(self.names)} names and {len(self.start)} first values",
                remedy="give a first value for each name",
            )

    def __call__(self) -> Mapping[str, Tensor]:
        dtype = current_building(self).dtype
        return {
            name: self.param(name, (), Filled(value), dtype)
            for name, value in zip(self.names, self.start, strict=True)
        }


@dataclass(frozen=True)
class Equations(Objective):
    """Σ weight · mean residual² over the terms, of a network u (Raissi et al. 2019).

    model: u, (rows, n) -> (rows, outputs); at least twice differentiable where terms have second derivatives,
    so with 'tanh', 'sin' or 'swish' rather than 'relu'. terms: at least one. unknowns: coefficients to find;
    their parameters are 'unknowns.<name>'.
    Data: x is a mapping of the sets of points, (rows, n) each and as many rows in all, see `matched`; for
    `Measured` terms y is a mapping of the values. `Run.predict` gives u at the points of each set given.
    It is a sum of squares, as nn.LevenbergMarquardt needs. Raises ConfigError for wrong terms.
    """

    model: Layer
    terms: tuple[Term, ...]
    unknowns: Unknowns = Unknowns()

    def __post_init__(self) -> None:
        if not self.terms or not all(isinstance(term, Term) for term in self.terms):
            raise ConfigError(
                f"Equations: terms are {self.terms!r}",
                remedy="give one or more terms, frozen dataclasses derived from science.Term",
            )

    def residuals(self, inputs: Tensors) -> Tensor:
        """(rows, terms), each times the root of its weight."""
        unknown = self.unknowns() if self.unknowns.names else {}
        found = []
        for term in self.terms:
            owner = type(term).__name__
            x = inputs.get(f"x.{term.on}")
            if x is None:
                raise ConfigError(
                    f"{owner} is on the points {term.on!r}, and the data have {_sets(inputs)}",
                    remedy="give the points of each term under its name",
                )
            with current_building(self).trace.at(layer=term.on, label=owner):
                if isinstance(term, Measured):
                    apart = self.model(x) - inputs[f"y.{term.on}"]
                    for column in range(apart.shape[1]):
                        found.append(apart[:, column] * term.weight**0.5)
                    continue
                residual = term.residual(self.model, x, unknown)
                check_tensor(owner, "its residual", residual)
                if residual.shape != x.shape[:1]:
                    raise ShapeError(
                        f"{owner}: its residual has shape {residual.shape}, for points of shape {x.shape}",
                        remedy="return one number for each point, such as u(x)[:, 0]",
                    )
                found.append(residual * term.weight**0.5)
        return f.stack(found, 1)

    def record(self, inputs: Tensors) -> Recorded:
        """The loss; the outputs are u at the points."""
        found = self.residuals(inputs)
        return Recorded((found * found).sum(1).mean(), self.forward(inputs))

    def forward(self, inputs: Tensors) -> dict[str, Tensor]:
        """u at the points of each set."""
        return {name[2:]: self.model(x) for name, x in inputs.items() if name.startswith("x.")}


def load(folder: Path | str, classes: Sequence[type] = ()) -> Run:
    """The run of `Equations` that `Run.save` wrote. classes: your own terms and layers that occur in it."""
    return load_run(folder, (Equations, Fixed, Measured, Unknowns, *classes))


def _sets(inputs: Tensors) -> str:
    return ", ".join(repr(name[2:]) for name in inputs if name.startswith("x.")) or "one array without a name"
