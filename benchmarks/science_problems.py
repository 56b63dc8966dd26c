"""Five differential equations with known solutions, as networks learn them.

Conditions at boundaries and beginnings hold exactly: the network's output is multiplied by what is 0 there
(Lagaris et al. 1998). All but the inverse problem are of one field u of two columns.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from chainrule import nn, science
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.science.equations import Field

PI = np.pi
VISCOSITY = 0.01 / PI
_DIFFUSIVITY = 0.4
_WAVES = 4
_NODES = 200
"""Of Gauss and Hermite's quadrature."""


@dataclass(frozen=True)
class OnSquare(nn.Layer):
    """u = N (x - low) (high - x) (y - low) (high - y): 0 on the edge of a square."""

    inner: nn.Layer
    low: float = 0.0

    def __call__(self, x: Tensor) -> Tensor:
        a, b = x[:, :1], x[:, 1:2]
        return (a - self.low) * (1.0 - a) * (b - self.low) * (1.0 - b) * self.inner(x)


@dataclass(frozen=True)
class FromSine(nn.Layer):
    """u = sign sin πx + t (x - low) (1 - x) N, of (t, x): 0 at both ends, and a sine at the beginning."""

    inner: nn.Layer
    low: float
    sign: float

    def __call__(self, x: Tensor) -> Tensor:
        t, place = x[:, :1], x[:, 1:2]
        edge = t * (place - self.low) * (1.0 - place)
        return edge * self.inner(x) + self.sign * f.sin(PI * place)


@dataclass(frozen=True)
class Poisson(science.Term):
    """Δu = -2 π² sin πx sin πy."""

    def residual(self, u: Field, x: Tensor, unknown: Mapping[str, Tensor]) -> Tensor:
        force = 2 * PI**2 * f.sin(PI * x[:, 0]) * f.sin(PI * x[:, 1])
        return science.laplacian(u(x)[:, 0], x) + force


@dataclass(frozen=True)
class Helmholtz(science.Term):
    """Δu + u = q, with q of u = sin πx sin 4πy (Wang, Teng and Perdikaris 2021)."""

    def residual(self, u: Field, x: Tensor, unknown: Mapping[str, Tensor]) -> Tensor:
        value = u(x)[:, 0]
        q = (1 - (1 + _WAVES**2) * PI**2) * f.sin(PI * x[:, 0]) * f.sin(_WAVES * PI * x[:, 1])
        return science.laplacian(value, x) + value - q


@dataclass(frozen=True)
class Heat(science.Term):
    """u_t = 0.4 u_xx."""

    def residual(self, u: Field, x: Tensor, unknown: Mapping[str, Tensor]) -> Tensor:
        value = u(x)[:, 0]
        return science.gradient(value, x)[:, 0] - _DIFFUSIVITY * science.laplacian(value, x, axes=[1])


@dataclass(frozen=True)
class Burgers(science.Term):
    """u_t + u u_x = ν u_xx; ν = 0.01/π, or e to the unknown 'log'."""

    def residual(self, u: Field, x: Tensor, unknown: Mapping[str, Tensor]) -> Tensor:
        value = u(x)[:, 0]
        slopes = science.gradient(value, x)
        viscosity = f.exp(unknown["log"]) if unknown else VISCOSITY
        return slopes[:, 0] + value * slopes[:, 1] - viscosity * science.laplacian(value, x, axes=[1])


def burgers(points: np.ndarray) -> np.ndarray:
    """(rows,): u at (t, x), by Cole and Hopf's transformation with Gauss and Hermite's quadrature.

    Basdevant et al. 1986, equation 2.6; exponents are taken less their greatest, so that none overflows.
    """
    t, x = points.T
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    places = x[:, None] - np.sqrt(4 * VISCOSITY * t)[:, None] * nodes
    exponents = -np.cos(PI * places) / (2 * PI * VISCOSITY)
    shares = weights * np.exp(exponents - exponents.max(1, keepdims=True))
    return -(np.sin(PI * places) * shares).sum(1) / shares.sum(1)


def waves(across: int, up: int) -> Callable[[np.ndarray], np.ndarray]:
    """sin(across π x) sin(up π y)."""
    return lambda points: np.sin(across * PI * points[:, 0]) * np.sin(up * PI * points[:, 1])


def cooled(points: np.ndarray) -> np.ndarray:
    """The solution of `Heat` from sin πx."""
    return np.exp(-_DIFFUSIVITY * PI**2 * points[:, 0]) * np.sin(PI * points[:, 1])


@dataclass(frozen=True)
class Problem:
    """An equation, its network, and how it is solved.

    box: the columns' ranges. wrap: a network -> u, with its conditions. exact: u at points. target: the
    relative error to reach, of u, or of the coefficient where `measured` values of u are given for it.
    widths: of the hidden layers. rows: points of a draw; every: steps between draws, 0 for one draw.
    start: the first value of the coefficient.
    """

    box: science.Box
    term: science.Term
    wrap: Callable[[nn.Layer], nn.Layer]
    exact: Callable[[np.ndarray], np.ndarray]
    target: float
    widths: tuple[int, ...] = (20, 20)
    rows: int = 1024
    every: int = 0
    measured: int = 0
    start: float = 0.02

    def inside(self, seed: int) -> np.ndarray:
        """(rows, 2): points of the box."""
        return self.box.inside(self.rows, seed=seed)

    def network(self) -> nn.Layer:
        """u: (rows, 2) -> (rows, 1)."""
        init = nn.glorot_normal()
        hidden = [nn.Dense(width, "tanh", weight=init) for width in self.widths]
        return self.wrap(nn.Sequential([*hidden, nn.Dense(1, weight=init)]))

    def grid(self) -> np.ndarray:
        """Points at which errors are measured, the same for all seeds."""
        return self.box.grid(101, 201)


def plain(network: nn.Layer) -> nn.Layer:
    """Without conditions."""
    return network


_LINE = science.Box((0, -1), (1, 1))
_UNIT = science.Box((0, 0), (1, 1))

PROBLEMS: Mapping[str, Problem] = {
    "poisson": Problem(_UNIT, Poisson("inside"), OnSquare, waves(1, 1), 1e-4),
    "heat": Problem(_UNIT, Heat("inside"), lambda net: FromSine(net, 0.0, 1.0), cooled, 1e-4),
    "helmholtz": Problem(
        science.Box((-1, -1), (1, 1)),
        Helmholtz("inside"),
        lambda net: OnSquare(net, -1.0),
        waves(1, _WAVES),
        1e-3,
    ),
    "burgers": Problem(
        _LINE,
        Burgers("inside"),
        lambda net: FromSine(net, -1.0, -1.0),
        burgers,
        1e-3,
        (20, 20, 20),
        rows=2048,
        every=1,
    ),
    "inverse burgers": Problem(
        _LINE, Burgers("inside"), plain, burgers, 0.01, (20, 20, 20), rows=2048, measured=2000
    ),
}
"""By name."""
