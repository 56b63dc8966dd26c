"""Layers that repeat: an example along time, and a layer at every time."""

from dataclasses import dataclass

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class RepeatVector(Layer):
    """y[t] = x at each of `times` times, such as what a decoder is to begin from.

    times: at least 1. x: float (batch, features) -> (batch, times, features).
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank, DTypeError unless x is
    float.
    """

    times: int

    def __post_init__(self) -> None:
        check_whole(self, "times", self.times)

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim != 2:
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (batch, features)")
        need_floats(x)
        batch, features = x.shape
        return f.broadcast_to(x.reshape(batch, 1, features), (batch, self.times, features))


@dataclass(frozen=True)
class TimeDistributed(Layer):
    """y[t] = layer(x[t]): one layer, with the same parameters, at every time.

    Such as a convolution of every image of a film. Dense and whatever acts along the last axis need it not.
    layer: it gets (batch · time, …), so that BatchNorm counts all times.
    x: (batch, time, …) -> (batch, time, …).
    Raises ConfigError for what is no layer; while recording, ShapeError for fewer than three axes.
    """

    layer: Layer

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            raise ConfigError(
                f"TimeDistributed: layer is {self.layer!r}", remedy="give it a layer, such as Conv2D(8, 3)"
            )

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 3:
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (batch, time, …)")
        batch, time = x.shape[:2]
        y = self.layer(x.reshape(batch * time, *x.shape[2:]))
        return y.reshape(batch, time, *y.shape[1:])
