"""A line search by slopes, one evaluation a call (Kafka and Wilke 2019).

It doubles the length while the slope along the direction is below the accepted range; once a slope was above
it, the next length is the zero of the secant, at least a tenth of the bracket from both ends.
"""

from chainrule.nn.optimizers.transform import Tensors
from chainrule.nn.optimizers.vectors import dot
from chainrule.program import Tensor
from chainrule.program import functions as f

SCALARS = ("length", "low", "high", "low_slope", "high_slope")
"""The state of a search. `high` is 0 while no point beyond the minimum is known."""


def accepts(slope: Tensor, first_slope: Tensor, trials: Tensor, curvature: float, evaluations: int) -> Tensor:
    """Whether the trial ends the search: the strong form of Wolfe's second condition, or too many trials.

    trials: so far; 0 in the first call of all, which evaluates the start.
    """
    accepted = f.logical_or(abs(slope) <= curvature * abs(first_slope), trials >= evaluations)
    return f.logical_or(accepted, f.equal(trials, 0))


def along(slope: Tensor, state: Tensors) -> dict[str, Tensor]:
    """The next trial on the same line, as new scalars. slope: at the present trial."""
    length, beyond = state["length"], slope > 0.0
    low = f.where(beyond, state["low"], length)
    high = f.where(beyond, length, state["high"])
    low_slope = f.where(beyond, state["low_slope"], slope)
    high_slope = f.where(beyond, slope, state["high_slope"])
    bracketed = high > 0.0
    rise = f.where(bracketed, high_slope - low_slope, 1.0)
    share = f.minimum(f.maximum(-low_slope / rise, 0.1), 0.9)
    following = f.where(bracketed, low + (high - low) * share, 2.0 * length)
    return {
        "length": following,
        "low": low,
        "high": high,
        "low_slope": low_slope,
        "high_slope": high_slope,
    }


def first_length(gradients: Tensors) -> Tensor:
    """The smaller of 1 and 1 / Σ|g|."""
    signs = {name: f.sign(g) for name, g in gradients.items()}
    return 1.0 / f.maximum(dot(gradients, signs), 1.0)
