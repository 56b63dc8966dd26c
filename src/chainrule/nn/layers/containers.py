"""Layers made of layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


def checked_layers(owner: str, layers: Any) -> tuple[Layer, ...]:
    """Layers as a tuple, given one or several; raises ConfigError for an item that is no layer."""
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
        object.__setattr__(self, "layers", checked_layers("Sequential", self.layers))

    def __call__(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


@dataclass(frozen=True)
class Residual(Layer):
    """y = shortcut(x) + layers(x), the layers in order (He et al. 2016, the plain sum without activation).

    layers: must return the shape that the shortcut returns, else ShapeError. shortcut: None is x itself. If
    the layers change the shape of images, use the paper's projection, Sequential([Conv2D(filters, 1, stride,
    use_bias=False), BatchNorm()]), with their filters and stride.
    Raises ConfigError if an item is not a layer.
    """

    layers: Sequence[Layer]
    shortcut: Layer | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", checked_layers("Residual", self.layers))
        if not isinstance(self.shortcut, Layer | None):
            raise ConfigError(
                f"Residual: shortcut is {self.shortcut!r}",
                remedy="it must be a layer or None, which is x itself",
            )

    def __call__(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.layers:
            y = layer(y)
        around = x if self.shortcut is None else self.shortcut(x)
        if y.shape != around.shape:
            other = "x" if self.shortcut is None else f"what its shortcut gives, {around.shape}"
            raise ShapeError(
                f"{x.trace.label}: its layers turn shape {x.shape} into {y.shape}, "
                f"which can't be added to {other}",
                remedy="make the last inner layer as wide as the input, or give it a shortcut of that shape",
            )
        return around + y


@dataclass(frozen=True)
class Padded(Layer):
    """y = layers(x padded with zeros), without the rows and columns that were added.

    For layers that halve images and double them again, as a U-Net does: height and width are padded to the
    next multiple, equally on both sides, an odd row or column below or to the right.
    layers: in order; they must keep height and width, else ShapeError. multiple: in pixels, at least 1.
    x: (batch, height, width, channels) -> (batch, height, width, channels of the last layer).
    Raises ConfigError if an item is not a layer, or for a bad multiple.
    """

    layers: Sequence[Layer]
    multiple: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", checked_layers("Padded", self.layers))
        check_whole(self, "multiple", self.multiple)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        lacking = [-length % self.multiple for length in x.shape[1:3]]
        before = [0, *(each // 2 for each in lacking), 0]
        after = [0, *(each - each // 2 for each in lacking), 0]
        y = filled = f.pad(x, before, after)
        for layer in self.layers:
            y = layer(y)
        if y.shape[:3] != filled.shape[:3]:
            raise ShapeError(
                f"{x.trace.label}: its layers turn shape {filled.shape} into {y.shape}",
                remedy="make them give as many rows and columns as they get",
            )
        (top, left), (height, width) = before[1:3], x.shape[1:3]
        return y[:, top : top + height, left : left + width]


@dataclass(frozen=True)
class Concatenate(Layer):
    """y = [layer_1(x), …, layer_n(x)], concatenated along an axis (Szegedy et al. 2015).

    layers: at least one; Sequential([]) is x itself, as in a densely connected block (Huang et al. 2017).
    axis: of the outputs, -1 for the last; their other axes must be equal, else ShapeError.
    Raises ConfigError if an item is not a layer or axis not a whole number.
    To concatenate Tensors in a `__call__` of your own, use program.functions.concatenate.
    """

    layers: Sequence[Layer]
    axis: int = -1

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", checked_layers("Concatenate", self.layers))
        if not self.layers:
            raise ConfigError("Concatenate: it has no layers", remedy="give at least one")
        if isinstance(self.axis, bool) or not isinstance(self.axis, int):
            raise ConfigError(f"Concatenate: axis is {self.axis!r}", remedy="it must be a whole number")

    def __call__(self, x: Tensor) -> Tensor:
        return f.concatenate([layer(x) for layer in self.layers], self.axis)
