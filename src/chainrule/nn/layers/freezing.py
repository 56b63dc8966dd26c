"""Layers that are used but not trained."""

from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError
from chainrule.nn.layer import Layer, current_building


@dataclass(frozen=True)
class Frozen(Layer):
    """y = layer(x) as in prediction, with parameters and state that training does not change.

    No gradient is computed for its parameters, and no optimizer, penalty or weight decay changes them.
    Dropout and augmentation within do nothing, and BatchNorm uses its running statistics. The derivative with
    respect to x flows through to earlier layers.
    layer: any layer; a Sequential is frozen as a whole.
    Inputs, outputs and names of arrays are those of the layer, so stored weights fit with and without Frozen.
    Raises ConfigError for something else than a layer.
    """

    layer: Layer

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            raise ConfigError(
                f"Frozen: layer is {self.layer!r}, not a layer", remedy="give it one, such as Dense(64)"
            )

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        with current_building(self).frozen():
            return self.layer(*inputs, **options)

    def placed(self) -> Layer:
        """The layer within, which gets the place and name."""
        return self.layer.placed()
