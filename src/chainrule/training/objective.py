"""Objectives: what one step of training minimizes, recorded from the named arrays of a batch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any, ClassVar

from chainrule.data import Structure, belonging, flattened, nested
from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.nn.layer import Building, Layer, current_building, held_layers
from chainrule.nn.losses import Loss, MultiOutputLoss
from chainrule.nn.mixing import Mixing
from chainrule.nn.part import Part, is_ours
from chainrule.nn.results import check_scalar, check_tensors, described
from chainrule.program import Tensor
from chainrule.program import functions as f

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Recorded:
    """The loss and the outputs of a batch.

    loss: a scalar, without penalties. outputs: the raw outputs of the model, such as logits: a Tensor, or a
    tuple or mapping of Tensors, with examples along their first axis.
    """

    loss: Tensor
    outputs: Structure


@dataclass(frozen=True)
class Objective(Part, ABC):
    """What one step of training minimizes.

    A frozen dataclass with its layers as fields; their parameters are named after the fields, such as
    'encoder.dense_1.weight'. `record` may call each layer any number of times, and compute any loss of
    several inputs and outputs, with targets of any structure or without targets.
    needs_targets: True: data without targets are refused before training.
    """

    needs_targets: ClassVar[bool] = False

    @abstractmethod
    def record(self, inputs: Tensors) -> Recorded:
        """The loss and the outputs for a batch.

        inputs: by the names of `chainrule.data.Arrays`: 'x' or 'x.left' …, and if the data have them 'y' or
        'y.kind' … and 'weight'. chainrule.data.nested("x", inputs) restores the structure of the data.
        """

    def forward(self, inputs: Tensors) -> Structure:
        """The outputs, from inputs without targets; by default those of `record`."""
        return checked(self, self.record(inputs)).outputs

    def predict(self, outputs: Structure) -> Structure:
        """The predictions for these outputs, such as probabilities; by default the outputs themselves."""
        return outputs

    def residuals(self, inputs: Tensors) -> Tensor | None:
        """(batch, n) numbers whose squares sum to the loss of each example, for methods of least squares.

        The loss is then their mean over the examples, with sample weights. None, the default, for an
        objective that is no sum of squares.
        """
        return None

    def layers(self) -> list[tuple[str, Layer]]:
        """The layers in its fields, with the names of their places."""
        return held_layers(self)

    def takes_whole_numbers(self) -> bool:
        """Whether integer inputs stay integers; see `Layer.takes_whole_numbers`."""
        return any(layer.takes_whole_numbers() for _, layer in held_layers(self))

    def check(self, shapes: Mapping[str, tuple[int, ...]], targets: Mapping[str, Any]) -> None:
        """Check the targets before training; raises DataError for wrong ones.

        shapes: of the outputs for all examples, by the names 'prediction' or 'prediction.kind' …. targets: by
        the names 'y' or 'y.kind' ….
        """


@dataclass(frozen=True)
class Supervised(Objective):
    """loss(model(x), y): a model learns targets from inputs.

    model: called with the inputs in the structure of the data. loss: of its outputs and the targets. mixing:
    of the examples of a batch in training, such as MixUp(); or None.
    Parameters are named after their places within the model, such as 'dense_1.weight'.
    Raises ConfigError for a field of another type.
    """

    model: Layer
    loss: Loss
    mixing: Mixing | None = None
    needs_targets: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_type("model", self.model, Layer, "a layer, such as Sequential([Dense(64, 'relu'), Dense(3)])")
        check_type("loss", self.loss, Loss, "a loss, such as SoftmaxCrossEntropy()")
        if self.mixing is not None:
            check_type("mixing", self.mixing, Mixing, "a mixing, such as MixUp(0.2)")

    def record(self, inputs: Tensors) -> Recorded:
        """The loss and outputs of the batch, whose examples are mixed in training."""
        built = current_building(self)
        if self.mixing is None or not built.training:
            outputs = self.forward(inputs)
            return Recorded(self._loss(outputs, inputs), outputs)
        owner = type(self.mixing).__name__
        with built.trace.at(layer="mixing", label=owner):
            mixed = self.mixing(self._single(inputs), built.random_bits)
            check_tensors(owner, mixed)
            x, partners, share = mixed
            theirs = {name: f.gather(tensor, partners) for name, tensor in inputs.items() if name != "x"}
        outputs = self.forward({"x": x})
        with built.trace.at(layer="mixing"):
            loss = share * self._loss(outputs, inputs) + (1.0 - share) * self._loss(outputs, theirs)
            return Recorded(loss, outputs)

    def forward(self, inputs: Tensors) -> Structure:
        """The outputs of the model."""
        outputs = self.model(nested("x", inputs))
        if is_ours(type(self.loss)) and not isinstance(self.loss, MultiOutputLoss):
            if not isinstance(outputs, Tensor):
                raise ChainruleError(
                    f"{type(self.model).__name__} gives {described(outputs)}, and "
                    f"{type(self.loss).__name__} takes one Tensor",
                    remedy="give a loss for each of them, such as nn.MultiOutputLoss, or return one Tensor",
                )
        else:
            check_tensors(type(self.model).__name__, outputs)
        return outputs

    def predict(self, outputs: Structure) -> Structure:
        """The predictions of the loss, such as probabilities for cross-entropies."""
        owner = type(self.loss).__name__
        with current_building(self).trace.at(layer="loss", label=owner):
            predicted = self.loss.predict(outputs)
            check_tensors(owner, predicted, "its predict")
            return predicted

    def residuals(self, inputs: Tensors) -> Tensor | None:
        """Those of the loss; None where examples are mixed."""
        if self.mixing is not None:
            return None
        return self.loss.residuals(self.forward(inputs), nested("y", inputs))

    def layers(self) -> list[tuple[str, Layer]]:
        """None: the model is the root of all names."""
        return []

    def check(self, shapes: Mapping[str, tuple[int, ...]], targets: Mapping[str, Any]) -> None:
        """Check the targets by the loss."""
        given = nested("y", targets)
        if is_ours(type(self.loss)) and not isinstance(self.loss, MultiOutputLoss) and "y" not in targets:
            raise DataError(
                f"the targets are {' and '.join(targets)}, and {type(self.loss).__name__} takes one array",
                remedy="give a loss for each of them, such as nn.MultiOutputLoss",
            )
        self.loss.check(nested("prediction", shapes), given)

    def _single(self, inputs: Tensors) -> Tensor:
        if "x" in inputs:
            return inputs["x"]
        raise ConfigError(
            f"{type(self.mixing).__name__} mixes one array, and the inputs are "
            f"{' and '.join(belonging('x', inputs))}",
            remedy="leave mixing out, or mix within an objective of your own",
        )

    def _loss(self, outputs: Structure, inputs: Tensors) -> Tensor:
        owner = type(self.loss).__name__
        with current_building(self).trace.at(layer="loss", label=owner):
            loss = self.loss(outputs, nested("y", inputs), inputs.get("weight"))
            check_scalar(owner, "its __call__", loss)
            return loss


def recorded(objective: Objective, inputs: Tensors, built: Building) -> Recorded:
    """`objective.record`, with its layers in their places, and its result checked."""
    with built.holding(objective.layers()):
        return checked(objective, objective.record(_Named(inputs)))


def checked(objective: Objective, result: Any) -> Recorded:
    """The result of an objective's record. Raises ChainruleError, naming the objective, for another type."""
    owner = type(objective).__name__
    if not isinstance(result, Recorded):
        raise ChainruleError(
            f"{owner}: its record gave {described(result)}", remedy="return Recorded(loss, outputs)"
        )
    check_scalar(owner, "the loss of its record", result.loss)
    check_tensors(owner, result.outputs, "its record")
    return result


def forwarded(objective: Objective, inputs: Tensors, built: Building, *, raw: bool) -> dict[str, Tensor]:
    """The predictions of an objective, as 'prediction' or 'prediction.kind' …; raw: its outputs instead."""
    with built.holding(objective.layers()):
        outputs = objective.forward(_Named(inputs))
    return predicted(objective, outputs, raw=raw)


def predicted(objective: Objective, outputs: Structure, *, raw: bool) -> dict[str, Tensor]:
    """The predictions for outputs, by name; raw: the outputs instead."""
    said = outputs if raw else objective.predict(outputs)
    check_tensors(type(objective).__name__, said, "what it predicts")
    return flattened("prediction", said)


def check_type(name: str, value: object, kind: type, example: str) -> None:
    """Raises ConfigError for a setting that is not of this class."""
    if not isinstance(value, kind):
        named = isinstance(value, type | FunctionType)  # passed without being called
        got = described(value) if named else repr(value if isinstance(value, str) else type(value).__name__)
        raise ConfigError(f"{name} is {got}", remedy=f"give {example}")


class _Named(dict[str, Tensor]):
    """The inputs of a batch; a missing one raises DataError that names it."""

    def __missing__(self, name: str) -> Tensor:
        raise DataError(f"there is no {name} among {', '.join(self)}", remedy=f"give {name} too")
