"""chainrule: the training step as one program, whole epochs per call."""

from importlib.metadata import version as installed_version

import numpy as np

from benchmarks.problem import Problem
from benchmarks.workloads import Adam, AdamW, Bag, ConvNet, Gpt, Lstm, Mlp, Network, ResNet, Workload
from chainrule.doctor.symptoms import WATCHED
from chainrule.executors import Compiled, usable_executor
from chainrule.executors.numpy_ import NumpyProgram
from chainrule.nn import (
    LSTM,
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    LayerNorm,
    MaxPool2D,
    PositionalEncoding,
    Residual,
    Sequential,
    SoftmaxCrossEntropy,
    TransformerBlock,
    adam,
    adamw,
    glorot_normal,
    he_normal,
    momentum,
)
from chainrule.nn.layer import Layer
from chainrule.training import Batch, Recipe, Supervised, initial_tree, training_step


def executor_of(compiled: Compiled) -> str:
    """Who really runs a program: native leaves to numpy what it can not run."""
    return "numpy" if isinstance(compiled, NumpyProgram) else "native"


def recipe_of(workload: Workload) -> Recipe:
    """The workload in our own words."""
    chosen = workload.optimizer
    if isinstance(chosen, AdamW):
        moments = (chosen.beta1, chosen.beta2, chosen.epsilon)
        optimizer = adamw(chosen.rate, chosen.decay, *moments, on="*")
    elif isinstance(chosen, Adam):
        optimizer = adam(chosen.rate, chosen.beta1, chosen.beta2, chosen.epsilon)
    else:
        optimizer = momentum(chosen.rate, chosen.decay)
    layers = _layers(workload.network)
    return Recipe(Supervised(Sequential(layers), SoftmaxCrossEntropy()), optimizer, batch_size=workload.batch)


def _layers(network: Network) -> list[Layer]:
    match network:
        case Mlp():
            return _mlp(network)
        case ConvNet():
            convolutions = [
                layer for n in network.filters for layer in (Conv2D(n, 3, activation="relu"), MaxPool2D())
            ]
            return [
                *convolutions,
                Flatten(),
                Dense(network.hidden, network.activation),
                Dense(network.classes),
            ]
        case ResNet():
            first, *others = network.widths
            blocks = [_block(first, 1), *(_block(width, 2) for width in others)]
            return [
                *_normalized(first),
                Activation("relu"),
                *(layer for block in blocks for layer in (block, Activation("relu"))),
                GlobalAvgPool2D(),
                Dense(network.classes),
            ]
        case Gpt():
            blocks = [TransformerBlock(network.heads, causal=True, activation="gelu_tanh")] * network.blocks
            start = [Embedding(network.vocabulary, network.width)]
            return [
                *start,
                PositionalEncoding("learned", network.context),
                *blocks,
                LayerNorm(),
                Dense(network.classes),
            ]
        case Lstm():
            return [LSTM(network.units), Dense(network.classes)]
        case Bag():
            return [Embedding(network.vocabulary, network.units), GlobalAvgPool1D(), Dense(network.classes)]
        case _:
            raise TypeError(f"{network} has no reading here")


def _mlp(network: Mlp) -> list[Layer]:
    kernel = he_normal() if network.activation == "relu" else glorot_normal()
    layers: list[Layer] = []
    for width in network.widths[1:-1]:
        layers.append(Dense(width, network.activation, kernel))
        if network.dropout:
            layers.append(Dropout(network.dropout))
    return [*layers, Dense(network.classes, weight=kernel)]


def _normalized(width: int, size: int = 3, stride: int = 1) -> list[Layer]:
    around = (size // 2, size // 2)  # 'same' would put more zeros on one side where the stride is 2
    return [Conv2D(width, size, stride=stride, padding=(around, around), use_bias=False), BatchNorm()]


def _block(width: int, stride: int) -> Residual:
    shortcut = Sequential(_normalized(width, 1, stride)) if stride > 1 else None
    return Residual([*_normalized(width, 3, stride), Activation("relu"), *_normalized(width)], shortcut)


def batch_of(workload: Workload) -> Batch:
    """Shapes and dtypes of one batch."""
    network, rows = workload.network, workload.batch
    dtype = "int32" if network.tokens else "float32"
    return Batch({"x": ((rows, *network.example), dtype), "y": ((rows, *network.targets), "int32")})


class Ours:
    """See `Peer`."""

    def __init__(self, problem: Problem, variant: str) -> None:
        workload = problem.workload
        recipe = recipe_of(workload)
        executor, _, watched = variant.partition(", ")
        watch = [probe for probe in WATCHED if probe.every == "step"] if watched else []
        step = training_step(recipe, batch_of(workload), watch=watch)
        usable, _ = usable_executor(executor)
        self._compiled = usable.compile(step.program)
        ran = executor_of(self._compiled)
        self.note = f"{ran} executor" if ran == executor else f"{ran} executor ({executor} is not there)"
        self._start = {**initial_tree(recipe, step), **problem.parameters}
        self._chunk = {"x": problem.x, "y": problem.y}
        self._orders = list(problem.orders)
        self.steps_per_run = workload.steps
        self.reset()

    def begin(self) -> None:
        """The first step."""
        self._session.run_many(self._chunk, self._orders[0][:1])

    def reset(self) -> None:
        """Back to the start."""
        self._session = self._compiled.bind({name: array.copy() for name, array in self._start.items()})

    def losses(self, epoch: int) -> np.ndarray:
        """One epoch."""
        return self._session.run_many(self._chunk, self._orders[epoch])["loss"]

    def run(self, epoch: int) -> None:
        """One epoch."""
        self.losses(epoch)


def build(problem: Problem, variant: str) -> Ours:
    """variant: an executor's name, and ', watched' for what the doctor measures at every step."""
    return Ours(problem, variant)


def version() -> str:
    """The library and its version."""
    return f"chainrule {installed_version('chainrule')}"
