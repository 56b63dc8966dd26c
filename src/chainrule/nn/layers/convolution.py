"""Convolution over one and two spatial axes: plain, transposed, depthwise.

As usual in the field, it is a correlation: the window is not flipped. Data is channels-last. The default is
no padding, as in PyTorch and Keras.
"""

from dataclasses import dataclass

from chainrule.errors import ConfigError
from chainrule.nn.activations import activate, check_activation
from chainrule.nn.initializers import Initializer, check_initializers, he_normal, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import check_flag, check_whole, checked_lengths, checked_padding
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.functions.convolution import Lengths, Padding, each_axis


@dataclass(frozen=True)
class Conv1D(Layer):
    """y[p] = activation(b + Σ over taps k and channels of x[p · stride + k · dilation] W[k]).

    x: float (batch, length, channels) -> (batch, output length, filters). Settings and errors are those of
    Conv2D, for one spatial axis.
    """

    filters: int
    kernel_size: Lengths
    stride: Lengths = 1
    padding: Padding = "valid"
    dilation: Lengths = 1
    groups: int = 1
    activation: str | None = None
    weight: Initializer = he_normal()
    bias: Initializer = zeros
    use_bias: bool = True

    def __post_init__(self) -> None:
        _check_windows(self, 1)
        _check_filters(self)

    def __call__(self, x: Tensor) -> Tensor:
        return _convolved(self, x, 1)


@dataclass(frozen=True)
class Conv2D(Layer):
    """y[p, q] = activation(b + Σ over taps (k, l) and channels of x[p s + k d, q s + l d] W[k, l]).

    s is the stride, d the dilation (LeCun et al. 1998; dilated: Yu and Koltun 2016).
    filters: channels of the output, at least 1. kernel_size: taps of the window, at least 1, a number or one
    for each axis. stride: elements from one window to the next, likewise. dilation: elements from one tap to
    the next, likewise.
    padding: zeros around x: 'valid' for none; 'same' so that the output has ceil(length / stride) positions,
    with an odd zero at the end; or (before, after) for each axis. groups: channels and filters are divided
    into so many groups, each convolved by itself; it must divide both.
    activation: a name in nn.ACTIVATIONS; None is linear. weight, bias: initializers of W (*kernel_size,
    channels / groups, filters) and b (filters,). use_bias: False leaves b out, as before BatchNorm.
    x: float (batch, height, width, channels) -> (batch, output height, output width, filters).
    Raises ConfigError for a bad setting; while recording, ShapeError if the window is larger than the padded
    x or the groups do not divide the channels, and DTypeError unless x is float.
    """

    filters: int
    kernel_size: Lengths
    stride: Lengths = 1
    padding: Padding = "valid"
    dilation: Lengths = 1
    groups: int = 1
    activation: str | None = None
    weight: Initializer = he_normal()
    bias: Initializer = zeros
    use_bias: bool = True

    def __post_init__(self) -> None:
        _check_windows(self, 2)
        _check_filters(self)

    def __call__(self, x: Tensor) -> Tensor:
        return _convolved(self, x, 2)


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
        _check_windows(self, 2)
        check_whole(self, "multiplier", self.multiplier)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        channels = x.shape[-1]
        shape = (*each_axis(self.kernel_size, 2), 1, channels * self.multiplier)
        weight = self.param("weight", shape, self.weight, x.dtype)
        y = f.convolution(
            x, weight, stride=self.stride, dilation=self.dilation, padding=self.padding, groups=channels
        )
        return activate(self.activation, _plus_bias(self, y))


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
        _check_windows(self, 2)
        check_initializers(self, "depthwise_weight")
        check_whole(self, "filters", self.filters)
        check_whole(self, "multiplier", self.multiplier)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        channels = x.shape[-1]
        width = channels * self.multiplier
        window = self.param(
            "depthwise_weight", (*each_axis(self.kernel_size, 2), 1, width), self.depthwise_weight, x.dtype
        )
        each = f.convolution(
            x, window, stride=self.stride, dilation=self.dilation, padding=self.padding, groups=channels
        )
        y = each @ self.param("weight", (width, self.filters), self.weight, x.dtype)
        return activate(self.activation, _plus_bias(self, y))


@dataclass(frozen=True)
class ConvTranspose2D(Layer):
    """y[p s + k d, q s + l d] += x[p, q] W[k, l]: the adjoint of Conv2D by its input (Zeiler et al. 2010).

    filters: channels of the output, at least 1. padding: that of the Conv2D whose adjoint this is, so it
    makes the output smaller. The output length is length · stride for 'same', (length - 1) · stride + extent
    of the window for 'valid', and before + after less than that for (before, after).
    weight: initializer of W (*kernel_size, channels, filters). Other settings are those of Conv2D.
    x: float (batch, height, width, channels) -> (batch, output height, output width, filters).
    Raises ConfigError for a bad setting; while recording, ShapeError for a wrong shape or an output length
    below 1, and DTypeError unless x is float.
    """

    filters: int
    kernel_size: Lengths
    stride: Lengths = 1
    padding: Padding = "valid"
    dilation: Lengths = 1
    activation: str | None = None
    weight: Initializer = he_normal()
    bias: Initializer = zeros
    use_bias: bool = True

    def __post_init__(self) -> None:
        _check_windows(self, 2)
        check_whole(self, "filters", self.filters)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        shape = (*each_axis(self.kernel_size, 2), x.shape[-1], self.filters)
        # Kept as (…, inputs, outputs) like every kernel, so that initializers know which is which.
        weight = self.param("weight", shape, self.weight, x.dtype).transpose()
        y = f.transposed_convolution(
            x, weight, stride=self.stride, dilation=self.dilation, padding=self.padding
        )
        return activate(self.activation, _plus_bias(self, y))


_Convolution = Conv1D | Conv2D | DepthwiseConv2D | SeparableConv2D | ConvTranspose2D


def _check_windows(layer: _Convolution, axes: int) -> None:
    for name in ("kernel_size", "stride", "dilation"):
        object.__setattr__(layer, name, checked_lengths(layer, name, getattr(layer, name), axes))
    object.__setattr__(layer, "padding", checked_padding(layer, layer.padding, axes))
    check_activation(layer, layer.activation)
    check_initializers(layer, "weight", "bias")
    check_flag(layer, "use_bias", layer.use_bias)


def _check_filters(layer: Conv1D | Conv2D) -> None:
    check_whole(layer, "filters", layer.filters)
    check_whole(layer, "groups", layer.groups)
    if layer.filters % layer.groups:
        raise ConfigError(
            f"{type(layer).__name__}: groups is {layer.groups}, and filters is {layer.filters}",
            remedy="the groups must divide the filters",
        )


def _convolved(layer: Conv1D | Conv2D, x: Tensor, axes: int) -> Tensor:
    need_space(x, axes)
    shape = (*each_axis(layer.kernel_size, axes), x.shape[-1] // layer.groups, layer.filters)
    weight = layer.param("weight", shape, layer.weight, x.dtype)
    y = f.convolution(
        x,
        weight,
        stride=layer.stride,
        dilation=layer.dilation,
        padding=layer.padding,
        groups=layer.groups,
    )
    return activate(layer.activation, _plus_bias(layer, y))


def _plus_bias(layer: _Convolution, y: Tensor) -> Tensor:
    return y + layer.param("bias", y.shape[-1:], layer.bias, y.dtype) if layer.use_bias else y
