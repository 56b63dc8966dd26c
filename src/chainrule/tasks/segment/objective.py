"""What one step of training on masks makes small."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.data import Structure
from chainrule.data.images.mask_source import VOID
from chainrule.nn import CrossEntropyDice, Layer, RandomAffine
from chainrule.nn.layer import current_building
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training import Objective, Recorded


@dataclass(frozen=True)
class Segmentation(Objective):
    """loss(network(x), y), where the moves of training take the mask y along with the picture x.

    network: (batch, height, width, channels) -> logits (batch, height, width, classes). moves: in training,
    of picture and mask alike. part: (height, width) in the middle, after the moves, that training sees; None:
    all. What the moves bring in from outside is void in the mask.
    `predict` gives class numbers, int32 (batch, height, width).
    """

    network: Layer
    loss: CrossEntropyDice
    moves: RandomAffine
    part: tuple[int, int] | None = None
    needs_targets: ClassVar[bool] = True

    def record(self, inputs: Mapping[str, Tensor]) -> Recorded:
        """The loss of the batch."""
        built = current_building(self)
        x, y = inputs["x"], inputs["y"]
        if built.training:
            x, y = self.moves(x, y, void=VOID)
            if self.part is not None:
                x, y = _middle(x, self.part), _middle(y, self.part)
        outputs = self.network(x)
        with built.trace.at(layer="loss", label=type(self.loss).__name__):
            return Recorded(self.loss(outputs, y, inputs.get("weight")), outputs)

    def forward(self, inputs: Mapping[str, Tensor]) -> Structure:
        """The logits of the pictures as they are."""
        return self.network(inputs["x"])

    def predict(self, outputs: Structure) -> Structure:
        """The likeliest class of each pixel."""
        assert isinstance(outputs, Tensor)  # of the network
        return f.argmax(outputs)

    def check(self, shapes: Mapping[str, tuple[int, ...]], targets: Mapping[str, Any]) -> None:
        """As the loss does."""
        self.loss.check(shapes["prediction"], targets["y"])


def _middle(x: Tensor, part: tuple[int, int]) -> Tensor:
    top, left = ((whole - wanted) // 2 for whole, wanted in zip(x.shape[1:3], part, strict=True))
    return x[:, top : top + part[0], left : left + part[1]]
