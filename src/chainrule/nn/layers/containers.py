"""Layers made of layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.program import Tensor


def _checked_layers(owner: str, layers: Any) -> tuple[Layer, ...]:
    several = isinstance(layers, Sequence) and not isinstance(layers, str)
    listed: tuple[Any, ...] = tuple(layers) if several else (layers,)
    for number, layer in enumerate(listed, start=1):
        if not isinstance(layer, Layer):
            raise ConfigError(
                f"{owner}: item {number} is {layer!r}, not a layer",
                remedy=f"pass a list of layers, such as {owner}([Dense(64, 'relu'), Dense(1)])",
            )
    return listed


@dataclass(frozen=True)
class Sequential(Layer):
    """y = layer_n(… layer_2(layer_1(x))).

    layers: the layers in order; a list becomes a tuple. Their parameters are named by kind and number, such
    as 'dense_1.weight', 'dense_2.weight'. Without layers, y = x.
    Raises ConfigError if an item is not a layer.
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", _checked_layers("Sequential", self.layers))

    def __call__(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


@dataclass(frozen=True)
class Residual(Layer):
    """y = x + layers(x), the layers in order (He et al. 2016, the plain sum without activation).

    layers: must return the shape they get; otherwise ShapeError.
    """

    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", _checked_layers("Residual", self.layers))

    def __call__(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.layers:
            y = layer(y)
        if y.shape != x.shape:
            raise ShapeError(
                f"{x.trace.label}: its layers turn shape {x.shape} into {y.shape}, which can't be added to x",
                remedy="make the last inner layer as wide as the input",
            )
        return x + y
