"""Convolution over one to three spatial axes.

As usual in the field, it is a correlation: the window is not flipped. Data is channels-last. The default is
no padding, as in PyTorch and Keras.
"""

from dataclasses import dataclass

from chainrule.errors import ConfigError
from chainrule.nn.activations import activate
from chainrule.nn.initializers import Initializer, he_normal, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.layers.windowed import check_windows, plus_bias
from chainrule.nn.settings import check_whole
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
        check_windows(self, 1)
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
        check_windows(self, 2)
        _check_filters(self)

    def __call__(self, x: Tensor) -> Tensor:
        return _convolved(self, x, 2)


@dataclass(frozen=True)
class Conv3D(Layer):
    """y[o, p, q] = activation(b + Σ over taps and channels of x[o s + j d, p s + k d, q s + l d] W[j, k, l]).

    For films and volumes (Ji et al. 2013). While it runs, a copy of x is held for each tap in depth.
    x: float (batch, depth, height, width, channels) -> (batch, *output lengths, filters). Settings and errors
    are those of Conv2D, for three spatial axes.
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
        check_windows(self, 3)
        _check_filters(self)

    def __call__(self, x: Tensor) -> Tensor:
        return _convolved(self, x, 3)


_Convolution = Conv1D | Conv2D | Conv3D


def _check_filters(layer: _Convolution) -> None:
    check_whole(layer, "filters", layer.filters)
    check_whole(layer, "groups", layer.groups)
    if layer.filters % layer.groups:
        raise ConfigError(
            f"{type(layer).__name__}: groups is {layer.groups}, and filters is {layer.filters}",
            remedy="the groups must divide the filters",
        )


def _convolved(layer: _Convolution, x: Tensor, axes: int) -> Tensor:
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
    return activate(layer.activation, plus_bias(layer, y))
