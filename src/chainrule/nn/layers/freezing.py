"""Layers that are used and not trained."""

from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError
from chainrule.nn.layer import Layer, current_building


@dataclass(frozen=True)
class Frozen(Layer):
    """y = layer(x) as in prediction, whose arrays training leaves as they are.

    Its parameters are state that nothing updates: no gradient is computed for them and no optimizer, penalty
    or decay moves them. Dropout and augmentation inside do nothing, and BatchNorm takes its running
    statistics. A derivative flows through to what lies before.
    layer: any; a Sequential of several is frozen as a whole.
    Inputs, outputs and the names of arrays are those of the layer, so that weights fit with and without it.
    Raises ConfigError unless it holds a layer.
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
        """The layer that it holds."""
        return self.layer.placed()
