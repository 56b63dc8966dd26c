"""Transforms that choose the length of a layer's step by the length of its weights: LARS, LAMB."""

from dataclasses import dataclass

from chainrule.nn.optimizers.clipping import global_norm
from chainrule.nn.optimizers.transform import Recorded, Tensors, Transform
from chainrule.nn.regularizers import matching
from chainrule.nn.settings import check_number, check_text
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ScaleByTrustRatio(Transform):
    """u ← u ‖θ‖ / ‖u‖ for each parameter whose name matches the shell pattern `on`; u where a norm is 0.

    After ScaleByAdam and AddWeightDecay it is LAMB (You et al. 2020, algorithm 2, φ the identity).
    """

    on: str = "*"

    def __post_init__(self) -> None:
        check_text(self, "on", self.on)

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Scale every update."""
        scaled = {n: u * _ratio(parameters[n], _norm(u)) for n, u in matching(self.on, updates).items()}
        return {**updates, **scaled}, {}


@dataclass(frozen=True)
class ScaleByLars(Transform):
    """u ← trust ‖θ‖ / (‖g‖ + β ‖θ‖) · (g + β θ), for each parameter whose name matches the pattern `on`.

    You, Gitman and Ginsburg 2017, equation 6 and algorithm 1, whose η is `trust` and β `weight_decay`; the
    factor is 1 where a norm is 0. Other parameters keep their gradients; it is usual to leave biases out.
    weight_decay: at least 0. trust: above 0. on: a shell pattern on names.
    """

    weight_decay: float = 1e-4
    trust: float = 0.001
    on: str = "*weight"

    def __post_init__(self) -> None:
        check_number(self, "weight_decay", self.weight_decay, at_least=0)
        check_number(self, "trust", self.trust, above=0)
        check_text(self, "on", self.on)

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Scale every gradient that matches."""
        scaled: dict[str, Tensor] = {}
        for name, g in matching(self.on, updates).items():
            w = parameters[name]
            whole = _norm(g) + self.weight_decay * _norm(w)
            scaled[name] = (g + self.weight_decay * w) * _ratio(w, whole, self.trust)
        return {**updates, **scaled}, {}


def _norm(x: Tensor) -> Tensor:
    """√Σ x²; 0 of nothing."""
    norm = global_norm({"": x})
    return x.trace.constant(0.0, x.dtype) if norm is None else norm


def _ratio(w: Tensor, whole: Tensor, factor: float = 1.0) -> Tensor:
    """‖w‖ · factor / whole; 1 where one of them is 0."""
    norm = _norm(w)
    some = f.logical_and(norm > 0.0, whole > 0.0)
    return f.where(some, factor * norm / f.where(some, whole, 1.0), 1.0)
