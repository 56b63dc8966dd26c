"""Branches that get the same x, and what joins their outputs; Concatenate is among the containers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.containers import checked_layers
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Add(Layer):
    """y = layer_1(x) + … + layer_n(x).

    layers: at least one, whose outputs have one shape, else ShapeError; Sequential([]) is x itself. A
    Residual is such a sum with x.
    Raises ConfigError if an item is not a layer. To add Tensors in a `__call__` of your own, write a + b.
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, x: Tensor) -> Tensor:
        return reduce(Tensor.__add__, _branches(self, x))


@dataclass(frozen=True)
class Multiply(Layer):
    """y = layer_1(x) · … · layer_n(x), elementwise: one branch opens and closes for another.

    layers, errors: those of Add.
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, x: Tensor) -> Tensor:
        return reduce(Tensor.__mul__, _branches(self, x))


@dataclass(frozen=True)
class Average(Layer):
    """y = (layer_1(x) + … + layer_n(x)) / n.

    layers, errors: those of Add.
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, x: Tensor) -> Tensor:
        return reduce(Tensor.__add__, _branches(self, x)) * (1 / len(self.layers))


@dataclass(frozen=True)
class Maximum(Layer):
    """y = max(layer_1(x), …, layer_n(x)), elementwise; of two equal ones each gets half of the derivative.

    layers, errors: those of Add.
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, x: Tensor) -> Tensor:
        return reduce(f.maximum, _branches(self, x))


@dataclass(frozen=True)
class Minimum(Layer):
    """y = min(layer_1(x), …, layer_n(x)), elementwise; of two equal ones each gets half of the derivative.

    layers, errors: those of Add.
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, x: Tensor) -> Tensor:
        return reduce(f.minimum, _branches(self, x))


_Merging = Add | Multiply | Average | Maximum | Minimum


def _check(layer: _Merging) -> None:
    name = type(layer).__name__
    object.__setattr__(layer, "layers", checked_layers(name, layer.layers))
    if not layer.layers:
        raise ConfigError(f"{name}: it has no layers", remedy="give at least one")


def _branches(layer: _Merging, x: Any) -> list[Tensor]:
    outputs: list[Tensor] = [each(x) for each in layer.layers]
    if len({each.shape for each in outputs}) > 1:
        shapes = ", ".join(str(each.shape) for each in outputs)
        raise ShapeError(
            f"{outputs[0].trace.label}: its layers give shapes {shapes}", remedy="make them equal"
        )
    return outputs
