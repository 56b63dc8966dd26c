"""Recurrent layers: a state that is handed from each element of a sequence to the next."""

from dataclasses import dataclass, replace

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.activations import activate, check_activation
from chainrule.nn.initializers import (
    Initializer,
    check_initializers,
    filled_parts,
    glorot_uniform,
    orthogonal,
    zeros,
)
from chainrule.nn.layer import Layer
from chainrule.nn.layers.sequences import need_mask, need_sequence
from chainrule.nn.settings import check_flag, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class SimpleRNN(Layer):
    """h_t = activation(x_t W + h_(t-1) V + b), h_0 = 0 (Elman 1990).

    units: width of h, at least 1. activation: a name in nn.ACTIVATIONS. return_sequences: h of every element
    instead of the last one's. reverse: from the last element to the first. weight, recurrent, bias:
    initializers of W (features, units), V (units, units), the parameter 'recurrent_weight', and b (units,).
    x: float (batch, time, features), at least one element -> (batch, units), or (batch, time, units), in the
    order of x also if reverse. mask: bool (batch, time), False where the sequence is padded: there h stays as
    it was.
    Raises ConfigError for a bad setting; while recording, ShapeError for other shapes, DTypeError for other
    dtypes.
    """

    units: int
    activation: str = "tanh"
    return_sequences: bool = False
    reverse: bool = False
    weight: Initializer = glorot_uniform()
    recurrent: Initializer = orthogonal()
    bias: Initializer = zeros

    def __post_init__(self) -> None:
        _check(self)
        check_activation(self, self.activation)

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        gates, weight, start = _start(self, x, mask, gates=1)

        def step(
            carries: list[Tensor], elements: list[Tensor], constants: list[Tensor]
        ) -> tuple[list[Tensor], list[Tensor]]:
            return [activate(self.activation, elements[0] + carries[0] @ constants[0])], []

        scanned = f.scan(step, [start], [gates], [weight], reverse=self.reverse, mask=_over_time(mask))
        return _result(self, scanned.carries[0])


@dataclass(frozen=True)
class LSTM(Layer):
    """c_t = f c_(t-1) + i g, h_t = o tanh c_t, with i, f, o = σ(…), g = tanh(…) of x_t W + h_(t-1) V + b.

    Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000; no
    peepholes), h_0 = c_0 = 0. W, V and b hold the parts of i, f, g, o side by side, in this order, as
    PyTorch's do. weight, recurrent, bias: initializers of W (features, 4 units), V (units, 4 units), the
    parameter 'recurrent_weight', and b (4 units,), which starts at 1 for f, so that it remembers at first
    (Jozefowicz et al. 2015).
    units, return_sequences, reverse, x, mask, errors: as in SimpleRNN. Where an element is padded c stays,
    too.
    """

    units: int
    return_sequences: bool = False
    reverse: bool = False
    weight: Initializer = glorot_uniform()
    recurrent: Initializer = orthogonal()
    bias: Initializer = filled_parts(0.0, 1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        gates, weight, start = _start(self, x, mask, gates=4)
        hidden, _ = f.lstm(gates, weight, start, start, mask=_over_time(mask), reverse=self.reverse)
        return _result(self, hidden)


@dataclass(frozen=True)
class GRU(Layer):
    """h_t = (1 - z) n + z h_(t-1), n = tanh(x_t W_n + b_n + r (h_(t-1) V_n + a_n)), r, z = σ(…) likewise.

    Gated recurrent unit (Cho et al. 2014), h_0 = 0, with the reset gate after the product, as in cuDNN and
    PyTorch, hence two biases. W, V and b, a hold the parts of r, z, n side by side, in this order. weight,
    recurrent, bias: initializers of W (features, 3 units), V (units, 3 units), the parameter
    'recurrent_weight', and both b and a (3 units,), the parameters 'bias' and 'recurrent_bias'.
    units, return_sequences, reverse, x, mask, errors: as in SimpleRNN.
    """

    units: int
    return_sequences: bool = False
    reverse: bool = False
    weight: Initializer = glorot_uniform()
    recurrent: Initializer = orthogonal()
    bias: Initializer = zeros

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        gates, weight, start = _start(self, x, mask, gates=3)
        bias = self.param("recurrent_bias", (3 * self.units,), self.bias, x.dtype)
        hidden = f.gru(gates, weight, bias, start, mask=_over_time(mask), reverse=self.reverse)
        return _result(self, hidden)


Recurrent = SimpleRNN | LSTM | GRU


@dataclass(frozen=True)
class Bidirectional(Layer):
    """y = concat(forward(x), backward(x)): one pass from each end, with weights of its own (Schuster 1997).

    forward: a recurrent layer. backward: the same the other way round if None, else one that must go the
    other way and agree in return_sequences. Without return_sequences y is the state after the last element
    beside that after the first.
    x: float (batch, time, features) -> (batch, units of both), or (batch, time, units of both). mask: as in
    SimpleRNN.
    Raises ConfigError for a bad setting; while recording, what its layers raise.
    """

    forward: Recurrent
    backward: Recurrent | None = None

    def __post_init__(self) -> None:
        for name in ("forward", "backward"):
            value = getattr(self, name)
            if not isinstance(value, Recurrent) and (name == "forward" or value is not None):
                raise ConfigError(
                    f"Bidirectional: {name} is {value!r}", remedy="give a recurrent layer, such as LSTM(64)"
                )
        if self.backward is None:
            opposite = replace(self.forward, reverse=not self.forward.reverse)
            object.__setattr__(self, "backward", opposite)
        elif (self.backward.reverse, self.backward.return_sequences) != (
            not self.forward.reverse,
            self.forward.return_sequences,
        ):
            raise ConfigError(
                "Bidirectional: forward and backward must differ in reverse and agree in return_sequences",
                remedy="leave backward out, and it is made from forward",
            )

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        assert self.backward is not None
        return f.concatenate([self.forward(x, mask), self.backward(x, mask)])


def _check(layer: Recurrent) -> None:
    check_whole(layer, "units", layer.units)
    check_flag(layer, "return_sequences", layer.return_sequences)
    check_flag(layer, "reverse", layer.reverse)
    check_initializers(layer, "weight", "recurrent", "bias")


def _start(layer: Recurrent, x: Tensor, mask: Tensor | None, gates: int) -> tuple[Tensor, Tensor, Tensor]:
    """x W + b for all time at once, (time, batch, gates · units); V; and the state to start from, zeros."""
    need_sequence(x)
    need_mask(x, mask)
    batch, time, features = x.shape
    if time == 0:
        raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs at least one element in time")
    width = gates * layer.units
    weight = layer.param("weight", (features, width), layer.weight, x.dtype)
    recurrent = layer.param("recurrent_weight", (layer.units, width), layer.recurrent, x.dtype)
    bias = layer.param("bias", (width,), layer.bias, x.dtype)
    start = f.broadcast_to(x.trace.constant(0.0, x.dtype), (batch, layer.units))
    return x.transpose(1, 0, 2) @ weight + bias, recurrent, start


def _over_time(mask: Tensor | None) -> Tensor | None:
    return None if mask is None else mask.transpose(1, 0)


def _result(layer: Recurrent, hidden: Tensor) -> Tensor:
    """From the states of all time, (time, batch, units)."""
    if layer.return_sequences:
        return hidden.transpose(1, 0, 2)
    return hidden[0 if layer.reverse else -1]
