"""Conjugate gradients: whole-batch methods that remember one direction."""

from dataclasses import dataclass

import numpy as np

from chainrule.nn.optimizers.line_search import SCALARS, accepts, along, first_length
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, dtype_of, part
from chainrule.nn.optimizers.vectors import added, dot
from chainrule.nn.settings import check_choice, check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f

FORMULAS = ("polak_ribiere", "fletcher_reeves")
_RESTARTS = 0.2


@dataclass(frozen=True)
class ConjugateGradient(Transform):
    """θ ← θ + α p, p ← -g' + β p, α by a line search.

    formula: 'polak_ribiere', β = max(0, g' · (g' - g) / |g|²) (Polak and Ribière 1969), or 'fletcher_reeves',
    β = |g'|² / |g|² (Fletcher and Reeves 1964), g and g' the gradients before and after a step. p starts anew
    as -g' where g' is far from orthogonal to g, |g' · g| ≥ 0.2 |g'|² (Powell 1977), and where p would lead
    uphill.
    For a loss that is the same at every call: batch_size at least the number of examples (else ConfigError
    before training), without dropout or mixing. It is a whole optimizer, without a learning rate. A call
    evaluates one trial point on the line; a step takes a few calls. The line search is that of nn.LBFGS; the
    first α of a step is that of the last one, scaled by the slopes of both (Nocedal and Wright 2006, 3.60).
    The last accepted point is evaluated and stored.
    curvature: above 0 and below 1, best below ½. evaluations: at least 1, after which a trial is accepted.
    """

    formula: str = "polak_ribiere"
    curvature: float = 0.1
    evaluations: int = 20

    def __post_init__(self) -> None:
        check_choice(self, "formula", self.formula, FORMULAS)
        check_number(self, "curvature", self.curvature, above=0, below=1)
        check_whole(self, "evaluations", self.evaluations)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """No trials; the accepted point is that of the initial parameters."""
        state = {"trials": np.zeros((), "int32")}
        state |= {name: np.zeros((), dtype_of(parameters)) for name in SCALARS}
        for name, array in parameters.items():
            state[f"point.{name}"] = np.array(array)
            state |= {f"{kind}.{name}": np.zeros_like(array) for kind in ("gradient", "direction")}
        return state

    def needs_all_examples(self) -> bool:
        """True: a line search compares slopes of one function."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One evaluation: the next trial point on the line, or the first one of a new direction."""
        if not updates:
            return {}, dict(state)
        trials, point = state["trials"], part(state, "point.")
        before, direction = part(state, "gradient."), part(state, "direction.")
        slope, old_slope = dot(updates, direction), dot(before, direction)
        accepted = accepts(slope, old_slope, trials, self.curvature, self.evaluations)
        following = along(slope, state)

        turned = added({name: -g for name, g in updates.items()}, self._beta(updates, before), direction)
        new_slope = dot(updates, turned)
        downhill = new_slope < 0.0
        turned = {name: f.where(downhill, p, -updates[name]) for name, p in turned.items()}
        new_slope = f.where(downhill, new_slope, -dot(updates, updates))
        known = f.logical_and(old_slope < 0.0, new_slope < 0.0)
        scaled = state["length"] * old_slope / f.where(known, new_slope, 1.0)
        zero = slope.trace.constant(0.0, slope.dtype)
        start = f.where(known, scaled, first_length(updates))
        anew = {"length": start, "low": zero, "high": zero, "low_slope": new_slope, "high_slope": zero}

        fresh: dict[str, Tensor] = {"trials": f.where(accepted, 1, trials + 1)}
        fresh |= {name: f.where(accepted, anew[name], following[name]) for name in SCALARS}
        moved: dict[str, Tensor] = {}
        for name, g in updates.items():
            chosen = f.where(accepted, turned[name], direction[name])
            base = f.where(accepted, parameters[name], point[name])
            fresh[f"point.{name}"], fresh[f"direction.{name}"] = base, chosen
            fresh[f"gradient.{name}"] = f.where(accepted, g, before[name])
            moved[name] = base - parameters[name] + fresh["length"].cast(g.dtype) * chosen
        return moved, fresh

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The last accepted point."""
        return dict(parameters) | part(state, "point.")

    def _beta(self, gradients: Tensors, before: Tensors) -> Tensor:
        """β; 0 where the direction starts anew."""
        square, old_square, both = dot(gradients, gradients), dot(before, before), dot(gradients, before)
        top = square if self.formula == "fletcher_reeves" else f.maximum(square - both, 0.0)
        goes_on = f.logical_and(old_square > 0.0, abs(both) < _RESTARTS * square)
        return f.where(goes_on, top / f.where(goes_on, old_square, 1.0), 0.0)
