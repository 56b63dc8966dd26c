"""Programs: what people write to train a network, drawn deterministically by data set, family and variant."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from benchmarks.doctor.data import DATA, IMAGE, SEQUENCE, TABLE, DataSet, Examples
from benchmarks.doctor.network import CONVOLUTION, DENSE, GRU, LSTM, RECURRENT, SIMPLE, Network
from chainrule import nn
from chainrule.nn.losses import Loss

SPLITS = ("develop", "final")
_ROUND_EPOCHS = (10, 15, 20, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300)
_USUAL_RATES = {"adam": 0.001, "adamw": 0.001, "rmsprop": 0.001, "momentum": 0.01}


@dataclass(frozen=True)
class Program:
    """A training program, as somebody wrote it.

    optimizer: a name of nn.PRESETS; momentum: of 'momentum', and the β₁ of Adam. clip: the largest norm of
    the gradient, or None. l2: strength of the penalty. patience, keep, shuffle, seed: as in chainrule.train.
    """

    examples: Examples
    network: Network
    loss: Loss
    optimizer: str
    rate: float
    epochs: int
    batch_size: int
    momentum: float = 0.9
    clip: float | None = None
    l2: float = 0.0
    patience: int | None = None
    keep: str = "last"
    shuffle: bool = True
    seed: int = 0

    @property
    def classes(self) -> int:
        """Of its data set; 0 where numbers are predicted."""
        return self.examples.data_set.classes

    @property
    def steps(self) -> int:
        """At most, of all epochs."""
        return self.epochs * -(-self.examples.training_count // self.batch_size)


@dataclass(frozen=True)
class Family:
    """Networks of one kind. on: kinds of data. steps: that a program of it takes, about.

    draw: (data set, random) -> Network.
    """

    meaning: str
    on: str
    steps: int
    draw: Callable[[DataSet, np.random.Generator], Network]


def written(data: str, family: str, variant: int) -> Program:
    """A healthy program, as far as its writer knows: whether it is, choose.py measures.

    The same data set, family and variant, the same program. The rate is the usual one of its optimizer.
    """
    random = np.random.default_rng([variant, *data.encode(), *family.encode()])
    data_set, drawn = DATA[data], FAMILIES[family]
    network, loss = _finished(drawn.draw(data_set, random), data_set.classes, random)
    optimizer = str(random.choice(["adam", "adam", "adam", "momentum", "rmsprop", "adamw"]))
    small = data_set.sizes[0] < 500
    batch_size = int(random.choice([16, 20, 32] if small else [32, 32, 50, 64]))
    per_epoch = -(-data_set.sizes[0] // batch_size)
    epochs = min(_ROUND_EPOCHS, key=lambda each: abs(each * per_epoch - drawn.steps))
    watched = random.random() < 0.3  # some people stop early and keep the best weights
    return Program(
        Examples(data, seed=variant),
        network,
        loss,
        optimizer,
        _USUAL_RATES[optimizer],
        epochs,
        batch_size,
        clip=1.0 if network.kind == RECURRENT and network.cell == SIMPLE else None,
        l2=float(random.choice([0.0, 0.0, 0.0, 1e-4])),
        patience=20 if watched else None,
        keep="best" if watched else "last",
    )


def bases() -> list[tuple[str, str, int]]:
    """Data set, family and variant of every program that faults are planted in."""
    found = []
    for (data, data_set), (name, family) in product(DATA.items(), FAMILIES.items()):
        if family.on == data_set.kind:
            variants = 2 if family.on == TABLE else 4
            found += [(data, name, variant) for variant in range(variants)]
    return found


def split_of(data: str, family: str, variant: int) -> str:
    """Which of SPLITS a program, with all faults planted in it, belongs to, by a hash of its name."""
    return SPLITS[hashed(data, family, variant) % 2]


def hashed(*parts: object) -> int:
    """The same number in every process."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:8], "big")


def _finished(network: Network, classes: int, random: np.random.Generator) -> tuple[Network, Loss]:
    """With the last layer, and the loss for it: of raw numbers, or of probabilities, as in Keras."""
    if not classes:
        return replace(network, units=1), nn.MeanSquaredError()
    units = 1 if classes == 2 else classes
    if random.random() < 0.5:
        return replace(network, units=units), raw_loss(classes)
    activation = "sigmoid" if classes == 2 else "softmax"
    return replace(network, units=units, output_activation=activation), probability_loss(classes)


def raw_loss(classes: int) -> Loss:
    """What goes with a last layer without activation."""
    if not classes:
        return nn.MeanSquaredError()
    return nn.BinaryCrossEntropy() if classes == 2 else nn.SoftmaxCrossEntropy()


def probability_loss(classes: int) -> Loss:
    """What goes with a last layer that ends in a sigmoid (2 classes) or softmax (more)."""
    if classes == 2:
        return nn.BinaryCrossEntropyOfProbabilities()
    return nn.CategoricalCrossEntropyOfProbabilities()


def _activation(random: np.random.Generator) -> str:
    return str(random.choice(["relu", "relu", "relu", "relu", "tanh", "elu", "gelu", "leaky_relu"]))


def _dense(widths: list[int], random: np.random.Generator, **more: object) -> Network:
    activation = _activation(random)
    weight = nn.he_normal() if random.random() < 0.4 else nn.glorot_uniform()
    given: dict[str, object] = {"weight": weight} | more
    return Network(DENSE, tuple(widths), len(widths) * (activation,), 1, **given)  # type: ignore[arg-type]


def _shallow(data_set: DataSet, random: np.random.Generator) -> Network:
    """1 to 3 hidden layers, of one width or narrowing."""
    width = int(random.choice([128, 200, 256, 300, 400]))
    count = int(random.integers(1, 4))
    widths = [width >> place if random.random() < 0.5 else width for place in range(count)]
    return _dense(widths, random, dropout=float(random.choice([0.0, 0.0, 0.1, 0.2])))


def _middle(data_set: DataSet, random: np.random.Generator) -> Network:
    """4 to 6 hidden layers of one width."""
    width, count = int(random.choice([64, 100, 128, 200])), int(random.integers(4, 7))
    return _dense(count * [width], random)


def _deep(data_set: DataSet, random: np.random.Generator) -> Network:
    """8 to 11 hidden layers, with first weights that keep the signal at its size."""
    width, count = int(random.choice([50, 64, 80])), int(random.integers(8, 12))
    network = _dense(count * [width], random)
    weight = nn.glorot_uniform() if network.activations[0] == "tanh" else nn.he_normal()
    return replace(network, weight=weight)


def _normalized(data_set: DataSet, random: np.random.Generator) -> Network:
    """9 to 15 hidden layers with batch normalization."""
    width, count = int(random.choice([64, 96])), int(random.integers(9, 16))
    return _dense(count * [width], random, normalization="batch")


def _residual(data_set: DataSet, random: np.random.Generator) -> Network:
    """14 to 29 hidden layers: one, and pairs passed by, normalized."""
    width, pairs = int(random.choice([48, 64, 80])), int(random.integers(7, 15))
    return _dense((1 + 2 * pairs) * [width], random, normalization="batch", residual=True)


def _convolutions(widths: list[int], random: np.random.Generator, **more: object) -> Network:
    network = _dense(widths, random, **more)
    activation = str(random.choice(["relu", "relu", "relu", "elu"]))
    return replace(network, kind=CONVOLUTION, activations=len(widths) * (activation,))


def _small_convolutions(data_set: DataSet, random: np.random.Generator) -> Network:
    """2 or 3 convolutions and a dense layer."""
    first, count = int(random.choice([8, 12, 16])), int(random.integers(2, 4))
    widths = [first << min(place, 1) for place in range(count)]
    return _convolutions(widths, random, head=(int(random.choice([32, 50, 64])),))


def _normalized_convolutions(data_set: DataSet, random: np.random.Generator) -> Network:
    """5 to 8 normalized convolutions."""
    first, count = int(random.choice([8, 12])), int(random.integers(5, 9))
    widths = [first if place < count / 2 else 2 * first for place in range(count)]
    return _convolutions(widths, random, normalization="batch")


def _residual_convolutions(data_set: DataSet, random: np.random.Generator) -> Network:
    """9 to 15 normalized convolutions: one, and pairs passed by."""
    width, pairs = int(random.choice([8, 12])), int(random.integers(4, 8))
    return _convolutions((1 + 2 * pairs) * [width], random, normalization="batch", residual=True)


def _cells(cell: str, widths: list[int], random: np.random.Generator, **more: object) -> Network:
    head = () if random.random() < 0.6 else (int(random.choice([16, 32])),)
    given: dict[str, object] = {"cell": cell, "head": head} | more
    activation = "tanh" if cell == SIMPLE else "relu"
    return Network(RECURRENT, tuple(widths), len(widths) * (activation,), 1, **given)  # type: ignore[arg-type]


def _simple_cells(data_set: DataSet, random: np.random.Generator) -> Network:
    """1 or 2 layers of simple cells."""
    return _cells(SIMPLE, int(random.integers(1, 3)) * [int(random.choice([24, 32, 48, 64]))], random)


def _gated_cells(data_set: DataSet, random: np.random.Generator) -> Network:
    """A layer of gated cells."""
    width, cell = int(random.choice([16, 24, 32])), str(random.choice([GRU, LSTM]))
    return _cells(cell, [width], random, bidirectional=bool(random.random() < 0.25))


def _stacked_cells(data_set: DataSet, random: np.random.Generator) -> Network:
    """2 or 3 layers of gated cells."""
    width, cell = int(random.choice([16, 20, 24])), str(random.choice([GRU, LSTM]))
    return _cells(cell, int(random.integers(2, 4)) * [width], random)


FAMILIES: Mapping[str, Family] = {
    "shallow": Family("1 to 3 dense hidden layers", TABLE, 14000, _shallow),
    "middle": Family("4 to 6 dense hidden layers", TABLE, 10000, _middle),
    "deep": Family("8 to 11 dense hidden layers", TABLE, 10000, _deep),
    "normalized": Family("9 to 15 dense hidden layers, normalized", TABLE, 7000, _normalized),
    "residual": Family("15 to 29 dense hidden layers, normalized, residual", TABLE, 5000, _residual),
    "convolutions": Family("2 or 3 convolutions, a dense layer", IMAGE, 3000, _small_convolutions),
    "normalized_convolutions": Family(
        "5 to 8 convolutions, normalized", IMAGE, 1300, _normalized_convolutions
    ),
    "residual_convolutions": Family("9 to 15 convolutions, residual", IMAGE, 700, _residual_convolutions),
    "simple_cells": Family("1 or 2 layers of simple recurrent cells", SEQUENCE, 4000, _simple_cells),
    "gated_cells": Family("a layer of GRU or LSTM cells", SEQUENCE, 3000, _gated_cells),
    "stacked_cells": Family("2 or 3 layers of GRU or LSTM cells", SEQUENCE, 2000, _stacked_cells),
}
