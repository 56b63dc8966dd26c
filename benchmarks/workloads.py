"""What is trained: networks, batches and optimizers, as plain data that every peer can read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


class Network:
    """What all networks tell of their data.

    example: shape of one x. tokens: whether x holds whole numbers below `vocabulary`, not floats. classes: of
    the targets.
    targets: shape of one y: () for one class per example, or one per token. dropout: a rate, 0 for none.
    needs: what a library must have to train it, beyond fully connected layers.
    """

    tokens: bool = False
    targets: tuple[int, ...] = ()
    dropout: float = 0.0
    needs: frozenset[str] = frozenset()

    @property
    def example(self) -> tuple[int, ...]:
        """Shape of one x."""
        raise NotImplementedError  # every network has its own

    @property
    def images(self) -> bool:
        """Whether x are pictures, which PyTorch keeps in several memory formats."""
        return len(self.example) == 3


@dataclass(frozen=True)
class Mlp(Network):
    """A multilayer perceptron.

    widths: features, hidden layers, classes. activation: 'relu' or 'tanh', after each hidden layer.
    dropout: rate after each hidden layer's activation; 0 for none.
    """

    widths: tuple[int, ...]
    activation: str
    dropout: float = 0.0

    @property
    def example(self) -> tuple[int, ...]:
        """(features,)."""
        return self.widths[:1]

    @property
    def classes(self) -> int:
        """The last width."""
        return self.widths[-1]

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """Dropout, where there is any."""
        return frozenset({"dropout"} if self.dropout else ())


@dataclass(frozen=True)
class ConvNet(Network):
    """Convolutions 3×3 without padding, each with relu and a maximum over 2×2; a hidden layer; the classes.

    image: height, width, channels. filters: of each convolution. activation: of the hidden layer, 'relu' or
    'linear'.
    """

    image: tuple[int, int, int]
    filters: tuple[int, ...]
    hidden: int
    activation: str
    classes: int = 10
    needs = frozenset({"convolution"})

    @property
    def example(self) -> tuple[int, ...]:
        """The image's."""
        return self.image

    @property
    def last_map(self) -> tuple[int, int, int]:
        """Height, width, channels of what the hidden layer is given."""
        height, width, channels = self.image
        for filters in self.filters:
            height, width, channels = (height - 2) // 2, (width - 2) // 2, filters
        return height, width, channels


@dataclass(frozen=True)
class ResNet(Network):
    """ResNet-8: 3×3 to the first width, then a block of two 3×3 convolutions a width (He et al. 2016).

    Batch normalization follows each convolution, relu the first of a block and its sum. Each block but the
    first halves the image, and its shortcut is a 1×1 convolution of the same stride with normalization. Then
    the mean of the image, and the classes.
    """

    image: tuple[int, int, int]
    widths: tuple[int, ...]
    classes: int = 10
    needs = frozenset({"convolution"})

    @property
    def example(self) -> tuple[int, ...]:
        """The image's."""
        return self.image


@dataclass(frozen=True)
class Gpt(Network):
    """A decoder of pre-norm blocks that predicts the next token everywhere (GPT-2, Radford et al. 2019).

    Learned positions, causal attention, an inner layer of four widths with the gelu that tanh approximates,
    a normalization at the end; the output has weights of its own.
    """

    vocabulary: int
    context: int
    width: int
    heads: int
    blocks: int
    tokens = True
    needs = frozenset({"attention"})

    @property
    def example(self) -> tuple[int, ...]:
        """(context,)."""
        return (self.context,)

    @property
    def targets(self) -> tuple[int, ...]:  # type: ignore[override]
        """(context,)."""
        return (self.context,)

    @property
    def classes(self) -> int:
        """The vocabulary."""
        return self.vocabulary


@dataclass(frozen=True)
class Lstm(Network):
    """One layer of long short-term memory; the classes from its last state."""

    time: int
    features: int
    units: int
    classes: int = 10
    needs = frozenset({"recurrence"})

    @property
    def example(self) -> tuple[int, ...]:
        """(time, features)."""
        return self.time, self.features


@dataclass(frozen=True)
class Bag(Network):
    """The mean of the tokens' vectors; the classes from it."""

    vocabulary: int
    length: int
    units: int
    classes: int = 2
    tokens = True
    needs = frozenset({"embedding"})

    @property
    def example(self) -> tuple[int, ...]:
        """(length,)."""
        return (self.length,)


@dataclass(frozen=True)
class Adam:
    """Kingma and Ba 2015, algorithm 1: epsilon outside the root and after the correction."""

    rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8


@dataclass(frozen=True)
class AdamW(Adam):
    """Loshchilov and Hutter 2019: θ ← θ - rate · decay · θ beside Adam's step, for all parameters."""

    decay: float = 0.01


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
    network: Mlp | ConvNet | ResNet | Gpt | Lstm | Bag
    optimizer: Adam | AdamW | Momentum
    batch: int
    rows: int

    @property
    def steps(self) -> int:
        """Steps of one epoch."""
        return self.rows // self.batch

    def without_dropout(self) -> "Workload":
        """The same, with dropout 0."""
        if not isinstance(self.network, Mlp):
            return self
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
        Workload(
            "lenet",
            "28×28×1, 2 × (conv 3×3, relu, maxpool) 32-64, dense 128-10, batch 64, Adam",
            ConvNet((28, 28, 1), (32, 64), 128, "relu"),
            Adam(),
            64,
            1024,
        ),
        Workload(
            "cifar",
            "32×32×3, 2 × (conv 3×3, relu, maxpool) 64-128, dense 128-10, batch 64, Adam",
            ConvNet((32, 32, 3), (64, 128), 128, "linear"),
            Adam(),
            64,
            512,
        ),
        Workload(
            "resnet",
            "ResNet-8 on 32×32×3, 16-32-64 channels, batch norm, batch 64, momentum",
            ResNet((32, 32, 3), (16, 32, 64)),
            Momentum(),
            64,
            512,
        ),
        Workload(
            "gpt",
            "4 blocks, 4 heads, width 128, context 64, vocabulary 65, batch 12, AdamW",
            Gpt(65, 64, 128, 4, 4),
            AdamW(),
            12,
            240,
        ),
        Workload(
            "lstm",
            "LSTM 128 on 100 × 13, dense 10, batch 32, Adam",
            Lstm(100, 13, 128),
            Adam(),
            32,
            1024,
        ),
        Workload(
            "bag",
            "mean of embeddings 20,000 × 64 over 200 tokens, dense 2, batch 64, Adam",
            Bag(20_000, 200, 64),
            Adam(),
            64,
            2048,
        ),
    )
}
"""Every workload by name."""
