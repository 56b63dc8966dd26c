"""Functions that record one elementwise operation, named as NumPy names them."""

from chainrule.errors import ShapeError
from chainrule.program.tracing import Operand, Tensor, as_tensor

__all__ = [
    "arctan",
    "cos",
    "equal",
    "erf",
    "exp",
    "expm1",
    "floor",
    "isfinite",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "not_equal",
    "relu",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "stop_gradient",
    "tanh",
    "where",
]


def exp(x: Tensor) -> Tensor:
    """eˣ."""
    return x.trace.record("exp", x)


def expm1(x: Tensor) -> Tensor:
    """eˣ - 1, exact near 0."""
    return x.trace.record("expm1", x)


def log(x: Tensor) -> Tensor:
    """Natural logarithm."""
    return x.trace.record("log", x)


def log1p(x: Tensor) -> Tensor:
    """ln(1 + x), exact near 0."""
    return x.trace.record("log1p", x)


def sqrt(x: Tensor) -> Tensor:
    """Square root."""
    return x.trace.record("sqrt", x)


def sin(x: Tensor) -> Tensor:
    """Sine, x in radians."""
    return x.trace.record("sin", x)


def cos(x: Tensor) -> Tensor:
    """Cosine, x in radians."""
    return x.trace.record("cos", x)


def arctan(x: Tensor) -> Tensor:
    """The angle between -π/2 and π/2, in radians, whose tangent is x."""
    return x.trace.record("arctan", x)


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return x.trace.record("tanh", x)


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ), exact at both ends."""
    return x.trace.record("sigmoid", x)


def softplus(x: Tensor) -> Tensor:
    """ln(1 + eˣ), without overflow."""
    return x.trace.record("softplus", x)


def erf(x: Tensor) -> Tensor:
    """The error function."""
    return x.trace.record("erf", x)


def relu(x: Tensor) -> Tensor:
    """x where x > 0, else 0; its derivative at 0 is 0."""
    return x.trace.record("relu", x)


def sign(x: Tensor) -> Tensor:
    """-1, 0 or 1."""
    return x.trace.record("sign", x)


def floor(x: Tensor) -> Tensor:
    """The largest whole number not above x."""
    return x.trace.record("floor", x)


def isfinite(x: Tensor) -> Tensor:
    """True where x is neither infinite nor NaN."""
    return x.trace.record("isfinite", x)


def stop_gradient(x: Tensor) -> Tensor:
    """The value of x as a constant: the derivative is not propagated through it."""
    return x.trace.record("stop_gradient", x)


def maximum(x: Tensor, other: Operand) -> Tensor:
    """The larger of two; if they are equal, each gets half the derivative."""
    return x.trace.record("maximum", x, as_tensor(other, x))


def minimum(x: Tensor, other: Operand) -> Tensor:
    """The smaller of two; if they are equal, each gets half the derivative."""
    return x.trace.record("minimum", x, as_tensor(other, x))


def equal(x: Tensor, other: Operand) -> Tensor:
    """True where both are equal."""
    return x.trace.record("equal", x, as_tensor(other, x))


def not_equal(x: Tensor, other: Operand) -> Tensor:
    """True where they differ."""
    return x.trace.record("not_equal", x, as_tensor(other, x))


def logical_and(x: Tensor, other: Tensor) -> Tensor:
    """True where both are True."""
    return x.trace.record("logical_and", x, other)


def logical_or(x: Tensor, other: Tensor) -> Tensor:
    """True where at least one is True."""
    return x.trace.record("logical_or", x, other)


def logical_not(x: Tensor) -> Tensor:
    """True where x is False."""
    return x.trace.record("logical_not", x)


def where(condition: Tensor, x: Operand, y: Operand) -> Tensor:
    """Choose x where the condition is True, else y; at least one of x and y is a Tensor."""
    like = x if isinstance(x, Tensor) else y
    if not isinstance(like, Tensor):
        raise ShapeError("where got two plain numbers", remedy="make one of them a Tensor")
    return condition.trace.record("where", condition, as_tensor(x, like), as_tensor(y, like))
