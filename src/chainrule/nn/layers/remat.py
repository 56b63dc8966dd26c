"""Recomputation: the reverse pass computes a layer's values again instead of keeping them in memory."""

from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError
from chainrule.nn.layer import Layer
from chainrule.program import Tensor


@dataclass(frozen=True)
class Remat(Layer):
    """y = layer(x); only x is kept for the reverse pass, which computes the inner values again.

    Chen et al. 2016: a stack of n such layers keeps n inputs and the inner values of one layer, instead of
    those of all layers, for the work of a second forward pass. Outputs and derivatives are the same to the
    bit; random numbers, such as those of dropout, repeat. Remat within Remat has no further effect.
    layer: any layer; a Sequential is recomputed as a whole.
    Inputs, outputs and names of parameters are those of the layer, so stored weights fit with and without
    Remat. Raises ConfigError for something else than a layer.
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
        """The layer within, which gets the place and name."""
        return self.layer.placed()


def remat(layer: Layer) -> Remat:
    """y = layer(x), whose values the reverse pass computes again instead of keeping them; see `Remat`."""
    return Remat(layer)
