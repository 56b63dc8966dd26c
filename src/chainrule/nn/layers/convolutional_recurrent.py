"""Recurrent layers of films and the like: a convolution in place of each matrix."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.initializers import (
    Initializer,
    check_initializers,
    filled_parts,
    glorot_uniform,
    orthogonal,
)
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.settings import check_flag, check_whole, checked_lengths
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.functions.convolution import Lengths, each_axis


@dataclass(frozen=True)
class ConvLSTM1D(Layer):
    """c_t = f c_(t-1) + i g, h_t = o tanh c_t, as in ConvLSTM2D, of sequences of signals.

    x: float (batch, time, length, channels) -> (batch, length, filters), or with return_sequences (batch,
    time, length, filters). Settings and errors are those of ConvLSTM2D.
    """

    filters: int
    kernel_size: Lengths
    return_sequences: bool = False
    weight: Initializer = glorot_uniform()
    recurrent: Initializer = orthogonal()
    bias: Initializer = filled_parts(0.0, 1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        _check(self, 1)

    def __call__(self, x: Tensor) -> Tensor:
        return _scanned(self, x, 1)


@dataclass(frozen=True)
class ConvLSTM2D(Layer):
    """c_t = f c_(t-1) + i g, h_t = o tanh c_t, with i, f, o = σ(…), g = tanh(…) of x_t ∗ W + h_(t-1) ∗ V + b.

    Shi et al. 2015, equation 3, without peepholes: an LSTM whose products are convolutions ∗, with zeros
    around so that height and width stay; h_0 = c_0 = 0. W, V and b hold the parts of i, f, g, o along their
    last axis.
    filters: channels of h, at least 1. kernel_size: of both windows, at least 1, a number or one for each
    axis. return_sequences: True gives h of every time, False that of the last. weight, recurrent, bias:
    initializers of W (*kernel_size, channels, 4 filters), of V (*kernel_size, filters, 4 filters), the
    parameter 'recurrent_weight', and of b (4 filters,), which is 1 for f.
    x: float (batch, time, height, width, channels), time at least 1 -> (batch, height, width, filters), or
    with return_sequences (batch, time, height, width, filters).
    Raises ConfigError for a bad setting; while recording, ShapeError for other shapes, DTypeError unless x is
    float.
    """

    filters: int
    kernel_size: Lengths
    return_sequences: bool = False
    weight: Initializer = glorot_uniform()
    recurrent: Initializer = orthogonal()
    bias: Initializer = filled_parts(0.0, 1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        _check(self, 2)

    def __call__(self, x: Tensor) -> Tensor:
        return _scanned(self, x, 2)


@dataclass(frozen=True)
class ConvLSTM3D(Layer):
    """c_t = f c_(t-1) + i g, h_t = o tanh c_t, as in ConvLSTM2D, of sequences of volumes.

    x: float (batch, time, depth, height, width, channels) -> (batch, depth, height, width, filters), or with
    return_sequences (batch, time, depth, height, width, filters). Settings and errors are those of
    ConvLSTM2D.
    """

    filters: int
    kernel_size: Lengths
    return_sequences: bool = False
    weight: Initializer = glorot_uniform()
    recurrent: Initializer = orthogonal()
    bias: Initializer = filled_parts(0.0, 1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        _check(self, 3)

    def __call__(self, x: Tensor) -> Tensor:
        return _scanned(self, x, 3)


_ConvLSTM = ConvLSTM1D | ConvLSTM2D | ConvLSTM3D


def _check(layer: _ConvLSTM, axes: int) -> None:
    check_whole(layer, "filters", layer.filters)
    object.__setattr__(layer, "kernel_size", checked_lengths(layer, "kernel_size", layer.kernel_size, axes))
    check_flag(layer, "return_sequences", layer.return_sequences)
    check_initializers(layer, "weight", "recurrent", "bias")


def _scanned(layer: _ConvLSTM, x: Tensor, axes: int) -> Tensor:
    if x.ndim != axes + 3 or x.shape[1] == 0:
        raise ShapeError(
            f"{x.trace.label} got x of shape {x.shape}; it needs (batch, time, *space, channels) with {axes} "
            "axes of space, and at least one element in time"
        )
    need_floats(x)
    batch, time, *space, channels = x.shape
    window, filters = each_axis(layer.kernel_size, axes), layer.filters
    weight = layer.param("weight", (*window, channels, 4 * filters), layer.weight, x.dtype)
    recurrent = layer.param("recurrent_weight", (*window, filters, 4 * filters), layer.recurrent, x.dtype)
    bias = layer.param("bias", (4 * filters,), layer.bias, x.dtype)
    # What x contributes, of all times at once.
    flat = f.convolution(x.reshape(batch * time, *space, channels), weight, padding="same") + bias
    by_time = flat.reshape(batch, time, *space, 4 * filters).transpose(1, 0, *range(2, axes + 3))

    def step(
        carries: list[Tensor], elements: list[Tensor], constants: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        hidden, cell = carries
        gates = elements[0] + f.convolution(hidden, constants[0], padding="same")
        i, forget, g, o = (gates[..., part * filters : (part + 1) * filters] for part in range(4))
        cell = f.sigmoid(forget) * cell + f.sigmoid(i) * f.tanh(g)
        return [f.sigmoid(o) * f.tanh(cell), cell], []

    start = f.broadcast_to(x.trace.constant(0.0, x.dtype), (batch, *space, filters))
    hidden = f.scan(step, [start, start], [by_time], [recurrent]).carries[0]
    return hidden.transpose(1, 0, *range(2, axes + 3)) if layer.return_sequences else hidden[-1]
