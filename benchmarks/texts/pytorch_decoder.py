"""The decoder of the task on language models in plain PyTorch: same layers, windows, schedule and optimizer.

Eager, as its users write it for a processor: fused attention, and a cache of keys and values for writing.
"""

import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.texts.pytorch_training import optimizers_of, set_rates
from chainrule.tasks.generate.network import EXPANSION, Decoder
from chainrule.tasks.generate.prepare import PreparedText
from chainrule.tasks.generate.recipe import ADAM_SHARE, WARM_UP
from chainrule.tasks.generate.settings import GenerateSettings

KEPT = 0.92
"""Of the minutes, for the steps, as chainrule keeps them."""


class Norm(nn.Module):
    """Root-mean-square normalization with a trained scale."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, x.shape[-1:], self.scale, 1e-5)


class Block(nn.Module):
    """Attention and a layer of squared ReLU, each after a norm and beside the identity."""

    def __init__(self, settings: Decoder) -> None:
        super().__init__()
        width = settings.width
        self.heads = settings.heads
        self.first, self.second = Norm(width), Norm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, EXPANSION * width), nn.Linear(EXPANSION * width, width)
        self.dropout = nn.Dropout(settings.dropout)
        for layer in (self.qkv, self.up):
            nn.init.normal_(layer.weight, 0.0, width**-0.5)
        for layer in (self.out, self.down):
            nn.init.zeros_(layer.weight)
        for layer in (self.qkv, self.up, self.out, self.down):
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, kept: list[Tensor] | None = None) -> Tensor:
        """kept: keys and values of earlier tokens, to which those of x are added."""
        batch, time, width = x.shape
        q, k, v = (
            each.view(batch, time, self.heads, -1).transpose(1, 2)
            for each in self.qkv(self.first(x)).chunk(3, -1)
        )
        q, k = (turned(functional.rms_norm(each, each.shape[-1:], eps=1e-6), cos, sin) for each in (q, k))
        if kept is not None:
            if kept:
                k, v = torch.cat([kept[0], k], 2), torch.cat([kept[1], v], 2)
            kept[:] = [k, v]
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=kept is None)
        x = x + self.dropout(self.out(y.transpose(1, 2).reshape(batch, time, width)))
        return x + self.dropout(self.down(functional.relu(self.up(self.second(x))).square()))


class TorchDecoder(nn.Module):
    """(batch, time) tokens -> (batch, time, vocabulary) scores of the next ones."""

    def __init__(self, settings: Decoder) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(settings.vocabulary, settings.width) * 0.02)
        self.first, self.last = Norm(settings.width), Norm(settings.width)
        self.blocks = nn.ModuleList([Block(settings) for _ in range(settings.blocks)])
        self.dropout = nn.Dropout(settings.dropout)
        pairs = settings.width // settings.heads // 2
        self.rates = 10_000.0 ** (-torch.arange(pairs, dtype=torch.float64) / pairs)

    def forward(self, tokens: Tensor, position: int = 0, kept: list[list[Tensor]] | None = None) -> Tensor:
        """position: of the first token. kept: of each block; None: without earlier tokens."""
        angles = (position + torch.arange(tokens.shape[1]))[:, None] * self.rates
        cos, sin = angles.cos().float(), angles.sin().float()
        x = self.dropout(self.first(self.embedding[tokens]))
        for number, block in enumerate(self.blocks):
            x = block(x, cos, sin, None if kept is None else kept[number])
        return self.last(x) @ self.embedding.T


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Pairs of neighbours rotated by their angles."""
    first, second = x[..., 0::2], x[..., 1::2]
    return torch.stack([first * cos - second * sin, first * sin + second * cos], -1).flatten(-2)


def train_pytorch(prepared: PreparedText, settings: GenerateSettings, minutes: float) -> dict[str, Any]:
    """The loss on the held-out windows after so many minutes, and the tokens per second of training."""
    begun = time.perf_counter()
    torch.manual_seed(settings.seed)
    torch.set_num_threads(2)
    recipe = prepared.recipe(settings)
    decoder: Decoder = recipe.objective.model  # type: ignore[attr-defined] (it is Supervised)
    network = TorchDecoder(decoder)
    windows, rows = prepared.training, recipe.batch_size
    steps_per_epoch = -(-windows.examples // rows)
    chunk = next(iter(windows.chunks(settings.seed, 0)))
    seconds = _seconds_of_a_step(network, chunk.arrays, rows, settings)
    network = TorchDecoder(decoder)
    left = KEPT * 60 * minutes - (time.perf_counter() - begun)
    steps = max(1, int(left / seconds))
    optimizers = _optimizers(network, settings)
    warm = max(1, round(WARM_UP * steps))
    network.train()
    done, epoch, clock = 0, 0, time.perf_counter()
    while done < steps:
        for part in windows.chunks(settings.seed, epoch):
            for first in range(0, len(part.order) - rows + 1, rows):
                if done == steps:
                    break
                order = part.order[first : first + rows]
                set_rates(optimizers, done, steps, warm)
                _step(network, optimizers, part.arrays, order)
                done += 1
        epoch += 1
    taken = time.perf_counter() - clock
    return {
        "loss": loss_of(network, prepared),
        "seconds": time.perf_counter() - begun,
        "tokens_per_second": done * rows * settings.context / taken,
        "epochs": done / steps_per_epoch,
        "network": network,
    }


def loss_of(network: TorchDecoder, prepared: PreparedText) -> float:
    """The mean loss on the held-out windows."""
    network.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for chunk in prepared.test_of(1_000_000).chunks(None, 0):
            for first in range(0, len(chunk.order), 64):
                x, y = _batch(chunk.arrays, chunk.order[first : first + 64])
                scores = network(x)
                total += float(functional.cross_entropy(scores.flatten(0, 1), y.flatten(), reduction="sum"))
                count += y.numel()
    return total / count


def tokens_per_second(network: TorchDecoder, prompt: list[int], tokens: int, seed: int) -> float:
    """Of writing with the cache, batch 1, drawn at temperature 0.8."""
    network.eval()
    kept: list[list[Tensor]] = [[] for _ in network.blocks]
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for position, token in enumerate(prompt):
            scores = network(torch.tensor([[token]]), position, kept)
        begun = time.perf_counter()
        for position in range(len(prompt), len(prompt) + tokens):
            shares = torch.softmax(scores[0, -1] / 0.8, -1)
            token = int(torch.multinomial(shares, 1, generator=random))
            scores = network(torch.tensor([[token]]), position, kept)
        return tokens / (time.perf_counter() - begun)


def _optimizers(network: TorchDecoder, settings: GenerateSettings) -> list[tuple[Any, float]]:
    """Muon for the matrices of the blocks, Adam for the rest; each with its peak rate."""
    matrices = [each for each in network.blocks.parameters() if each.ndim == 2]
    known = {id(each) for each in matrices}
    others = [each for each in network.parameters() if id(each) not in known]
    return optimizers_of(matrices, others, settings.learning_rate, ADAM_SHARE, settings.weight_decay)


def _step(network: TorchDecoder, optimizers: list[tuple[Any, float]], arrays: Any, order: np.ndarray) -> None:
    x, y = _batch(arrays, order)
    loss = functional.cross_entropy(network(x).flatten(0, 1), y.flatten())
    for optimizer, _ in optimizers:
        optimizer.zero_grad(set_to_none=True)
    loss.backward()
    for optimizer, _ in optimizers:
        optimizer.step()


def _batch(arrays: Any, order: np.ndarray) -> tuple[Tensor, Tensor]:
    x, y = (torch.from_numpy(arrays[name][order].astype(np.int64)) for name in ("x", "y"))
    return x, y


def _seconds_of_a_step(network: TorchDecoder, arrays: Any, rows: int, settings: GenerateSettings) -> float:
    optimizers = _optimizers(network, settings)
    taken = []
    for _ in range(4):
        begun = time.perf_counter()
        _step(network, optimizers, arrays, np.resize(np.arange(len(arrays["x"])), rows))
        taken.append(time.perf_counter() - begun)
    return min(taken[1:])
