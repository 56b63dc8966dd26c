"""Derivatives of the elementwise operations."""

import math
from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f


def negative(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d(-x)/dx = -1."""
    return (-d_y,)


def absolute(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d|x|/dx = sign x, 0 at 0."""
    (x,) = step.inputs
    return (d_y * f.sign(x),)


def exp(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d eˣ/dx = eˣ, from the saved output."""
    return (d_y * step.output,)


def expm1(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d(eˣ - 1)/dx = y + 1, from the saved output."""
    return (d_y * (step.output + 1.0),)


def log(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d ln x/dx = 1/x."""
    (x,) = step.inputs
    return (d_y / x,)


def log1p(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d ln(1 + x)/dx = 1/(1 + x)."""
    (x,) = step.inputs
    return (d_y / (1.0 + x),)


def sqrt(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d√x/dx = 1/(2√x), from the saved output."""
    return (0.5 * d_y / step.output,)


def sin(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d sin x/dx = cos x."""
    (x,) = step.inputs
    return (d_y * f.cos(x),)


def cos(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d cos x/dx = -sin x."""
    (x,) = step.inputs
    return (-d_y * f.sin(x),)


def arctan(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d arctan x/dx = 1/(1 + x²)."""
    (x,) = step.inputs
    return (d_y / (1.0 + x * x),)


def tanh(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d tanh x/dx = 1 - tanh²x, from the saved output."""
    y = step.output
    return (d_y * (1.0 - y * y),)


def sigmoid(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d σ(x)/dx = σ(x) (1 - σ(x)), from the saved output."""
    y = step.output
    return (d_y * (y * (1.0 - y)),)


def softplus(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d ln(1 + eˣ)/dx = σ(x)."""
    (x,) = step.inputs
    return (d_y * f.sigmoid(x),)


def erf(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d erf(x)/dx = 2/√π exp(-x²)."""
    (x,) = step.inputs
    return (d_y * (f.exp(-(x * x)) * (2.0 / math.sqrt(math.pi))),)


def relu(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d relu(x)/dx = 1 where x > 0, else 0; at 0 it is 0."""
    return (f.where(step.output > 0.0, d_y, 0.0),)


def cast(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Between floats the derivative is 1, cast back; from integers there is none."""
    (x,) = step.inputs
    return (d_y.cast(x.dtype) if x.dtype in FLOATS else None,)


def add(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d(x1 + x2) = dx1 + dx2."""
    return d_y, d_y


def subtract(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d(x1 - x2) = dx1 - dx2."""
    return d_y, -d_y


def multiply(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d(x1 x2) = x2 dx1 + x1 dx2."""
    x1, x2 = step.inputs
    return d_y * x2, d_y * x1


def divide(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d(x1/x2) = dx1/x2 - (x1/x2) dx2/x2."""
    _, x2 = step.inputs
    d_x1 = d_y / x2
    return d_x1, -d_x1 * step.output


def power(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d x1^x2 = x2 x1^(x2-1) dx1 + x1^x2 ln x1 dx2.

    Where the base is 0 or negative the second term has no real value and counts as 0; where the exponent is 0
    the first term is 0 for every base.
    """
    x1, x2 = step.inputs
    # Only where both are 0 would 0 · x1^-1 be NaN; elsewhere x1^-1 must stay, for the second derivative.
    base = f.where(f.logical_and(f.equal(x1, 0.0), f.equal(x2, 0.0)), 1.0, x1)
    d_x1 = d_y * x2 * base ** (x2 - 1.0)
    logarithm = f.log(f.where(x1 > 0.0, x1, 1.0))
    return d_x1, d_y * step.output * logarithm


def maximum(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_y goes to the larger input; for equal inputs, half to each."""
    x1, x2 = step.inputs
    return _shared(d_y, x1 > x2, x1, x2), _shared(d_y, x2 > x1, x1, x2)


def minimum(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_y goes to the smaller input; for equal inputs, half to each."""
    x1, x2 = step.inputs
    return _shared(d_y, x1 < x2, x1, x2), _shared(d_y, x2 < x1, x1, x2)


def _shared(d_y: Tensor, wins: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    return f.where(wins, d_y, f.where(f.equal(x1, x2), 0.5 * d_y, 0.0))


def where(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_y goes to the chosen input, 0 to the other; the condition has no derivative."""
    condition, _, _ = step.inputs
    return None, f.where(condition, d_y, 0.0), f.where(condition, 0.0, d_y)


ELEMENTWISE: Mapping[str, Rule] = {
    "negative": negative,
    "absolute": absolute,
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "sqrt": sqrt,
    "sin": sin,
    "cos": cos,
    "arctan": arctan,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "erf": erf,
    "relu": relu,
    "cast": cast,
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "power": power,
    "maximum": maximum,
    "minimum": minimum,
    "where": where,
}
