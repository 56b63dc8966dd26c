"""Products of two inputs, with a trained matrix for every output."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.activations import activate, check_activation
from chainrule.nn.initializers import Initializer, check_initializers, lecun_normal, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor


@dataclass(frozen=True)
class Bilinear(Layer):
    """y_k = activation(Σ over i, j of a_i W[i, j, k] b_j + bias_k): a form in two vectors.

    units: width of y, at least 1. activation: a name in nn.ACTIVATIONS; None is linear. weight, bias:
    initializers of W (features of a, features of b, units), the parameter 'weight' with its first two axes
    as one, and of bias (units,).
    a: float (batch, …, features). b: the same but for its features; None for a itself -> (batch, …, units).
    Raises ConfigError for a bad setting; while recording, ShapeError for other shapes, and DTypeError unless
    both are floats. PyTorch's has W as (units, features of a, features of b).
    """

    units: int
    activation: str | None = None
    weight: Initializer = lecun_normal()
    bias: Initializer = zeros

    def __post_init__(self) -> None:
        check_whole(self, "units", self.units)
        check_activation(self, self.activation)
        check_initializers(self, "weight", "bias")

    def __call__(self, a: Tensor, b: Tensor | None = None) -> Tensor:
        b = a if b is None else b
        need_floats(a)
        need_floats(b)
        if a.ndim < 2 or a.shape[:-1] != b.shape[:-1]:
            raise ShapeError(
                f"{a.trace.label} got shapes {a.shape} and {b.shape}; it needs (batch, …, features) twice, "
                "which differ in the features alone"
            )
        *front, first = a.shape
        second = b.shape[-1]
        weight = self.param("weight", (first * second, self.units), self.weight, a.dtype)
        # First a W, (…, features of b, units), then its product with b.
        half = a.reshape(-1, first) @ weight.reshape(first, second * self.units)
        y = (half.reshape(*front, second, self.units) * b.reshape(*front, second, 1)).sum(-2)
        return activate(self.activation, y + self.param("bias", (self.units,), self.bias, a.dtype))
