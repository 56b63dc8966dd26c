"""Layers and an objective of a user's own, which no repair can look into."""

from dataclasses import dataclass

from chainrule import nn
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training import Objective, Recorded


@dataclass(frozen=True)
class Mine(nn.Layer):
    """Two layers whose weights it holds itself."""

    def __call__(self, x: Tensor) -> Tensor:
        first = self.param("first", (x.shape[-1], 32), nn.he_normal())
        second = self.param("second", (32, 10), nn.glorot_uniform())
        return f.maximum(x @ first, 0.0) @ second


@dataclass(frozen=True)
class Fading(nn.Layer):
    """Sigmoids with small weights that it holds itself: stacked, they let little of a delta through."""

    def __call__(self, x: Tensor) -> Tensor:
        weight = self.param("weight", (x.shape[-1], 32), nn.Normal(deviation=0.02))
        return f.sigmoid(x @ weight)


@dataclass(frozen=True)
class Classes(Objective):
    """The cross-entropy of a model's outputs."""

    needs_targets = True
    model: nn.Layer

    def record(self, inputs):
        outputs = self.forward(inputs)
        return Recorded(nn.SoftmaxCrossEntropy()(outputs, inputs["y"]), outputs)

    def forward(self, inputs):
        return self.model(inputs["x"])
