"""What training of boxes minimizes: the loss of a map, of images and boxes that are moved alike."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule.data import Structure
from chainrule.nn import CenterMap, Layer, RandomAffine
from chainrule.nn.layer import current_building
from chainrule.program import Tensor
from chainrule.training import Objective, Recorded
from chainrule.training.objective import Tensors


@dataclass(frozen=True)
class Detection(Objective):
    """loss(model(x'), y'), x' and y' the images and boxes of a batch, in training moved alike by chance.

    model: images -> a map of class scores and distances, see `CenterMap`. moves: how images and boxes are
    moved. x: (batch, height, width, channels). y: (batch, objects, 5), as the loss takes them.
    """

    model: Layer
    loss: CenterMap
    moves: RandomAffine
    needs_targets: ClassVar[bool] = True

    def record(self, inputs: Tensors) -> Recorded:
        """The loss of the batch, and the map."""
        moved = self.moves(inputs["x"], boxes=inputs["y"])
        assert isinstance(moved, tuple)  # as it gets boxes
        x, boxes = moved
        outputs = self.model(x)
        with current_building(self).trace.at(layer="loss", label=type(self.loss).__name__):
            return Recorded(self.loss(outputs, boxes), outputs)

    def forward(self, inputs: Tensors) -> Structure:
        """The map."""
        return self.model(inputs["x"])

    def predict(self, outputs: Structure) -> Structure:
        """Probabilities of classes and boxes in pixels, at every place."""
        assert isinstance(outputs, Tensor)  # the model has one output
        with current_building(self).trace.at(layer="loss", label=type(self.loss).__name__):
            return self.loss.predict(outputs)
