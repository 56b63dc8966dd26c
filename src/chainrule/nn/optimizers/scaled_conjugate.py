"""Scaled conjugate gradients (Møller 1993): a step length by curvature in place of a line search."""

from dataclasses import dataclass

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, dtype_of, part
from chainrule.nn.optimizers.vectors import added, dot
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f

START, BESIDE, TRIAL = 0, 1, 2
"""What a call evaluates: the first point, the point σ p beside one, or a trial α p."""


@dataclass(frozen=True)
class ScaledConjugateGradient(Transform):
    """θ ← θ + α p, p ← -g' + β p, α = -(p · g) / δ with the curvature δ along p, damped.

    Møller 1993, step by step: δ = p · (∇E(θ + σ p) - ∇E(θ)) / σ + λ |p|², σ = `sigma` / |p|, made positive
    where it is not. Δ = 2 δ (E(θ) - E(θ + α p)) / (p · g)² compares the fall of the loss with a parabola's.
    Δ ≥ 0: the step is made, β = (|g'|² - g' · g) / -(p · g), and β = 0 every n trials, n the number of
    parameters. Δ ≥ ¾: λ ← λ / 4. Δ < ¼: λ ← λ + δ (1 - Δ) / |p|².
    For a loss that is the same at every call: batch_size at least the number of examples (else ConfigError
    before training), without dropout or mixing. It is a whole optimizer, without a learning rate. A call
    evaluates one point: two calls for a step, one more for each trial that is refused. Memory: some vectors
    of parameters. The last accepted point is evaluated and stored.
    damping: the first λ, above 0, in the paper at most 10⁻⁶. sigma: above 0, in the paper at most 10⁻⁴.
    """

    damping: float = 1e-6
    sigma: float = 1e-4

    def __post_init__(self) -> None:
        check_number(self, "damping", self.damping, above=0)
        check_number(self, "sigma", self.sigma, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The first call evaluates the initial parameters."""
        dtype = dtype_of(parameters)
        state = {"phase": np.zeros((), "int32"), "trials": np.zeros((), "int32")}
        state |= {name: np.zeros((), dtype) for name in ("curvature", "loss")}
        state["damping"] = np.array(self.damping, dtype)
        for name, array in parameters.items():
            state[f"point.{name}"] = np.array(array)
            state |= {f"{kind}.{name}": np.zeros_like(array) for kind in ("gradient", "direction")}
        return state

    def needs_all_examples(self) -> bool:
        """True: it compares losses and gradients of one function."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Raises ChainruleError: it asks for the loss, which `update_at` gets."""
        raise ChainruleError("ScaledConjugateGradient asks for the loss", remedy="call its update_at")

    def update_at(self, loss: Tensor, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One evaluation, and the point of the next."""
        if not updates:
            return {}, dict(state)
        loss = loss.cast(state["loss"].dtype)
        starts, beside, tried = (f.equal(state["phase"], phase) for phase in (START, BESIDE, TRIAL))
        before, p = part(state, "gradient."), part(state, "direction.")
        square, mu = _or_1(dot(p, p)), -dot(p, before)
        old, damping = state["curvature"], state["damping"]

        # Steps 6 to 8 of the paper: compare with the parabola, and choose λ.
        fit = 2.0 * old * (state["loss"] - loss) / _or_1(mu * mu)
        accepted = f.logical_and(tried, fit >= 0.0)
        shrunk = f.where(fit >= 0.75, 0.25 * damping, damping)
        raised = f.where(fit < 0.25, damping + old * (1.0 - fit) / square, shrunk)
        fresh_damping = f.where(tried, raised, damping)
        begins = f.logical_or(starts, accepted)

        # Steps 2 to 5, where the point stays: the curvature along p, and the length of the next trial.
        slopes = added(updates, updates[next(iter(updates))].trace.constant(-1.0, loss.dtype), before)
        measured = dot(p, slopes) * f.sqrt(square) / self.sigma
        added_damping = f.where(beside, fresh_damping, fresh_damping - damping)
        curvature = f.where(beside, measured, old) + added_damping * square
        bent = curvature <= 0.0
        positive = f.where(bent, fresh_damping * square - curvature, curvature)
        again = f.where(bent, 2.0 * (fresh_damping - curvature / square), fresh_damping)
        length = f.where(positive > 0.0, mu / _or_1(positive), 0.0)

        # Step 7, where a point begins: the next direction, and how far beside it is measured.
        trials = state["trials"] + tried.cast("int32")
        beta = self._beta(updates, before, mu, trials)
        turned = added({n: -g for n, g in updates.items()}, f.where(starts, 0.0, beta), p)
        aside = self.sigma / _or_1(f.sqrt(dot(turned, turned)))

        fresh: dict[str, Tensor] = {
            "phase": TRIAL - begins.cast("int32"),  # BESIDE is one less
            "trials": trials,
            "curvature": positive,
            "loss": f.where(begins, loss, state["loss"]),
            "damping": f.where(begins, fresh_damping, again),
        }
        reach, moved = f.where(begins, aside, length), {}
        for name, g in updates.items():
            base = f.where(begins, parameters[name], state[f"point.{name}"])
            chosen = f.where(begins, turned[name], p[name])
            fresh |= {f"point.{name}": base, f"direction.{name}": chosen}
            fresh[f"gradient.{name}"] = f.where(begins, g, before[name])
            moved[name] = base - parameters[name] + reach.cast(g.dtype) * chosen
        return moved, fresh

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The last accepted point."""
        return dict(parameters) | part(state, "point.")

    def _beta(self, gradients: Tensors, before: Tensors, mu: Tensor, trials: Tensor) -> Tensor:
        """β; 0 every n trials."""
        count = max(1, sum(g.size for g in gradients.values()))
        number = trials.cast(mu.dtype)
        restarts = f.equal(number - f.floor(number / count) * count, 0.0)
        beta = (dot(gradients, gradients) - dot(gradients, before)) / _or_1(mu)
        return f.where(restarts, 0.0, beta)


def _or_1(x: Tensor) -> Tensor:
    """x, or 1 where it is 0, to divide by."""
    return f.where(f.equal(x, 0.0), 1.0, x)
