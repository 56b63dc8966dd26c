"""Derivatives of what a network says by the points it says it of, for losses that hold them."""

from collections.abc import Sequence

from chainrule.backprop import differentiate
from chainrule.errors import ShapeError
from chainrule.program import Tensor


def gradient(y: Tensor, x: Tensor) -> Tensor:
    """∂y/∂x of each row: (rows, n).

    y: (rows,) or (rows, 1), of which each row depends on the same row of x alone. x: (rows, n). The result is
    recorded like any value, so its columns have gradients again: `gradient(gradient(y, x)[:, 0], x)[:, 1]` is
    ∂²y/∂x₀∂x₁. Raises ShapeError for other shapes.
    """
    if x.ndim != 2 or y.shape not in ((x.shape[0],), (x.shape[0], 1)):
        raise ShapeError(
            f"gradient got y of shape {y.shape} and x of shape {x.shape}",
            remedy="give one number for each row of x, such as u(x)[:, 0]",
        )
    # Rows are independent: the derivative of the sum has that of each row in its row.
    return differentiate(y.sum(), [x])[x.value]


def laplacian(y: Tensor, x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """Σ ∂²y/∂x_i² of each row: (rows,).

    y, x: as for `gradient`. axes: the columns of x to sum over, all by default.
    """
    slopes = gradient(y, x)
    chosen = range(x.shape[1]) if axes is None else axes
    parts = [gradient(slopes[:, axis], x)[:, axis] for axis in chosen]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
