"""Bayesian regularization: Levenberg-Marquardt that chooses the strength of its penalty."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.nn.optimizers.least_squares import damped, determined, refuse_not_finite
from chainrule.nn.optimizers.on_host import HostTransform, LeastSquares, Solved
from chainrule.nn.optimizers.transform import NamedArrays, dtype_of
from chainrule.nn.settings import check_number, check_whole

_SETTLED = 1e-6
"""The relative change of α / β below which they are at rest."""


@dataclass(frozen=True)
class BayesianRegularization(HostTransform):
    """min β E + α Σ θ², E = Σ e² over all examples, with α and β estimated: the network sets its own penalty.

    MacKay 1992, with the Gauss-Newton approximation of Foresee and Hagan 1997: between steps of
    Levenberg-Marquardt γ = n - 2 α tr H⁻¹, H = 2 β JᵀJ + 2 α I, α = γ / (2 Σ θ²), β = (N - γ) / (2 E), with n
    parameters and N errors. γ, the number of parameters that the data determine, is at most n; in the records
    it is 'effective_parameters', 'penalty' is α / β. γ is n at first, after steps with α = 0; β, where γ is
    not below N, is 1 as in MATLAB's trainbr. All parameters are penalized, biases too, and no examples need
    to be held out; what is learned is standardized best, as the estimators do. Other penalties are refused.
    It asks of losses, networks and batches what nn.LevenbergMarquardt does, and damping, factor and most are
    as there, of the mean squared error.
    free_steps: steps with α = 0 at first, at least 1, which the paper has. While errors are large, so is the
    estimated penalty, and may pull all weights to 0; a few more steps make that rare.
    """

    takes_decay: ClassVar[bool] = False

    damping: float = 1e-3
    factor: float = 10.0
    most: float = 1e10
    free_steps: int = 10

    def __post_init__(self) -> None:
        check_number(self, "damping", self.damping, above=0)
        check_number(self, "factor", self.factor, above=1)
        check_number(self, "most", self.most, above=self.damping)
        check_whole(self, "free_steps", self.free_steps)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The first damping, α = 0, β = 1, and no steps; γ is not known yet."""
        first = {"damping": self.damping, "effective": np.nan, "alpha": 0.0, "beta": 1.0, "steps": 0.0}
        return {name: np.array(number, dtype_of(parameters)) for name, number in first.items()}

    def solve(self, problem: LeastSquares, state: NamedArrays) -> Solved:
        """Estimate α and β where the point is, then one step of Levenberg-Marquardt."""
        known = {name: float(array) for name, array in state.items()}
        point, count = problem.start, problem.residuals
        if known["damping"] > self.most:
            return Solved(point, state, problem.loss(point), _told(known))
        normal = problem.normal(point)
        refuse_not_finite(normal)
        old = known["alpha"] / (known["beta"] * count)
        known["steps"] += 1
        if known["steps"] <= self.free_steps:
            known["effective"] = float(len(point))
        else:
            known |= _estimated(normal.matrix, normal.loss, point, count, known)
        # Divided by β N, so that the damping is one of mean squares: N Σ r² is E.
        share = known["alpha"] / (known["beta"] * count)
        slope, matrix = normal.slope + share * point, normal.matrix
        matrix[np.diag_indices_from(matrix)] += share

        def whole(at: np.ndarray) -> float:
            return problem.loss(at) + share * float(at @ at)

        before = normal.loss + share * float(point @ point)
        point, known["damping"] = damped(
            point, before, slope, matrix, whole, known["damping"], self.factor, self.most
        )
        moving = known["steps"] <= self.free_steps or abs(share - old) > _SETTLED * share
        if known["damping"] > self.most and moving:
            known["damping"] = self.damping  # the lowest point for this α and β, which are not the last
        fresh = {name: np.array(known[name], array.dtype) for name, array in state.items()}
        return Solved(point, fresh, normal.loss, _told(known))


def _estimated(
    matrix: np.ndarray, loss: float, point: np.ndarray, count: int, known: dict[str, float]
) -> dict[str, float]:
    """γ, α and β at a point. matrix: JᵀJ of errors divided by √N, N the count. known: those before."""
    alpha, beta, size = known["alpha"], known["beta"], len(point)
    effective = determined(matrix, alpha / (beta * count)) if alpha > 0 else float(size)
    tiny = np.finfo(np.float64).tiny
    error, squares = max(count * loss, tiny), max(float(point @ point), tiny)
    beta = (count - effective) / (2 * error)
    return {
        "effective": effective,
        "alpha": max(effective, tiny) / (2 * squares),
        "beta": beta if beta > 0 else 1.0,
    }


def _told(known: dict[str, float]) -> dict[str, float]:
    told = {"effective_parameters": known["effective"], "penalty": known["alpha"] / known["beta"]}
    return told | {"damping": known["damping"]}
