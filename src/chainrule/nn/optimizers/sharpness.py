"""Sharpness-aware minimization: the gradient at the nearby point of largest loss."""

from dataclasses import dataclass

from chainrule.nn.optimizers.clipping import global_norm
from chainrule.nn.optimizers.transform import Recorded, Tensors, Transform
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class SharpnessAware(Transform):
    """g ← gradient at θ + radius · g / ‖g‖, with g at θ and ‖g‖ over all parameters together.

    SAM (Foret et al. 2021, algorithm 1): to first order, the point of largest loss within the radius. A step
    takes a second forward and backward pass, on the same batch, with the same dropout. Put it first, such as
    chain(SharpnessAware(0.05), momentum(0.1)): later links get the second gradient. radius: above 0, the
    paper's ρ.
    """

    radius: float = 0.05

    def __post_init__(self) -> None:
        check_number(self, "radius", self.radius, above=0)

    def gradient_point(self, gradients: Tensors, parameters: Tensors) -> dict[str, Tensor] | None:
        """θ + radius · g / ‖g‖."""
        norm = global_norm(gradients)
        if norm is None:
            return None
        factor = self.radius / f.where(f.equal(norm, 0.0), 1.0, norm)
        return {name: parameters[name] + factor.cast(g.dtype) * g for name, g in gradients.items()}

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """The given gradients, unchanged."""
        return dict(updates), {}
