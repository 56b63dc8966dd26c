"""The objective of training on boxes: the loss of a map, with images and boxes augmented alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.data import Structure
from chainrule.nn import CenterMap, Layer, RandomAffine, Sequential, Standardize
from chainrule.nn.layer import current_building
from chainrule.program import Tensor
from chainrule.training import Objective, Recorded


@dataclass(frozen=True)
class Detection(Objective):
    """loss(model(x'), y'), where x' and y' are the images and boxes of a batch after `moves`.

    model: images -> a map of class scores and distances, see `CenterMap`. moves: the random moves of images
    and boxes in training. x: (batch, height, width, channels). y: (batch, objects, 5), as the loss takes
    them.
    """

    model: Layer
    loss: CenterMap
    moves: RandomAffine
    needs_targets: ClassVar[bool] = True

    def before(self) -> list[Layer]:
        """The layers of augmentation: those before the model standardizes the images."""
        assert isinstance(self.model, Sequential)  # as every network of this task
        names = [type(layer) for layer in self.model.layers]
        return list(self.model.layers[: names.index(Standardize)])

    def record(self, inputs: Mapping[str, Tensor]) -> Recorded:
        """The loss of the batch, and the map."""
        x, boxes = self.moves(inputs["x"], boxes=inputs["y"])
        outputs = self.model(x)
        with current_building(self).trace.at(layer="loss", label=type(self.loss).__name__):
            return Recorded(self.loss(outputs, boxes, inputs.get("weight")), outputs)

    def forward(self, inputs: Mapping[str, Tensor]) -> Structure:
        """The map."""
        return self.model(inputs["x"])

    def predict(self, outputs: Structure) -> Structure:
        """Probabilities of classes and boxes in pixels, at every place."""
        assert isinstance(outputs, Tensor)  # the model has one output
        with current_building(self).trace.at(layer="loss", label=type(self.loss).__name__):
            return self.loss.predict(outputs)

    def check(self, shapes: Mapping[str, tuple[int, ...]], targets: Mapping[str, Any]) -> None:
        """Check the targets by the loss."""
        self.loss.check(shapes["prediction"], targets["y"])
