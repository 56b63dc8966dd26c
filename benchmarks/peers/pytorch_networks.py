"""The workloads' networks as PyTorch writes them; modules bear the names of our layers."""

from collections import OrderedDict
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import torch  # type: ignore[import-not-found] (only in the environment of `make bench`)
from torch import nn  # type: ignore[import-not-found]

from benchmarks.problem import Problem
from benchmarks.workloads import Bag, ConvNet, Gpt, Lstm, Mlp, Network, ResNet

_ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "linear": nn.Identity}
_LINEAR_OF_ATTENTION = {"inputs": "", "outputs": "output_"}


def network(problem: Problem) -> nn.Module:
    """The workload's network with our initial weights."""
    model = _network(problem.workload.network)
    set_weights(model, problem)
    return model


def set_weights(model: nn.Module, problem: Problem) -> None:
    """Our initial weights, in place, and running statistics as a fresh model has them."""
    with torch.no_grad():
        for name, module in model.named_modules():
            for parameter, array in _arrays(name, module, problem.parameters):
                getattr(module, parameter).copy_(torch.from_numpy(np.ascontiguousarray(array)))
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()


def _arrays(name: str, module: nn.Module, ours: dict[str, np.ndarray]) -> Iterable[tuple[str, np.ndarray]]:
    """(PyTorch's name, array in its layout) of a module's own parameters."""
    match module:
        case nn.Linear():
            layer, _, part = name.rpartition(".")
            prefix = f"{layer}.{_LINEAR_OF_ATTENTION[part]}" if part in _LINEAR_OF_ATTENTION else f"{name}."
            return [("weight", ours[f"{prefix}weight"].T), ("bias", ours[f"{prefix}bias"])]
        case nn.Conv2d():
            weight = ("weight", ours[f"{name}.weight"].transpose(3, 2, 0, 1))
            return [weight] if module.bias is None else [weight, ("bias", ours[f"{name}.bias"])]
        case nn.BatchNorm2d() | nn.LayerNorm():
            return [("weight", ours[f"{name}.scale"]), ("bias", ours[f"{name}.shift"])]
        case nn.LSTM():
            bias = ours[f"{name}.bias"]  # PyTorch has two, which are added
            return [
                ("weight_ih_l0", ours[f"{name}.weight"].T),
                ("weight_hh_l0", ours[f"{name}.recurrent_weight"].T),
                ("bias_ih_l0", bias),
                ("bias_hh_l0", np.zeros_like(bias)),
            ]
        case nn.Embedding() | nn.EmbeddingBag() | _Positions():
            return [("weight", ours[f"{name}.weight"])]
        case _:
            return []


def _network(shape: Network) -> nn.Module:
    match shape:
        case Mlp():
            return _mlp(shape)
        case ConvNet():
            return _conv_net(shape)
        case ResNet():
            return _resnet(shape)
        case Gpt():
            return _gpt(shape)
        case Lstm():
            last = nn.Linear(shape.units, shape.classes)
            return _named(lstm_1=_Last(shape.features, shape.units), dense_1=last)
        case Bag():
            vectors = nn.EmbeddingBag(shape.vocabulary, shape.units, mode="mean")
            return _named(embedding_1=vectors, dense_1=nn.Linear(shape.units, shape.classes))
        case _:
            raise TypeError(f"{shape} has no reading here")


def _named(**modules: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(modules))


def _mlp(shape: Mlp) -> nn.Module:
    modules: dict[str, nn.Module] = {}
    for number, (inputs, outputs) in enumerate(pairwise(shape.widths), start=1):
        modules[f"dense_{number}"] = nn.Linear(inputs, outputs)
        if number < len(shape.widths) - 1:
            modules[f"activation_{number}"] = _ACTIVATIONS[shape.activation]()
            if shape.dropout:
                modules[f"dropout_{number}"] = nn.Dropout(shape.dropout)
    return _named(**modules)


class _Rows(nn.Module):
    """Images as rows, channels last, as ours are."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


def _conv_net(shape: ConvNet) -> nn.Module:
    modules: dict[str, nn.Module] = {}
    for number, (inputs, outputs) in enumerate(pairwise((shape.image[2], *shape.filters)), start=1):
        modules[f"conv2d_{number}"] = nn.Conv2d(inputs, outputs, 3)
        modules |= {f"relu_{number}": nn.ReLU(), f"max_pool_{number}": nn.MaxPool2d(2)}
    height, width, channels = shape.last_map
    return _named(
        **modules,
        flatten=_Rows(),
        dense_1=nn.Linear(height * width * channels, shape.hidden),
        activation=_ACTIVATIONS[shape.activation](),
        dense_2=nn.Linear(shape.hidden, shape.classes),
    )


def _normalized(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return convolution, nn.BatchNorm2d(outputs)


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv2d_1, self.batch_norm_1 = _normalized(inputs, outputs, stride=stride)
        self.conv2d_2, self.batch_norm_2 = _normalized(outputs, outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1:
            projection, normalization = _normalized(inputs, outputs, 1, stride)
            self.shortcut = _named(conv2d_1=projection, batch_norm_1=normalization)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.batch_norm_1(self.conv2d_1(x)))
        return torch.relu(self.shortcut(x) + self.batch_norm_2(self.conv2d_2(y)))


class _MeanOfImage(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


def _resnet(shape: ResNet) -> nn.Module:
    widths = (shape.widths[0], *shape.widths)
    blocks = {
        f"residual_{number}": _Block(inputs, outputs, 1 if number == 1 else 2)
        for number, (inputs, outputs) in enumerate(pairwise(widths), start=1)
    }
    convolution, normalization = _normalized(shape.image[2], widths[0])
    return _named(
        conv2d_1=convolution,
        batch_norm_1=normalization,
        relu=nn.ReLU(),
        **blocks,
        mean=_MeanOfImage(),
        dense_1=nn.Linear(widths[-1], shape.classes),
    )


class _Positions(nn.Module):
    def __init__(self, longest: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(longest, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.weight


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inputs, self.outputs = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, time, width = x.shape
        q, k, v = self.inputs(x).view(batch, time, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.outputs(y.transpose(1, 2).reshape(batch, time, width))


class _TransformerBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.layer_norm_1, self.layer_norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.multi_head_attention_1 = _Attention(width, heads)
        self.dense_1, self.dense_2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.multi_head_attention_1(self.layer_norm_1(x))
        inner = nn.functional.gelu(self.dense_1(self.layer_norm_2(x)), approximate="tanh")
        return x + self.dense_2(inner)


def _gpt(shape: Gpt) -> nn.Module:
    blocks = {
        f"transformer_block_{number}": _TransformerBlock(shape.width, shape.heads)
        for number in range(1, shape.blocks + 1)
    }
    return _named(
        embedding_1=nn.Embedding(shape.vocabulary, shape.width),
        positional_encoding_1=_Positions(shape.context, shape.width),
        **blocks,
        layer_norm_1=nn.LayerNorm(shape.width),
        dense_1=nn.Linear(shape.width, shape.classes),
    )


class _Last(nn.LSTM):
    """The state after the last element alone; of its two biases, which are added, one is trained."""

    def __init__(self, features: int, units: int) -> None:
        super().__init__(features, units, batch_first=True)
        self.bias_hh_l0.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x)[0][:, -1]
