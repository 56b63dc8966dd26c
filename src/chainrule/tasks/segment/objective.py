"""The objective of training on masks."""

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
    """loss(network(x), y), where training moves the mask y together with the image x.

    network: (batch, height, width, channels) -> logits (batch, height, width, classes). moves: the random
    moves of image and mask in training; mask pixels from beyond the border become void. part: (height, width)
    in the middle to which images are cropped after the moves; None: not cropped.
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
        """The logits of the images, without moves."""
        return self.network(inputs["x"])

    def predict(self, outputs: Structure) -> Structure:
        """The most probable class of each pixel."""
        assert isinstance(outputs, Tensor)  # of the network
        return f.argmax(outputs)

    def check(self, shapes: Mapping[str, tuple[int, ...]], targets: Mapping[str, Any]) -> None:
        """Check the targets by the loss."""
        self.loss.check(shapes["prediction"], targets["y"])


def _middle(x: Tensor, part: tuple[int, int]) -> Tensor:
    top, left = ((whole - wanted) // 2 for whole, wanted in zip(x.shape[1:3], part, strict=True))
    return x[:, top : top + part[0], left : left + part[1]]
