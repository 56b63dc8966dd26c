"""The objective of training on faces: a softmax with a margin over the people in the training images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chainrule.nn import LargeMarginCosine, Layer, glorot_uniform
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training import Objective, Recorded


@dataclass(frozen=True)
class Cosines(Layer):
    """y[n, m, p] = cos(x[n, m], w[m, p]): the cosine of each embedding with each person's direction.

    people, members: at least 1.
    x: float (batch, members · features) -> (batch, members, people).
    """

    people: int
    members: int

    def __post_init__(self) -> None:
        check_whole(self, "people", self.people)
        check_whole(self, "members", self.members)

    def __call__(self, x: Tensor) -> Tensor:
        batch, width = x.shape
        features = width // self.members
        shape = (self.members, features, self.people)
        weight = self.param("weight", shape, glorot_uniform(), x.dtype)
        each = _unit(x.reshape(batch, self.members, features), -1)
        return (each.transpose(1, 0, 2) @ _unit(weight, 1)).transpose(1, 0, 2)


@dataclass(frozen=True)
class Recognition(Objective):
    """The mean over the members of loss(cosines, y); it predicts embeddings.

    model: (batch, height, width, channels) -> (batch, members · features). head: see `Cosines`; it is used in
    training only. y: (batch,) numbers of the people.
    """

    model: Layer
    head: Cosines
    loss: LargeMarginCosine
    needs_targets: ClassVar[bool] = True

    def record(self, inputs: Mapping[str, Tensor]) -> Recorded:
        """The loss of a batch, and its embeddings."""
        embeddings = self.forward(inputs)
        cosines = self.head(embeddings)
        losses = [self.loss(cosines[:, m], inputs["y"]) for m in range(self.head.members)]
        return Recorded(sum(losses[1:], losses[0]) * (1 / len(losses)), embeddings)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The embeddings."""
        return self.model(inputs["x"])


def _unit(x: Tensor, axis: int) -> Tensor:
    return x / f.sqrt((x * x).sum(axis, keepdims=True) + 1e-12)
