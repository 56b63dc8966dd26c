"""Random numbers for each image of a batch: (count, 1, 1), drawn by the program's counter-based bits."""

from chainrule.nn.layer import Layer
from chainrule.program import Tensor
from chainrule.program import functions as f


def between(layer: Layer, count: int, dtype: str, low: float, high: float) -> Tensor:
    """A uniform random number from low to high for each image: (count, 1, 1)."""
    return layer.random_bits((count, 1, 1)).cast(dtype) * ((high - low) * 2.0**-32) + low


def whole(layer: Layer, count: int, dtype: str, most: int) -> Tensor:
    """A uniform random whole number from 0 to most for each image: (count, 1, 1)."""
    drawn = layer.random_bits((count, 1, 1)).cast(dtype) * ((most + 1) * 2.0**-32)
    return f.minimum(f.floor(drawn), float(most))  # the largest draws round up


def sign(layer: Layer, count: int, dtype: str) -> Tensor:
    """1 or -1 at random for each image: (count, 1, 1)."""
    return (layer.random_bits((count, 1, 1)) < 2**31).cast(dtype) * 2.0 - 1.0


def chosen(layer: Layer, count: int, rate: float) -> Tensor:
    """True with a probability, 0 ≤ rate < 1, for each image: bool (count, 1, 1)."""
    return layer.random_bits((count, 1, 1)) < int(rate * 2**32)
