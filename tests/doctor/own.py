"""A layer of a user's own, which no repair can look into."""

from dataclasses import dataclass

from chainrule import nn
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Mine(nn.Layer):
    """Two layers whose weights it holds itself."""

    def __call__(self, x: Tensor) -> Tensor:
        first = self.param("first", (x.shape[-1], 32), nn.he_normal())
        second = self.param("second", (32, 10), nn.glorot_uniform())
        return f.maximum(x @ first, 0.0) @ second
