"""Exponential moving averages of gradients, and their bias correction."""

import math

from chainrule.program import Tensor
from chainrule.program import functions as f


def mixed(decay: float, old: Tensor, new: Tensor) -> Tensor:
    """decay · old + (1 - decay) · new: one step of an exponential moving average."""
    return decay * old + (1 - decay) * new


def correction(decay: float, t: Tensor) -> Tensor:
    """1 - decayᵗ as -expm1(t ln decay): 1 - 0.999 in float32 would lose four digits."""
    if decay == 0:
        return t.trace.constant(1.0, t.dtype)
    return -f.expm1(t * math.log(decay))
