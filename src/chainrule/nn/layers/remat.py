"""Time for memory: layers whose values are made once more instead of being kept."""

from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError
from chainrule.nn.layer import Layer
from chainrule.program import Tensor


@dataclass(frozen=True)
class Remat(Layer):
    """y = layer(x), of which only x is kept for the reverse pass, which makes the rest once more.

    Chen et al. 2016: a stack of n such layers keeps n inputs and the inner values of one layer, instead of
    those of all, for the work of one more forward pass. Results and derivatives are the same to the bit;
    random numbers, such as those of dropout, repeat. One inside another adds nothing.
    layer: any; a Sequential of several is recomputed as a whole.
    Inputs, outputs and the names of parameters are those of the layer, so that weights fit with and without
    it. Raises ConfigError unless it holds a layer.
    """

    layer: Layer

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            raise ConfigError(
                f"Remat: layer is {self.layer!r}, not a layer", remedy="give it one, such as Dense(64)"
            )

    def __call__(self, x: Tensor, *others: Any, **options: Any) -> Any:
        with x.trace.recomputing():
            return self.layer(x, *others, **options)

    def placed(self) -> Layer:
        """The layer that it holds."""
        return self.layer.placed()


def remat(layer: Layer) -> Remat:
    """y = layer(x), with its values made once more in the reverse pass instead of being kept."""
    return Remat(layer)
