"""Transforms that treat a weight as one matrix: orthogonalization (Muon)."""

import math
from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.optimizers.clipping import unit_norm
from chainrule.nn.optimizers.transform import Recorded, Tensors, Transform
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor

# Keller Jordan's: the slope at 0 is as large as it can be while singular values stay between 0.7 and 1.2.
_QUINTIC = (3.4445, -4.7750, 2.0315)


@dataclass(frozen=True)
class Orthogonalize(Transform):
    """G = U S Vᵀ ← approximately U Vᵀ: singular values become about 1 (Muon, Keller Jordan 2024).

    Newton-Schulz iteration: X ← a X + b (X Xᵀ) X + c (X Xᵀ)² X, (a, b, c) = (3.4445, -4.7750, 2.0315),
    `steps` times from X = G / (‖G‖ + 10⁻⁷), transposed if that makes it wider than high; then X is multiplied
    by √max(1, outputs / inputs). The dtype is that of the parameters; Jordan uses bfloat16.
    A kernel (..., inputs, outputs) is one matrix with a column per output. steps: at least 1. Raises
    ShapeError for a parameter of fewer than two axes; leave such parameters out by Partition.
    """

    steps: int = 5

    def __post_init__(self) -> None:
        check_whole(self, "steps", self.steps)

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Orthogonalize every matrix."""
        for name, g in updates.items():
            if g.ndim < 2:
                raise ShapeError(
                    f"Orthogonalize got '{name}' of shape {g.shape}, which is not a matrix",
                    remedy="choose the matrices with Partition, or with the setting 'on' of muon",
                )
        return {name: self._orthogonal(g) for name, g in updates.items()}, {}

    def _orthogonal(self, g: Tensor) -> Tensor:
        if not g.size:
            return g
        rows, columns = math.prod(g.shape[:-1]), g.shape[-1]
        x = g.reshape(rows, columns)
        x = x / (unit_norm(x.reshape(g.size)) + 1e-7)
        if rows > columns:
            x = x.transpose()
        a, b, c = _QUINTIC
        for _ in range(self.steps):
            square = x @ x.transpose()
            x = a * x + (b * square + c * (square @ square)) @ x
        if rows > columns:
            x = x.transpose()
        return x.reshape(*g.shape) * math.sqrt(max(1.0, columns / rows))
