"""Convolution of every channel by itself, and with a mixing of the channels after it."""

from dataclasses import dataclass

from chainrule.nn.activations import activate
from chainrule.nn.initializers import Initializer, check_initializers, he_normal, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.layers.windowed import check_windows, plus_bias
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.functions.convolution import Lengths, Padding, each_axis


@dataclass(frozen=True)
class DepthwiseConv1D(Layer):
    """y[…, c] = Conv1D of channel c by itself, with `multiplier` filters of its own.

    x: float (batch, length, channels) -> (batch, output length, channels · multiplier). Settings and errors
    are those of DepthwiseConv2D, for one spatial axis.
    """

    kernel_size: Lengths
    stride: Lengths = 1
    padding: Padding = "valid"
    dilation: Lengths = 1
    multiplier: int = 1
    activation: str | None = None
    weight: Initializer = he_normal()
    bias: Initializer = zeros
    use_bias: bool = True

    def __post_init__(self) -> None:
        _check_depthwise(self, 1)

    def __call__(self, x: Tensor) -> Tensor:
        return _depthwise(self, x, 1)


@dataclass(frozen=True)
class DepthwiseConv2D(Layer):
    """y[…, c] = Conv2D of channel c by itself, with `multiplier` filters of its own (Chollet 2017).

    Channel c of x gives the channels c · multiplier … (c + 1) · multiplier - 1 of y. A convolution of
    kernel_size 1 after it mixes the channels.
    multiplier: at least 1. weight: initializer of W (*kernel_size, 1, channels · multiplier). Other settings
    and errors are those of Conv2D.
    x: float (batch, height, width, channels) -> (batch, output height, output width, channels · multiplier).
    """

    kernel_size: Lengths
    stride: Lengths = 1
    padding: Padding = "valid"
    dilation: Lengths = 1
    multiplier: int = 1
    activation: str | None = None
    weight: Initializer = he_normal()
    bias: Initializer = zeros
    use_bias: bool = True

    def __post_init__(self) -> None:
        _check_depthwise(self, 2)

    def __call__(self, x: Tensor) -> Tensor:
        return _depthwise(self, x, 2)


@dataclass(frozen=True)
class SeparableConv1D(Layer):
    """y = activation(b + D W), with D = DepthwiseConv1D of x without bias, and W mixing its channels.

    x: float (batch, length, channels) -> (batch, output length, filters). Settings and errors are those of
    SeparableConv2D, for one spatial axis.
    """

    filters: int
    kernel_size: Lengths
    stride: Lengths = 1
    padding: Padding = "valid"
    dilation: Lengths = 1
    multiplier: int = 1
    activation: str | None = None
    depthwise_weight: Initializer = he_normal()
    weight: Initializer = he_normal()
    bias: Initializer = zeros
    use_bias: bool = True

    def __post_init__(self) -> None:
        _check_separable(self, 1)

    def __call__(self, x: Tensor) -> Tensor:
        return _separable(self, x, 1)


@dataclass(frozen=True)
class SeparableConv2D(Layer):
    """y = activation(b + D W), with D = DepthwiseConv2D of x without bias, and W mixing its channels.

    Chollet 2017: a convolution of channels by themselves, and one of kernel_size 1; for k taps and many
    filters about k times fewer parameters and products than Conv2D.
    filters: channels of the output, at least 1. multiplier: filters for each channel of x, at least 1.
    depthwise_weight, weight: initializers of (*kernel_size, 1, channels · multiplier) and W (channels ·
    multiplier, filters). Other settings and errors are those of Conv2D.
    x: float (batch, height, width, channels) -> (batch, output height, output width, filters).
    """

    filters: int
    kernel_size: Lengths
    stride: Lengths = 1
    padding: Padding = "valid"
    dilation: Lengths = 1
    multiplier: int = 1
    activation: str | None = None
    depthwise_weight: Initializer = he_normal()
    weight: Initializer = he_normal()
    bias: Initializer = zeros
    use_bias: bool = True

    def __post_init__(self) -> None:
        _check_separable(self, 2)

    def __call__(self, x: Tensor) -> Tensor:
        return _separable(self, x, 2)


_Depthwise = DepthwiseConv1D | DepthwiseConv2D
_Separable = SeparableConv1D | SeparableConv2D


def _check_depthwise(layer: _Depthwise | _Separable, axes: int) -> None:
    check_windows(layer, axes)
    check_whole(layer, "multiplier", layer.multiplier)


def _check_separable(layer: _Separable, axes: int) -> None:
    _check_depthwise(layer, axes)
    check_initializers(layer, "depthwise_weight")
    check_whole(layer, "filters", layer.filters)


def _depthwise(layer: _Depthwise, x: Tensor, axes: int) -> Tensor:
    return activate(layer.activation, plus_bias(layer, _by_channel(layer, x, axes, "weight", layer.weight)))


def _separable(layer: _Separable, x: Tensor, axes: int) -> Tensor:
    each = _by_channel(layer, x, axes, "depthwise_weight", layer.depthwise_weight)
    y = each @ layer.param("weight", (each.shape[-1], layer.filters), layer.weight, x.dtype)
    return activate(layer.activation, plus_bias(layer, y))


def _by_channel(
    layer: _Depthwise | _Separable, x: Tensor, axes: int, name: str, initializer: Initializer
) -> Tensor:
    """Every channel convolved by itself: (batch, *places, channels · multiplier)."""
    need_space(x, axes)
    channels = x.shape[-1]
    shape = (*each_axis(layer.kernel_size, axes), 1, channels * layer.multiplier)
    return f.convolution(
        x,
        layer.param(name, shape, initializer, x.dtype),
        stride=layer.stride,
        dilation=layer.dilation,
        padding=layer.padding,
        groups=channels,
    )
