"""Policies: layers that say how likely each action is, and draw one."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from chainrule.control.spaces import Actions, Choices
from chainrule.nn import Dense, Initializer, Layer, constant, orthogonal
from chainrule.nn.activations import check_activation
from chainrule.nn.layer import Building
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f

_LOG_TWO_PI = math.log(2 * math.pi)
_INSIDE = 1 - 1e-6


@dataclass(frozen=True)
class Tower(Layer):
    """y = W_n activation(… activation(W_1 x + b_1) …) + b_n, orthogonal weights.

    hidden: widths of the hidden layers, each at least 1; none is a linear function. units: width of the
    output. gain: scale of the last weights, above 0; those before have √2 (Andrychowicz et al. 2021).
    x: float (batch, features) -> (batch, units).
    """

    units: int
    hidden: tuple[int, ...] = (64, 64)
    activation: str = "tanh"
    gain: float = 1.0

    def __post_init__(self) -> None:
        check_whole(self, "units", self.units)
        for width in self.hidden:
            check_whole(self, "hidden", width)
        check_activation("Tower", self.activation)
        check_number(self, "gain", self.gain, above=0)

    def __call__(self, x: Tensor) -> Tensor:
        for width in self.hidden:
            x = Dense(width, self.activation, weight=orthogonal(math.sqrt(2.0)))(x)
        return Dense(self.units, weight=orthogonal(self.gain))(x)


@dataclass(frozen=True)
class Policy(Layer, ABC):
    """A distribution over actions for each observation.

    Calling it gives the numbers that say the distribution, (batch, numbers), which the other methods take.
    """

    @abstractmethod
    def log_probability(self, said: Tensor, action: Tensor) -> Tensor:
        """log π(action), (batch,)."""

    @abstractmethod
    def entropy(self, said: Tensor) -> Tensor:
        """-Σ π log π, or the integral of it, (batch,)."""

    @abstractmethod
    def drawn(self, said: Tensor, built: Building) -> Tensor:
        """An action drawn for each row, by random bits of the program."""

    @abstractmethod
    def likeliest(self, said: Tensor) -> Tensor:
        """The likeliest action of each row."""


@dataclass(frozen=True)
class CategoricalPolicy(Policy):
    """π(a) = softmax(tower(x))_a, of the actions 0 … actions - 1.

    actions: int32 (batch,). hidden, activation: of the `Tower`.
    """

    actions: int
    hidden: tuple[int, ...] = (64, 64)
    activation: str = "tanh"

    def __post_init__(self) -> None:
        check_whole(self, "actions", self.actions)

    def __call__(self, x: Tensor) -> Tensor:
        return f.log_softmax(Tower(self.actions, self.hidden, self.activation, 0.01)(x))

    def log_probability(self, said: Tensor, action: Tensor) -> Tensor:
        """The logarithm of the action's probability."""
        return (said * f.one_hot(action, self.actions)).sum(-1)

    def entropy(self, said: Tensor) -> Tensor:
        """-Σ π log π."""
        return -(f.exp(said) * said).sum(-1)

    def drawn(self, said: Tensor, built: Building) -> Tensor:
        """The argument of the largest log π + g, g of Gumbel's distribution (Gumbel 1954)."""
        # Halves of 2⁻³² of the draws: none is 0 or 1, whose logarithms are infinite.
        share = f.minimum(built.random_bits(said.shape).cast(said.dtype) * 2.0**-32 + 2.0**-33, 1 - 2.0**-24)
        return f.argmax(said - f.log(-f.log(share)), -1)

    def likeliest(self, said: Tensor) -> Tensor:
        """The most probable one."""
        return f.argmax(said, -1)


@dataclass(frozen=True)
class GaussianPolicy(Policy):
    """π(a) = N(a; tower(x), diag σ²), with σ of its own for each number of an action, the same everywhere.

    actions: how many numbers make an action; float32 (batch, actions). log_deviation: log σ at the start.
    hidden, activation: of the `Tower`.
    """

    actions: int
    hidden: tuple[int, ...] = (64, 64)
    activation: str = "tanh"
    log_deviation: float = 0.0

    def __post_init__(self) -> None:
        check_whole(self, "actions", self.actions)
        check_number(self, "log_deviation", self.log_deviation)

    def __call__(self, x: Tensor) -> Tensor:
        mean = Tower(self.actions, self.hidden, self.activation, 0.01)(x)
        start: Initializer = constant(self.log_deviation)
        log_deviation = self.param("log_deviation", (self.actions,), start, x.dtype)
        return f.concatenate([mean, f.broadcast_to(log_deviation, mean.shape)], -1)

    def log_probability(self, said: Tensor, action: Tensor) -> Tensor:
        """The logarithm of the density."""
        mean, log_deviation = self._parts(said)
        z = (action - mean) * f.exp(-log_deviation)
        return (-0.5 * z * z - log_deviation - 0.5 * _LOG_TWO_PI).sum(-1)

    def entropy(self, said: Tensor) -> Tensor:
        """Σ log σ + ½ log 2πe."""
        _, log_deviation = self._parts(said)
        return (log_deviation + 0.5 * (1.0 + _LOG_TWO_PI)).sum(-1)

    def drawn(self, said: Tensor, built: Building) -> Tensor:
        """The mean and σ times a standard normal number."""
        mean, log_deviation = self._parts(said)
        return mean + f.exp(log_deviation) * standard_normal(mean, built)

    def likeliest(self, said: Tensor) -> Tensor:
        """The mean."""
        return self._parts(said)[0]

    def _parts(self, said: Tensor) -> tuple[Tensor, Tensor]:
        return said[:, : self.actions], said[:, self.actions :]


@dataclass(frozen=True)
class SquashedGaussianPolicy(Policy):
    """a = tanh u, u ~ N(μ(x), diag σ(x)²): every number of an action within -1 … 1.

    actions: how many numbers make an action; float32 (batch, actions). hidden, activation: of the `Tower`,
    which says μ and log σ; log σ is kept within -20 … 2, as in the code of its authors.
    Haarnoja et al. 2018, appendix C.
    """

    actions: int
    hidden: tuple[int, ...] = (256, 256)
    activation: str = "relu"

    def __post_init__(self) -> None:
        check_whole(self, "actions", self.actions)

    def __call__(self, x: Tensor) -> Tensor:
        said = Tower(2 * self.actions, self.hidden, self.activation, 0.01)(x)
        mean, log_deviation = said[:, : self.actions], said[:, self.actions :]
        return f.concatenate([mean, f.minimum(f.maximum(log_deviation, -20.0), 2.0)], -1)

    def log_probability(self, said: Tensor, action: Tensor) -> Tensor:
        """The logarithm of the density; of an action at a bound, of the nearest one within."""
        near = f.minimum(f.maximum(action, -_INSIDE), _INSIDE)
        return self._density(said, 0.5 * (f.log(1.0 + near) - f.log(1.0 - near)))

    def entropy(self, said: Tensor) -> Tensor:
        """Of u, before it is squashed: Σ log σ + ½ log 2πe. That of tanh u has no closed form."""
        return (said[:, self.actions :] + 0.5 * (1.0 + _LOG_TWO_PI)).sum(-1)

    def drawn(self, said: Tensor, built: Building) -> Tensor:
        """tanh of the mean and σ times a standard normal number."""
        return f.tanh(self._before(said, built))

    def drawn_with_log(self, said: Tensor, built: Building) -> tuple[Tensor, Tensor]:
        """(actions, their log π), both differentiable by μ and σ: a = tanh(μ + σ ε), equation 8."""
        before = self._before(said, built)
        return f.tanh(before), self._density(said, before)

    def likeliest(self, said: Tensor) -> Tensor:
        """tanh of the mean."""
        return f.tanh(said[:, : self.actions])

    def _before(self, said: Tensor, built: Building) -> Tensor:
        mean, log_deviation = said[:, : self.actions], said[:, self.actions :]
        return mean + f.exp(log_deviation) * standard_normal(mean, built)

    def _density(self, said: Tensor, before: Tensor) -> Tensor:
        """log N(u) - Σ log(1 - tanh² u), equation 26, whose second part is 2 (log 2 - u - log(1 + e^-2u))."""
        mean, log_deviation = said[:, : self.actions], said[:, self.actions :]
        z = (before - mean) * f.exp(-log_deviation)
        squashing = 2.0 * (math.log(2.0) - before - f.softplus(-2.0 * before))
        return (-0.5 * z * z - log_deviation - 0.5 * _LOG_TWO_PI - squashing).sum(-1)


def standard_normal(like: Tensor, built: Building) -> Tensor:
    """Numbers of N(0, 1) in the shape of another Tensor, by the transform of Box and Muller (1958)."""
    first, second = (built.random_bits(like.shape).cast(like.dtype) * 2.0**-32 + 2.0**-33 for _ in range(2))
    return f.sqrt(-2.0 * f.log(first)) * f.cos(2.0 * math.pi * second)


def policy_for(
    actions: Actions, hidden: tuple[int, ...], activation: str, log_deviation: float = 0.0
) -> Policy:
    """The policy for actions of a kind."""
    if isinstance(actions, Choices):
        return CategoricalPolicy(actions.count, hidden, activation)
    return GaussianPolicy(actions.count, hidden, activation, log_deviation)
