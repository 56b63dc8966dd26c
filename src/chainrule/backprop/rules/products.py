"""Derivative of the matrix product."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor


def matmul(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d(AB) = dA B + A dB, so the derivatives are D Bᵀ and Aᵀ D.

    A shared B (two axes, A with more) gets one product over all rows at once instead of a sum of products.
    """
    a, b = step.inputs
    d_a = d_y @ b.transpose()
    if b.ndim == 2 and a.ndim > 2:
        rows = d_y.size // d_y.shape[-1] if d_y.shape[-1] else 0
        if rows and a.shape[-1]:
            return d_a, a.reshape(rows, a.shape[-1]).transpose() @ d_y.reshape(rows, d_y.shape[-1])
    return d_a, a.transpose() @ d_y


PRODUCTS: Mapping[str, Rule] = {
    "matmul": matmul,
}
