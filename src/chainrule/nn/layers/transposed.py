"""Transposed convolution over one to three spatial axes, which makes sequences, images and volumes larger."""

from dataclasses import dataclass

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
class ConvTranspose1D(Layer):
    """y[p s + k d] += x[p] W[k]: the adjoint of Conv1D by its input.

    x: float (batch, length, channels) -> (batch, *output lengths, filters). Settings and errors are those of
    ConvTranspose2D, for one spatial axis.
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
        _check(self, 1)

    def __call__(self, x: Tensor) -> Tensor:
        return _transposed(self, x, 1)


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
        _check(self, 2)

    def __call__(self, x: Tensor) -> Tensor:
        return _transposed(self, x, 2)


@dataclass(frozen=True)
class ConvTranspose3D(Layer):
    """y[o s + j d, p s + k d, q s + l d] += x[o, p, q] W[j, k, l]: the adjoint of Conv3D by its input.

    x: float (batch, depth, height, width, channels) -> (batch, *output lengths, filters). Settings and errors
    are those of ConvTranspose2D, for three spatial axes.
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
        _check(self, 3)

    def __call__(self, x: Tensor) -> Tensor:
        return _transposed(self, x, 3)


_Transposed = ConvTranspose1D | ConvTranspose2D | ConvTranspose3D


def _check(layer: _Transposed, axes: int) -> None:
    check_windows(layer, axes)
    check_whole(layer, "filters", layer.filters)


def _transposed(layer: _Transposed, x: Tensor, axes: int) -> Tensor:
    need_space(x, axes)
    shape = (*each_axis(layer.kernel_size, axes), x.shape[-1], layer.filters)
    # Kept as (…, inputs, outputs) like every kernel, so that initializers know which is which.
    weight = layer.param("weight", shape, layer.weight, x.dtype).transpose()
    y = f.transposed_convolution(
        x, weight, stride=layer.stride, dilation=layer.dilation, padding=layer.padding
    )
    return activate(layer.activation, plus_bias(layer, y))
