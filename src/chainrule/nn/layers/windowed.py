"""What the layers of convolution share: the checks of their settings, and their bias."""

from typing import Any

from chainrule.nn.activations import check_activation
from chainrule.nn.initializers import check_initializers
from chainrule.nn.settings import check_flag, checked_lengths, checked_padding
from chainrule.program import Tensor


def check_windows(layer: Any, axes: int) -> None:
    """Accept a layer with kernel_size, stride, dilation, padding, activation, weight, bias and use_bias.

    Lists become tuples. Raises ConfigError.
    """
    for name in ("kernel_size", "stride", "dilation"):
        object.__setattr__(layer, name, checked_lengths(layer, name, getattr(layer, name), axes))
    object.__setattr__(layer, "padding", checked_padding(layer, layer.padding, axes))
    check_activation(layer, layer.activation)
    check_initializers(layer, "weight", "bias")
    check_flag(layer, "use_bias", layer.use_bias)


def plus_bias(layer: Any, y: Tensor) -> Tensor:
    """y with the layer's bias along the last axis, if it has one."""
    return y + layer.param("bias", y.shape[-1:], layer.bias, y.dtype) if layer.use_bias else y
