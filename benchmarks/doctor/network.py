"""Networks as people write them, told by a few settings that faults and repairs can change."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

from chainrule import nn
from chainrule.nn.initializers import Initializer, glorot_uniform, orthogonal, zeros
from chainrule.nn.layer import Layer

DENSE, CONVOLUTION, RECURRENT = "dense", "convolution", "recurrent"
SIMPLE, GRU, LSTM = "simple", "gru", "lstm"
_DEEP = 6  # convolutions from which on the places are averaged rather than flattened


@dataclass(frozen=True)
class Network:
    """A network.

    kind: DENSE, CONVOLUTION or RECURRENT. widths: of the hidden layers: units, filters, or units of cells.
    activations: of each of them; gated cells have their own. units, output_activation: of the last layer.
    head: dense hidden layers behind convolutions or cells, with the last of the activations.
    normalization: '', 'batch' or 'layer', before each activation. residual: pairs of layers of one width are
    passed by. dropout: behind each hidden layer, outside of pairs. cell: SIMPLE, GRU or LSTM.
    bidirectional: cells read from both ends.
    weight, recurrent: of all layers. bias: of all hidden layers but gated cells.
    """

    kind: str
    widths: tuple[int, ...]
    activations: tuple[str, ...]
    units: int
    output_activation: str | None = None
    head: tuple[int, ...] = ()
    normalization: str = ""
    residual: bool = False
    dropout: float = 0.0
    cell: str = SIMPLE
    bidirectional: bool = False
    weight: Initializer = glorot_uniform()
    recurrent: Initializer = orthogonal()
    bias: Initializer = zeros

    @property
    def depth(self) -> int:
        """Layers with weights, those for the output included."""
        return len(self.widths) + len(self.head) + 1

    @property
    def plain(self) -> bool:
        """Nothing keeps the signal at its size."""
        return not self.normalization and not self.residual


def build(network: Network, *, separate: bool = False) -> Layer:
    """The layers. separate: activations are layers of their own, so that what enters them can be watched."""
    layers = list(_hidden(network, separate))
    for width in network.head:
        layers += _layer(network, nn.Dense(width, None, network.weight, network.bias), -1, separate)
    layers.append(nn.Dense(network.units, network.output_activation, network.weight))
    return nn.Sequential(layers)


def _hidden(network: Network, separate: bool) -> Iterator[Layer]:
    if network.kind == RECURRENT:
        yield from _cells(network)
        return
    count = len(network.widths)
    pooled = {ceil(count / 3), ceil(2 * count / 3)} if network.kind == CONVOLUTION else set()
    number, width_before = 0, None
    while number < count:
        width = network.widths[number]
        pair = (
            network.residual and width_before == width and network.widths[number + 1 : number + 2] == (width,)
        )
        taken = [number, number + 1] if pair else [number]
        inner = [
            each for place in taken for each in _layer(network, _weighted(network, place), place, separate)
        ]
        yield from [nn.Residual(inner)] if pair else inner
        number += len(taken)
        width_before = width
        if pooled & {place + 1 for place in taken}:
            yield nn.MaxPool2D()
        if network.dropout:
            yield nn.Dropout(network.dropout)
    if network.kind == CONVOLUTION:
        yield nn.GlobalAvgPool2D() if count >= _DEEP else nn.Flatten()


def _weighted(network: Network, place: int) -> nn.Dense | nn.Conv2D:
    width = network.widths[place]
    if network.kind == DENSE:
        return nn.Dense(width, None, network.weight, network.bias)
    return nn.Conv2D(width, 3, padding="same", weight=network.weight, bias=network.bias)


def _layer(network: Network, weighted: nn.Dense | nn.Conv2D, place: int, separate: bool) -> list[Layer]:
    """A layer with its normalization and activation."""
    activation = network.activations[place]
    if network.normalization:
        norm = nn.BatchNorm() if network.normalization == "batch" else nn.LayerNorm()
        return [weighted, norm, nn.Activation(activation)]
    if separate:
        return [weighted, nn.Activation(activation)]
    return [_with_activation(weighted, activation)]


def _with_activation(weighted: nn.Dense | nn.Conv2D, activation: str) -> Layer:
    return replace(weighted, activation=activation)


def _cells(network: Network) -> Iterator[Layer]:
    last = len(network.widths) - 1
    for place, width in enumerate(network.widths):
        given = {"return_sequences": place < last, "weight": network.weight, "recurrent": network.recurrent}
        if network.cell == SIMPLE:
            cell = nn.SimpleRNN(width, network.activations[place], bias=network.bias, **given)
        else:
            cell = nn.GRU(width, **given) if network.cell == GRU else nn.LSTM(width, **given)
        yield nn.Bidirectional(cell) if network.bidirectional else cell
        if network.normalization:
            yield nn.LayerNorm()
        if network.dropout:
            yield nn.Dropout(network.dropout)
