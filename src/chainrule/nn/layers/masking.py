"""Padding told by its value."""

from dataclasses import dataclass

from chainrule.errors import ConfigError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.attention import MultiHeadAttention, TransformerBlock
from chainrule.nn.layers.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from chainrule.nn.layers.sequences import GlobalAvgPool1D, need_sequence
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f

_Masked = SimpleRNN | LSTM | GRU | Bidirectional | GlobalAvgPool1D | MultiHeadAttention | TransformerBlock


@dataclass(frozen=True)
class Masking(Layer):
    """y = layer(x, mask), mask = (some feature of x differs from value): elements filled by it are padding.

    layer: a recurrent layer, GlobalAvgPool1D, MultiHeadAttention or TransformerBlock. value: that of padding,
    in all features of an element. Only this layer gets the mask; in Keras those after it do, too. Where the
    lengths are known, give the mask yourself: layer(x, mask).
    x: float (batch, time, features) -> what the layer gives.
    Raises ConfigError for a layer that takes no mask; while recording, what the layer raises.
    """

    layer: _Masked
    value: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.layer, _Masked):
            raise ConfigError(
                f"Masking: layer is {self.layer!r}", remedy="give a layer that takes a mask, such as LSTM(64)"
            )
        check_number(self, "value", self.value)

    def __call__(self, x: Tensor) -> Tensor:
        need_sequence(x)
        differing = f.not_equal(x, self.value).cast(x.dtype).sum(-1)
        return self.layer(x, mask=differing > 0.0)
