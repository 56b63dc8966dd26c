"""Transforms that go by the signs of gradients, or by how gradients change: Rprop, Quickprop."""

from dataclasses import dataclass

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, dtype_of, filled_for
from chainrule.nn.settings import check_choice, check_number
from chainrule.program import Tensor
from chainrule.program import functions as f

BACKTRACKING = ("never", "always", "if_worse")


@dataclass(frozen=True)
class ScaleByRprop(Transform):
    """u ← sign(g) d; d ← grow · d while the sign of g stays, shrink · d where it changes.

    Resilient backpropagation: the size of a gradient does not count. d starts at 1 and stays between
    `smallest` and `largest`, in units of the learning rate that follows in the chain; the papers' Δ is rate ·
    d. Where the sign changes, g counts as 0 in the next step, so that d shrinks once.
    backtracking: what happens where the sign changes. 'never': the number stays where it is (Rprop- of Igel
    and Hüsken 2000, iRprop-; PyTorch's form). 'always': its last step is taken back (Riedmiller and Braun
    1993, as Rprop+). 'if_worse': its last step is taken back if the loss has grown (Igel and Hüsken 2000,
    iRprop+). Steps are taken back whole while the rate is constant.
    For a loss that is the same at every call: batch_size at least the number of examples (else ConfigError
    before training).
    grow: above 1. shrink: above 0 and below 1. smallest, largest: above 0. Raises ChainruleError where
    'if_worse' is recorded without a loss, by `update`.
    """

    grow: float = 1.2
    shrink: float = 0.5
    smallest: float = 1e-4
    largest: float = 5e3
    backtracking: str = "never"

    def __post_init__(self) -> None:
        check_number(self, "grow", self.grow, above=1)
        check_number(self, "shrink", self.shrink, above=0, below=1)
        check_number(self, "smallest", self.smallest, above=0, at_most=1)
        check_number(self, "largest", self.largest, at_least=1)
        check_choice(self, "backtracking", self.backtracking, BACKTRACKING)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Sizes of 1, gradients before of 0; with backtracking, updates of 0, and an infinite loss."""
        state = filled_for(parameters, "size", 1.0) | filled_for(parameters, "before")
        if self.backtracking != "never":
            state |= filled_for(parameters, "moved")
        if self.backtracking == "if_worse":
            state["loss"] = np.full((), np.inf, dtype_of(parameters))
        return state

    def needs_all_examples(self) -> bool:
        """True: signs of different batches differ by chance."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every size."""
        if self.backtracking == "if_worse":
            raise ChainruleError("ScaleByRprop: 'if_worse' asks for the loss", remedy="call its update_at")
        return self._step(None, updates, state)

    def update_at(self, loss: Tensor, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of every size, given the loss."""
        return self._step(loss if self.backtracking == "if_worse" else None, updates, state)

    def _step(self, loss: Tensor | None, updates: Tensors, state: Tensors) -> Recorded:
        changed: dict[str, Tensor] = {}
        fresh: dict[str, Tensor] = {}
        worse = None
        if loss is not None:
            fresh["loss"] = loss.cast(state["loss"].dtype)
            worse = fresh["loss"] > state["loss"]
        for name, g in updates.items():
            size, agreement = state[f"size.{name}"], g * state[f"before.{name}"]
            grown = f.minimum(self.grow * size, self.largest)
            shrunk = f.maximum(self.shrink * size, self.smallest)
            turned = agreement < 0.0
            size = f.where(agreement > 0.0, grown, f.where(turned, shrunk, size))
            back: Tensor | float = 0.0
            if self.backtracking != "never":
                back = -state[f"moved.{name}"]
            if worse is not None:
                back = f.where(worse, back, 0.0)
            changed[name] = f.where(turned, back, f.sign(g) * size)
            fresh[f"size.{name}"] = size
            fresh[f"before.{name}"] = f.where(turned, 0.0, g)
            if self.backtracking != "never":
                fresh[f"moved.{name}"] = changed[name]
        return changed, fresh


@dataclass(frozen=True)
class ScaleByQuickprop(Transform):
    """u ← u g / (g' - g), the step to the lowest point of a parabola, g' the gradient before; plus g.

    Fahlman 1988, for each number by itself, as in his program: g is added unless its sign is against that of
    the last update u; where g is not below `growth` / (1 + growth) of g', the parabola leads too far or
    uphill, and u grows by `growth` in its place. Where u is 0 the update is g. The learning rate that follows
    in the chain is the paper's ε; it holds for added gradients exactly while it is constant. Fahlman's decay
    of weights is AddWeightDecay before this link, about 10⁻⁴.
    For a loss that is the same at every call: batch_size at least the number of examples (else ConfigError
    before training). growth: the paper's μ, above 0.
    """

    growth: float = 1.75

    def __post_init__(self) -> None:
        check_number(self, "growth", self.growth, above=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """Gradients and updates before, of 0."""
        return filled_for(parameters, "before") | filled_for(parameters, "moved")

    def needs_all_examples(self) -> bool:
        """True: a parabola through gradients of different batches means nothing."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step along every parabola."""
        moved: dict[str, Tensor] = {}
        shrink = self.growth / (1.0 + self.growth)
        for name, g in updates.items():
            before, last = state[f"before.{name}"], state[f"moved.{name}"]
            # A number that rises is mirrored into one that falls.
            sign = f.sign(last)
            slope, slope_before = sign * g, sign * before
            far = slope >= shrink * slope_before
            fall = f.where(far, 1.0, before - g)
            jump = f.where(far, self.growth * last, last * g / fall)
            moved[name] = jump + f.where(slope < 0.0, 0.0, g)
        fresh = {f"before.{name}": g for name, g in updates.items()}
        return moved, fresh | {f"moved.{name}": u for name, u in moved.items()}
