"""Sharpness-aware minimization: the gradient of the worst point nearby."""

from dataclasses import dataclass

from chainrule.nn.optimizers.clipping import global_norm
from chainrule.nn.optimizers.transform import Recorded, Tensors, Transform
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class SharpnessAware(Transform):
    """g ← gradient at θ + radius · g / ‖g‖, g that at θ, ‖g‖ over all parameters together.

    SAM (Foret et al. 2021, algorithm 1): the first-order worst point within the radius. A step takes a second
    forward and backward pass, on the same batch, with the same dropout. Put it first, such as
    chain(SharpnessAware(0.05), momentum(0.1)): what follows gets the second gradient. radius: above 0, the
    paper's ρ.
    """

    radius: float = 0.05

    def __post_init__(self) -> None:
        check_number(self, "radius", self.radius, above=0)

    def gradient_point(self, gradients: Tensors, parameters: Tensors) -> dict[str, Tensor] | None:
        """Uphill from the parameters, as far as the radius."""
        norm = global_norm(gradients)
        if norm is None:
            return None
        factor = self.radius / f.where(f.equal(norm, 0.0), 1.0, norm)
        return {name: parameters[name] + factor.cast(g.dtype) * g for name, g in gradients.items()}

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Pass the gradients on."""
        return dict(updates), {}
