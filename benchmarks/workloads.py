"""What is trained: networks, batches and optimizers, as plain data that every peer can read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Mlp:
    """A multilayer perceptron.

    widths: features, hidden layers, classes. activation: 'relu' or 'tanh', after each hidden layer.
    dropout: rate after each hidden layer's activation; 0 for none.
    """

    widths: tuple[int, ...]
    activation: str
    dropout: float = 0.0


@dataclass(frozen=True)
class Adam:
    """Kingma and Ba 2015, algorithm 1: epsilon outside the root and after the correction."""

    rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8


@dataclass(frozen=True)
class Momentum:
    """v ← decay · v + g; θ ← θ - rate · v."""

    rate: float = 0.01
    decay: float = 0.9


@dataclass(frozen=True)
class Workload:
    """One training step to measure: float32, softmax cross-entropy, mean over the batch.

    rows: examples in memory; an epoch takes all full batches of them, in a new order every time.
    """

    name: str
    meaning: str
    network: Mlp
    optimizer: Adam | Momentum
    batch: int
    rows: int

    @property
    def steps(self) -> int:
        """Steps of one epoch."""
        return self.rows // self.batch

    @property
    def needs(self) -> frozenset[str]:
        """What a library must have to train it, beyond fully connected layers."""
        return frozenset({"dropout"} if self.network.dropout else ())

    def without_dropout(self) -> "Workload":
        """The same, with dropout 0."""
        return replace(self, network=replace(self.network, dropout=0.0))


WORKLOADS: Mapping[str, Workload] = {
    each.name: each
    for each in (
        Workload(
            "table", "MLP 20-64-64-2, batch 32, Adam, relu", Mlp((20, 64, 64, 2), "relu"), Adam(), 32, 4096
        ),
        Workload(
            "digits", "MLP 784-128-10, batch 128, Adam, relu", Mlp((784, 128, 10), "relu"), Adam(), 128, 8192
        ),
        Workload(
            "wide",
            "MLP 784-512-512-10, batch 128, Adam, relu",
            Mlp((784, 512, 512, 10), "relu"),
            Adam(),
            128,
            8192,
        ),
        Workload(
            "big",
            "MLP 1024-2048-2048-1000, batch 256, Adam, relu",
            Mlp((1024, 2048, 2048, 1000), "relu"),
            # Ten times faster it knows all rows by heart after 50 steps, and no digit of its loss is left.
            Adam(rate=1e-4),
            256,
            2048,
        ),
        Workload(
            "deep",
            "MLP 64-(16 × 64)-10, batch 64, momentum, tanh, dropout 0.1",
            Mlp((64, *[64] * 16, 10), "tanh", dropout=0.1),
            Momentum(),
            64,
            4096,
        ),
    )
}
"""Every workload by name."""
