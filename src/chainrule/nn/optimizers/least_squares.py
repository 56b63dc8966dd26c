"""Levenberg-Marquardt: Gauss-Newton steps with damping, for losses that are sums of squares."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.nn.optimizers.on_host import HostTransform, LeastSquares, Normal, Solved
from chainrule.nn.optimizers.transform import NamedArrays, dtype_of
from chainrule.nn.settings import check_choice, check_number

_LEAST = 1e-30
"""The least damping, which float32 holds, too."""


@dataclass(frozen=True)
class LevenbergMarquardt(HostTransform):
    """θ ← θ - (JᵀJ + μ I)⁻¹ Jᵀ r, with r the residuals of all examples and J their derivatives.

    rule 'factor', Hagan and Menhaj 1994: if the loss falls, the step is made and μ ← μ / factor; else μ ←
    μ · factor and the step is tried anew, without another J. rule 'gain', Nielsen 1999: μ follows the
    gain g, by how much the loss fell, divided by what the linear model promised: μ ← μ · max(1/3, 1 - (2
    g - 1)³); else μ ← μ · 2, then · 4, · 8 and so on. It takes losses without noise, such as those of
    differential equations, to far lower values. A step costs one J and a Cholesky factorization for each
    μ, so that it suits networks of up to some thousand parameters; on small ones it needs far fewer steps
    than gradients alone. r is divided by √examples, so that Σ r² is the loss: μ does not depend on their
    number.
    For losses that are sums of squares, such as nn.MeanSquaredError, with sample weights and nn.L2 penalties,
    which join JᵀJ. It is a whole optimizer, without a learning rate, best in float64. It needs all examples
    in every step (batch_size at least their number), and a network whose examples do not depend on each
    other, without dropout. Once no μ up to `most` helps, a minimum is reached and the weights stay.
    damping: the first μ, above 0. factor: the papers' β or θ, above 1; not of 'gain'. most: above damping.
    """

    damping: float = 1e-3
    factor: float = 10.0
    most: float = 1e10
    rule: str = "factor"

    def __post_init__(self) -> None:
        check_number(self, "damping", self.damping, above=0)
        check_number(self, "factor", self.factor, above=1)
        check_number(self, "most", self.most, above=self.damping)
        check_choice(self, "rule", self.rule, ("factor", "gain"))

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The first damping."""
        return {"damping": np.array(self.damping, dtype_of(parameters))}

    def solve(self, problem: LeastSquares, state: NamedArrays) -> Solved:
        """One step, or none once the damping is at its end."""
        damping, point = float(state["damping"]), problem.start
        if damping > self.most:
            return Solved(point, state, problem.loss(point), {"damping": damping})
        normal, half = problem.normal(point), 0.5 * problem.decay
        refuse_not_finite(normal)
        slope, matrix = normal.slope + half * point, normal.matrix
        matrix[np.diag_indices_from(matrix)] += half

        def whole(at: np.ndarray) -> float:
            return problem.loss(at) + float(half @ (at * at))

        before = normal.loss + float(half @ (point * point))
        if self.rule == "gain":
            point, damping = damped_by_gain(point, before, slope, matrix, whole, damping, self.most)
        else:
            point, damping = damped(point, before, slope, matrix, whole, damping, self.factor, self.most)
        fresh = {"damping": np.array(damping, state["damping"].dtype)}
        return Solved(point, fresh, normal.loss, {"damping": damping})


def damped(
    point: np.ndarray,
    before: float,
    slope: np.ndarray,
    matrix: np.ndarray,
    whole: Callable[[np.ndarray], float],
    damping: float,
    factor: float,
    most: float,
) -> tuple[np.ndarray, float]:
    """The first point of lower value, for more and more damping, and the damping of the next step.

    The same point, and a damping above `most`, where there is none. before: the value at the point. whole:
    the value at another.
    """
    while damping <= most:
        step = _solution(matrix, slope, damping)
        if step is not None:
            trial = point - step
            if whole(trial) < before:
                return trial, max(damping / factor, _LEAST)
        damping *= factor
    return point, damping


def damped_by_gain(
    point: np.ndarray,
    before: float,
    slope: np.ndarray,
    matrix: np.ndarray,
    whole: Callable[[np.ndarray], float],
    damping: float,
    most: float,
) -> tuple[np.ndarray, float]:
    """`damped`, with Nielsen's damping (1999): by the gain, and growing faster and faster."""
    growth = 2.0
    while damping <= most:
        step = _solution(matrix, slope, damping)
        if step is not None:
            trial = point - step
            after = whole(trial)
            if after < before:
                promised = float(step @ (damping * step + slope))
                gain = min((before - after) / promised, 2.0) if promised > 0 else 0.0
                return trial, max(damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), _LEAST)
        damping *= growth
        growth *= 2
    return point, damping


def _solution(matrix: np.ndarray, slope: np.ndarray, damping: float) -> np.ndarray | None:
    """(matrix + damping I)⁻¹ slope by Cholesky's factorization; None where the matrix is singular."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    held = matrix.copy()
    held[np.diag_indices_from(held)] += damping
    try:
        return cho_solve(cho_factor(held, overwrite_a=True, check_finite=False), slope, check_finite=False)
    except LinAlgError:
        return None


def determined(matrix: np.ndarray, share: float) -> float:
    """How many parameters the data determine against a penalty: n - share · tr (matrix + share I)⁻¹.

    By ‖L⁻¹‖² of Cholesky's factor L; by eigenvalues where the matrix is singular to rounding.
    """
    from scipy.linalg import LinAlgError, cholesky, eigvalsh, solve_triangular

    held = matrix.copy()
    held[np.diag_indices_from(held)] += share
    try:
        factor = cholesky(held, lower=True, check_finite=False)
    except LinAlgError:
        known = eigvalsh(matrix, check_finite=False)
        known = known[known > len(matrix) * np.finfo(np.float64).eps * known.max()]
        return float((known / (known + share)).sum())
    inverse = solve_triangular(factor, np.eye(len(matrix)), lower=True, check_finite=False)
    return len(matrix) - share * float(np.square(inverse).sum())


def refuse_not_finite(normal: Normal) -> None:
    """Raise ChainruleError where derivatives overflowed although the loss did not."""
    if not (np.isfinite(normal.matrix).all() and np.isfinite(normal.slope).all()):
        raise ChainruleError(
            "the derivatives of the residuals by the weights are not finite at these weights",
            remedy="scale inputs and targets to about 1, or begin with smaller weights",
        )
