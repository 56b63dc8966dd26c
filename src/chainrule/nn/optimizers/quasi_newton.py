"""L-BFGS: steps from the curvature along the last steps, and a line search by slopes."""

from dataclasses import dataclass

import numpy as np

from chainrule.nn.optimizers.line_search import SCALARS, accepts, along, first_length
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, dtype_of, part
from chainrule.nn.optimizers.vectors import added, dot
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class LBFGS(Transform):
    """θ ← θ + α d, d = -H g with H from the last `memory` steps (Nocedal 1980), α by a line search.

    For a loss that is the same at every call: batch_size at least the number of examples (else ConfigError
    before training), without dropout or mixing. It is a whole optimizer, without a learning rate. A call
    evaluates one trial point on the line; a step takes a few calls.

    H is that of the two-loop recursion (Nocedal and Wright 2006, algorithm 7.4), scaled by s·y / y·y of the
    last step; pairs (s, y) with s·y ≤ 0 are left out. The line search uses slopes only (Kafka and Wilke
    2019). It accepts α if the absolute slope along d is at most `curvature` times that at 0 (the strong form
    of Wolfe's second condition). It doubles α while the slope is below that range; once a slope was above it,
    the next α is the zero of the secant, at least a tenth of the bracket from both ends. The first α is 1, or
    before there are pairs 1 / Σ|g| if that is smaller. After `evaluations` trials the last is accepted.
    The last accepted point is evaluated and stored.
    memory: pairs (s, y), at least 1. curvature: above 0 and below 1. evaluations: at least 1.
    """

    memory: int = 10
    curvature: float = 0.5
    evaluations: int = 20

    def __post_init__(self) -> None:
        check_whole(self, "memory", self.memory)
        check_number(self, "curvature", self.curvature, above=0, below=1)
        check_whole(self, "evaluations", self.evaluations)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """No trials and no pairs; the accepted point is that of the initial parameters."""
        state = {"trials": np.zeros((), "int32"), "inverse": np.zeros(self.memory, dtype_of(parameters))}
        state |= {name: np.zeros((), dtype_of(parameters)) for name in SCALARS}
        for name, array in parameters.items():
            state[f"point.{name}"] = np.array(array)
            state |= {f"{kind}.{name}": np.zeros_like(array) for kind in ("gradient", "direction")}
            for kind in ("steps", "changes"):
                state[f"{kind}.{name}"] = np.zeros((self.memory, *array.shape), array.dtype)
        return state

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One evaluation: the next trial point on the line, or the first one of a new direction."""
        if not updates:
            return {}, dict(state)
        trials = state["trials"]
        point, before = part(state, "point."), part(state, "gradient.")
        direction = part(state, "direction.")
        slope, first_slope = dot(updates, direction), dot(before, direction)
        accepted = accepts(slope, first_slope, trials, self.curvature, self.evaluations)

        following = along(slope, state)
        pairs = self._pairs(updates, state, parameters, accepted)
        fresh_direction = _two_loops(updates, pairs, self.memory)
        fresh_slope = dot(updates, fresh_direction)
        start = f.where(pairs["inverse"][0] > 0.0, 1.0, first_length(updates))
        zero = slope.trace.constant(0.0, slope.dtype)
        anew = {"length": start, "low": zero, "high": zero, "low_slope": fresh_slope, "high_slope": zero}

        fresh: dict[str, Tensor] = {"trials": f.where(accepted, 1, trials + 1), **pairs}
        fresh |= {name: f.where(accepted, anew[name], following[name]) for name in SCALARS}
        moved: dict[str, Tensor] = {}
        for name, g in updates.items():
            chosen = f.where(accepted, fresh_direction[name], direction[name])
            base = f.where(accepted, parameters[name], point[name])
            fresh[f"point.{name}"], fresh[f"direction.{name}"] = base, chosen
            fresh[f"gradient.{name}"] = f.where(accepted, g, before[name])
            moved[name] = base - parameters[name] + fresh["length"].cast(g.dtype) * chosen
        return moved, fresh

    def needs_all_examples(self) -> bool:
        """True: a line search compares slopes of one function."""
        return True

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The last accepted point."""
        return dict(parameters) | part(state, "point.")

    def _pairs(
        self, gradients: Tensors, state: Tensors, parameters: Tensors, accepted: Tensor
    ) -> dict[str, Tensor]:
        """The pairs, with a new one at index 0 if a step with s·y above 0 was accepted."""
        steps = {name: parameters[name] - state[f"point.{name}"] for name in gradients}
        changes = {name: g - state[f"gradient.{name}"] for name, g in gradients.items()}
        product = dot(steps, changes)
        stored = f.logical_and(accepted, product > 0.0)
        inverse = (1.0 / f.where(stored, product, 1.0)).reshape(1)
        fresh = {"inverse": f.where(stored, _pushed(inverse, state["inverse"]), state["inverse"])}
        for name in gradients:
            for kind, new in (("steps", steps[name]), ("changes", changes[name])):
                old = state[f"{kind}.{name}"]
                fresh[f"{kind}.{name}"] = f.where(stored, _pushed(new.reshape(1, *new.shape), old), old)
        return fresh


def _two_loops(gradients: Tensors, pairs: Tensors, memory: int) -> dict[str, Tensor]:
    """-H g by the two-loop recursion. A pair that is still empty has 1 / s·y = 0, so it has no effect."""
    steps, changes = part(pairs, "steps."), part(pairs, "changes.")
    step = [{name: s[i] for name, s in steps.items()} for i in range(memory)]
    change = [{name: y[i] for name, y in changes.items()} for i in range(memory)]
    inverse = [pairs["inverse"][i] for i in range(memory)]
    q, weights = dict(gradients), []
    for i in range(memory):
        weights.append(inverse[i] * dot(step[i], q))
        q = added(q, -weights[i], change[i])
    square = dot(change[0], change[0])
    some = f.logical_and(inverse[0] > 0.0, square > 0.0)
    scale = f.where(some, 1.0 / (f.where(some, inverse[0] * square, 1.0)), 1.0)
    r = {name: scale.cast(tensor.dtype) * tensor for name, tensor in q.items()}
    for i in reversed(range(memory)):
        r = added(r, weights[i] - inverse[i] * dot(change[i], r), step[i])
    return {name: -tensor for name, tensor in r.items()}


def _pushed(new: Tensor, old: Tensor) -> Tensor:
    """The new entry in front, without the oldest."""
    return new if old.shape[0] == 1 else f.concatenate([new, old[:-1]], 0)
