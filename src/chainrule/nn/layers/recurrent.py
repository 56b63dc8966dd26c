"""Recurrent layers: a hidden state is passed from each element of a sequence to the next."""

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

    units: width of h, at least 1. activation: a name in nn.ACTIVATIONS. return_sequences: True gives h of
    every element, False that of the last one. reverse: True goes from the last element to the first. weight,
    recurrent, bias: initializers of W (features, units), of V (units, units), the parameter
    'recurrent_weight', and of b (units,).
    x: float (batch, time, features), time at least 1 -> (batch, units), or with return_sequences
    (batch, time, units), in the order of x even if reverse. mask: bool (batch, time), False at padding, where
    h does not change.
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

    Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000, without
    peepholes), h_0 = c_0 = 0. W, V and b hold the parts of i, f, g, o side by side, in this order, as in
    PyTorch. weight, recurrent, bias: initializers of W (features, 4 units), of V (units, 4 units), the
    parameter 'recurrent_weight', and of b (4 units,), which is 1 for f, so that the state is kept at first
    (Jozefowicz et al. 2015).
    units, return_sequences, reverse, x, mask, errors: as in SimpleRNN. At padding c does not change either.
    projection: width p of h = (o tanh c) P, the parameter 'projection_weight' (units, p), so that V is (p,
    4 units) (Sak, Senior and Beaufays 2014); None for none. peepholes: i and f see w c_(t-1) too, and o sees
    w c_t, by w of 'peephole' (3 units,), the parts of i, f, o, at first 0 (Gers, Schraudolph and Schmidhuber
    2002). Both make the loop slower than the compiled one.
    """

    units: int
    return_sequences: bool = False
    reverse: bool = False
    weight: Initializer = glorot_uniform()
    recurrent: Initializer = orthogonal()
    bias: Initializer = filled_parts(0.0, 1.0, 0.0, 0.0)
    projection: int | None = None
    peepholes: bool = False

    def __post_init__(self) -> None:
        _check(self)
        check_flag(self, "peepholes", self.peepholes)
        if self.projection is not None:
            check_whole(self, "projection", self.projection)

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        gates, weight, start = _start(self, x, mask, gates=4, width=self.projection)
        if self.projection is not None or self.peepholes:
            return _result(self, self._scanned(gates, weight, start, mask))
        hidden, _ = f.lstm(gates, weight, start, start, mask=_over_time(mask), reverse=self.reverse)
        return _result(self, hidden)

    def _scanned(self, gates: Tensor, weight: Tensor, start: Tensor, mask: Tensor | None) -> Tensor:
        """The loop step by step: hidden states of all elements, (time, batch, projection or units)."""
        units, dtype = self.units, gates.dtype
        constants = [weight]
        if self.projection is not None:
            shape = (units, self.projection)
            constants.append(self.param("projection_weight", shape, self.recurrent, dtype))
        if self.peepholes:
            constants.append(self.param("peephole", (3 * units,), zeros, dtype))

        def step(
            carries: list[Tensor], elements: list[Tensor], held: list[Tensor]
        ) -> tuple[list[Tensor], list[Tensor]]:
            hidden, cell = carries
            z = elements[0] + hidden @ held[0]
            i, forget, g, o = (z[..., part * units : (part + 1) * units] for part in range(4))
            if self.peepholes:
                i, forget = i + held[-1][:units] * cell, forget + held[-1][units : 2 * units] * cell
            cell = f.sigmoid(forget) * cell + f.sigmoid(i) * f.tanh(g)
            o = o + held[-1][2 * units :] * cell if self.peepholes else o
            hidden = f.sigmoid(o) * f.tanh(cell)
            return [hidden if self.projection is None else hidden @ held[1], cell], []

        cell = f.broadcast_to(gates.trace.constant(0.0, dtype), (gates.shape[1], units))
        over_time = _over_time(mask)
        return f.scan(step, [start, cell], [gates], constants, reverse=self.reverse, mask=over_time).carries[
            0
        ]


@dataclass(frozen=True)
class GRU(Layer):
    """h_t = (1 - z) n + z h_(t-1), n = tanh(x_t W_n + b_n + r (h_(t-1) V_n + a_n)), r, z = σ(…) likewise.

    Gated recurrent unit (Cho et al. 2014), h_0 = 0. The reset gate is applied after the product, as in cuDNN
    and PyTorch, hence two biases. W, V, b and a hold the parts of r, z, n side by side, in this order.
    weight, recurrent, bias: initializers of W (features, 3 units), of V (units, 3 units), the parameter
    'recurrent_weight', and of both b and a (3 units,), the parameters 'bias' and 'recurrent_bias'.
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
    """y = concat(forward(x), backward(x)): a pass in each direction, with separate weights (Schuster 1997).

    forward: a recurrent layer. backward: a recurrent layer with the opposite `reverse` and the same
    return_sequences; None: `forward` with the opposite `reverse`. Without return_sequences, y holds the state
    of each pass after its last element.
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


def _start(
    layer: Recurrent, x: Tensor, mask: Tensor | None, gates: int, width: int | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """x W + b for all elements, (time, batch, gates · units); V; and the initial state, zeros.

    width: of the state h; None for units.
    """
    need_sequence(x)
    need_mask(x, mask)
    batch, time, features = x.shape
    if time == 0:
        raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs at least one element in time")
    own = layer.units if width is None else width
    every = gates * layer.units
    weight = layer.param("weight", (features, every), layer.weight, x.dtype)
    recurrent = layer.param("recurrent_weight", (own, every), layer.recurrent, x.dtype)
    bias = layer.param("bias", (every,), layer.bias, x.dtype)
    start = f.broadcast_to(x.trace.constant(0.0, x.dtype), (batch, own))
    return x.transpose(1, 0, 2) @ weight + bias, recurrent, start


def _over_time(mask: Tensor | None) -> Tensor | None:
    return None if mask is None else mask.transpose(1, 0)


def _result(layer: Recurrent, hidden: Tensor) -> Tensor:
    """The output, from the states of all elements, (time, batch, units)."""
    if layer.return_sequences:
        return hidden.transpose(1, 0, 2)
    return hidden[0 if layer.reverse else -1]
