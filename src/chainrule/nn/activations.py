"""Activation functions, by name; all but softmax and log_softmax are elementwise."""

import math
from collections.abc import Callable, Mapping

from chainrule.nn.settings import check_choice
from chainrule.program import Tensor
from chainrule.program import functions as f

LEAKY_SLOPE = 0.01
SHRINKAGE = 0.5
# The fixed point of Klambauer et al. 2017: with these two a layer keeps mean 0 and variance 1.
SELU_SCALE = 1.0507009873554804934
SELU_ALPHA = 1.6732632423543772848


def linear(x: Tensor) -> Tensor:
    """y = x."""
    return x


def sigmoid(x: Tensor) -> Tensor:
    """y = σ(x) = 1 / (1 + e⁻ˣ), in (0, 1)."""
    return f.sigmoid(x)


def tanh(x: Tensor) -> Tensor:
    """y = tanh x, in (-1, 1)."""
    return f.tanh(x)


def relu(x: Tensor) -> Tensor:
    """y = max(0, x); derivative 0 at 0 (Nair and Hinton 2010)."""
    return f.relu(x)


def leaky_relu(x: Tensor) -> Tensor:
    """y = x for x > 0, else 0.01 x; derivative 0.01 at 0 (Maas, Hannun and Ng 2013)."""
    return f.where(x > 0.0, x, LEAKY_SLOPE * x)


def elu(x: Tensor) -> Tensor:
    """y = x for x > 0, else eˣ - 1: the paper's α is 1 (Clevert, Unterthiner and Hochreiter 2016)."""
    return f.where(x > 0.0, x, _expm1_below_zero(x))


def selu(x: Tensor) -> Tensor:
    """y = λ x for x > 0, else λ α (eˣ - 1); λ = 1.0507…, α = 1.6733… (Klambauer et al. 2017)."""
    return SELU_SCALE * f.where(x > 0.0, x, SELU_ALPHA * _expm1_below_zero(x))


def gelu(x: Tensor) -> Tensor:
    """y = x Φ(x), Φ the standard normal distribution function.

    Hendrycks and Gimpel 2016, the exact form by erf, not the approximation by tanh.
    """
    return f.gelu(x)


def gelu_tanh(x: Tensor) -> Tensor:
    """y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))): gelu within 5e-4, by tanh (Hendrycks and Gimpel 2016).

    The one of GPT-2 and BERT; PyTorch's gelu with approximate='tanh'.
    """
    return 0.5 * x * (1.0 + f.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))))


def silu(x: Tensor) -> Tensor:
    """y = x σ(x) (Elfwing, Uchibe and Doya 2018; also called swish)."""
    return x * f.sigmoid(x)


def softplus(x: Tensor) -> Tensor:
    """y = ln(1 + eˣ), above 0 (Dugas et al. 2001)."""
    return f.softplus(x)


def exponential(x: Tensor) -> Tensor:
    """y = eˣ, above 0; beyond x = 88 it overflows in float32."""
    return f.exp(x)


def softsign(x: Tensor) -> Tensor:
    """y = x / (1 + |x|), in (-1, 1) (Bergstra et al. 2009)."""
    return x / (1.0 + abs(x))


def hard_sigmoid(x: Tensor) -> Tensor:
    """y = min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).

    The variant of MobileNetV3, PyTorch and Keras 3; Keras 2 and Courbariaux et al. 2015 have other slopes.
    """
    return relu6(x + 3.0) * (1 / 6)


def hard_tanh(x: Tensor) -> Tensor:
    """y = min(max(x, -1), 1); derivative ½ at -1 and 1 (Collobert 2004)."""
    return f.minimum(f.maximum(x, -1.0), 1.0)


def hard_swish(x: Tensor) -> Tensor:
    """y = x min(max(x + 3, 0), 6) / 6: silu by straight lines (Howard et al. 2019, MobileNetV3)."""
    return x * hard_sigmoid(x)


def relu6(x: Tensor) -> Tensor:
    """y = min(max(x, 0), 6); derivative 0 at 0 and ½ at 6 (Krizhevsky 2010)."""
    return f.minimum(f.relu(x), 6.0)


def mish(x: Tensor) -> Tensor:
    """y = x tanh(ln(1 + eˣ)) (Misra 2019)."""
    return x * f.tanh(f.softplus(x))


def log_sigmoid(x: Tensor) -> Tensor:
    """y = ln σ(x) = -ln(1 + e⁻ˣ), below 0."""
    return -f.softplus(-x)


def soft_shrink(x: Tensor) -> Tensor:
    """y = x moved towards 0 by ½, 0 where |x| ≤ ½ (Donoho 1995, soft thresholding; λ as in PyTorch)."""
    return f.relu(x - SHRINKAGE) - f.relu(-x - SHRINKAGE)


def hard_shrink(x: Tensor) -> Tensor:
    """y = x where |x| > ½, else 0 (Donoho and Johnstone 1994, hard thresholding; λ as in PyTorch)."""
    return f.where(abs(x) > SHRINKAGE, x, 0.0)


def tanh_shrink(x: Tensor) -> Tensor:
    """y = x - tanh x: about x³ / 3 near 0, x ∓ 1 far away."""
    return x - f.tanh(x)


def softmax(x: Tensor) -> Tensor:
    """y = eˣ / Σ eˣ along the last axis: positive, sums to 1 (Bridle 1990)."""
    return f.softmax(x)


def log_softmax(x: Tensor) -> Tensor:
    """y = x - ln Σ eˣ along the last axis: the logarithm of softmax, without overflow."""
    return f.log_softmax(x)


def _expm1_below_zero(x: Tensor) -> Tensor:
    # The branch that is not taken must not overflow: its infinity times 0 would make the derivative NaN.
    return f.expm1(f.where(x > 0.0, 0.0, x))


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "linear": linear,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "selu": selu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": silu,
    "softplus": softplus,
    "exponential": exponential,
    "softsign": softsign,
    "hard_sigmoid": hard_sigmoid,
    "hard_tanh": hard_tanh,
    "hard_swish": hard_swish,
    "relu6": relu6,
    "mish": mish,
    "log_sigmoid": log_sigmoid,
    "soft_shrink": soft_shrink,
    "hard_shrink": hard_shrink,
    "tanh_shrink": tanh_shrink,
    "softmax": softmax,
    "log_softmax": log_softmax,
}
"""By name, as the argument `activation` of layers takes them."""


def check_activation(owner: object, name: str | None) -> None:
    """Accept a name in ACTIVATIONS, or None; raises ConfigError that suggests the nearest name."""
    if name is not None:
        check_choice(owner, "activation", name, ACTIVATIONS)


def activate(name: str | None, x: Tensor) -> Tensor:
    """The activation of this name applied to x, of the same shape; None is linear.

    Raises ConfigError for an unknown name.
    """
    if name is None:
        return x
    check_activation("activate", name)
    return ACTIVATIONS[name](x)
