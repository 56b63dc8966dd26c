"""Observations and rewards brought to a usual size, by running means and variances."""

from dataclasses import dataclass

from chainrule.nn import Layer, constant, zeros
from chainrule.nn.initializers import ones
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f

EPSILON = 1e-8
_FIRST_COUNT = 1e-4


@dataclass(frozen=True)
class RunningNormalization(Layer):
    """y = min(max((x - μ) / √(σ² + 10⁻⁸), -limit), limit), μ and σ² of all rows seen in training so far.

    The rows of a call count before they are normalized, and merge with those before by the formula of Chan,
    Golub and LeVeque (1979). As in stable-baselines3, it starts with 10⁻⁴ rows of mean 0 and variance 1.
    limit: above 0. x: float (batch, features) -> the same shape.
    """

    limit: float = 10.0

    def __post_init__(self) -> None:
        check_number(self, "limit", self.limit, above=0)

    def __call__(self, x: Tensor) -> Tensor:
        mean = self.state("mean", x.shape[1:], zeros, x.dtype)
        variance = self.state("variance", x.shape[1:], ones, x.dtype)
        count = self.state("count", (), constant(_FIRST_COUNT), x.dtype)
        if self.training:
            mean, variance, count = merged(mean, variance, count, x)
            for name, fresh in (("mean", mean), ("variance", variance), ("count", count)):
                self.update_state(name, fresh)
        return clipped((x - mean) / f.sqrt(variance + EPSILON), self.limit)


def merged(mean: Tensor, variance: Tensor, count: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(mean, variance, count) of all rows: of those before and of these, (rows, …)."""
    theirs = rows.mean(0)
    apart = rows - theirs
    total = count + float(rows.shape[0])
    share = rows.shape[0] / total
    delta = theirs - mean
    within = variance + ((apart * apart).mean(0) - variance) * share
    return mean + delta * share, within + delta * delta * (share * (count / total)), total


def clipped(x: Tensor, limit: float) -> Tensor:
    """x, but not beyond ±limit."""
    return f.minimum(f.maximum(x, -limit), limit)
