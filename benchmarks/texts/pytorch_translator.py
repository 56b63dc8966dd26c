"""The translator of the task in plain PyTorch: same layers, batches, schedule and optimizer."""

import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.texts.pytorch_decoder import KEPT, Norm, turned
from benchmarks.texts.pytorch_training import optimizers_of, set_rates
from chainrule.executors import DEFAULT
from chainrule.tasks.minutes import TIMED
from chainrule.tasks.translate.beams import beam_search
from chainrule.tasks.translate.network import EXPANSION, FILL, Translator
from chainrule.tasks.translate.prepare import PreparedPairs
from chainrule.tasks.translate.recipe import ADAM_SHARE, WARM_UP
from chainrule.tasks.translate.settings import TranslateSettings
from chainrule.tasks.translate.writing import SENTENCES
from chainrule.training import Programs
from chainrule.training.supply import Supply, supply_of

_INPUTS = ("source.values", "source.mask", "target.values", "target.mask")


class SelfAttention(nn.Module):
    """Attention of a text to itself."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None) -> Tensor:
        """mask: (batch, time); None looks at what stands before."""
        q, k, v = (_by_heads(each, self.heads) for each in self.qkv(x).chunk(3, -1))
        q, k = turned(q, cos, sin), turned(k, cos, sin)
        keys = None if mask is None else mask[:, None, None]
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=keys, is_causal=mask is None)
        return self.out(y.transpose(1, 2).reshape(x.shape))


class CrossAttention(nn.Module):
    """Attention to the source."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.kv, self.q, self.out = (
            nn.Linear(width, 2 * width),
            nn.Linear(width, width, bias=False),
            nn.Linear(width, width, bias=False),
        )

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """mask: (batch, source)."""
        k, v = (_by_heads(each, self.heads) for each in self.kv(memory).chunk(2, -1))
        q = _by_heads(self.q(x), self.heads)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None])
        return self.out(y.transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    """Of the encoder, or of the decoder with attention to the source."""

    def __init__(self, width: int, heads: int, dropout: float, *, writes: bool) -> None:
        super().__init__()
        self.attention = SelfAttention(width, heads)
        self.cross = CrossAttention(width, heads) if writes else None
        self.norms = nn.ModuleList([Norm(width) for _ in range(2 + writes)])
        self.up, self.down = nn.Linear(width, EXPANSION * width), nn.Linear(EXPANSION * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, cos: Tensor, sin: Tensor, memory: Tensor | None) -> Tensor:
        """mask: of the source."""
        own = mask if self.cross is None else None
        x = x + self.dropout(self.attention(self.norms[0](x), cos, sin, own))
        if self.cross is not None:
            x = x + self.dropout(self.cross(self.norms[1](x), memory, mask))
        return x + self.dropout(self.down(functional.relu(self.up(self.norms[-1](x))).square()))


class TorchTranslator(nn.Module):
    """(batch, source) and (batch, time) tokens -> (batch, time, vocabulary) scores of the next ones."""

    def __init__(self, settings: Translator) -> None:
        super().__init__()
        width, heads, dropout = settings.width, settings.heads, settings.dropout
        self.embedding = nn.Parameter(torch.randn(settings.vocabulary, width) * 0.02)
        self.reading, self.writing = (
            nn.ModuleList([Block(width, heads, dropout, writes=writes) for _ in range(count)])
            for writes, count in ((False, settings.encoders), (True, settings.decoders))
        )
        self.read, self.last = Norm(width), Norm(width)
        self.dropout = nn.Dropout(dropout)
        pairs = width // heads // 2
        self.rates = 10_000.0 ** (-torch.arange(pairs, dtype=torch.float64) / pairs)
        for name, parameter in self.named_parameters():
            if name.endswith("bias") or "out." in name or "down." in name:
                nn.init.zeros_(parameter)
            elif parameter.ndim == 2 and name != "embedding":
                nn.init.normal_(parameter, 0.0, width**-0.5)

    def memory(self, source: Tensor, mask: Tensor) -> Tensor:
        """What the encoder makes of the source, (batch, source, width)."""
        return self.read(self._through(self.reading, source, mask, None))

    def forward(self, memory: Tensor, mask: Tensor, target: Tensor) -> Tensor:
        """mask: (batch, source)."""
        return self.last(self._through(self.writing, target, mask, memory)) @ self.embedding.T

    def _through(self, blocks: nn.ModuleList, tokens: Tensor, mask: Tensor, memory: Tensor | None) -> Tensor:
        angles = torch.arange(tokens.shape[1])[:, None] * self.rates
        cos, sin = angles.cos().float(), angles.sin().float()
        x = self.dropout(functional.rms_norm(self.embedding[tokens], self.embedding.shape[1:], eps=1e-6))
        for block in blocks:
            x = block(x, mask, cos, sin, memory)
        return x


def _by_heads(x: Tensor, heads: int) -> Tensor:
    return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def train_pytorch(
    prepared: PreparedPairs, settings: TranslateSettings, minutes: float
) -> tuple[TorchTranslator, dict[str, Any]]:
    """The network after so many minutes, and how far it came."""
    begun = time.perf_counter()
    torch.manual_seed(settings.seed)
    torch.set_num_threads(2)
    recipe = prepared.recipe(settings)
    model: Translator = recipe.objective.model  # type: ignore[attr-defined] (it is Translation)
    supply = supply_of(Programs(recipe, DEFAULT), prepared.training)
    rows = recipe.batch_size
    seconds = _seconds_of_a_step(TorchTranslator(model), supply, rows, settings)
    network = TorchTranslator(model).train()
    steps = max(1, int((KEPT * 60 * minutes - (time.perf_counter() - begun)) / seconds))
    optimizers = _optimizers(network, settings)
    warm = max(1, round(WARM_UP * steps))
    done, epoch = 0, 0
    while done < steps:
        for arrays, order in _batches(supply, rows, settings.seed, epoch):
            if done == steps:
                break
            set_rates(optimizers, done, steps, warm)
            _step(network, optimizers, arrays, order, settings.label_smoothing)
            done += 1
        epoch += 1
    per_epoch = -(-len(prepared.rows["train"]) // rows)
    return network.eval(), {"epochs": done / per_epoch, "train_seconds": time.perf_counter() - begun}


def translated(network: TorchTranslator, sources: list[np.ndarray], settings: Any, longest: int) -> Any:
    """The translations by the same beam search; every token is computed from the whole text before it."""
    order = np.argsort([len(each) for each in sources], kind="stable")
    found: list[list[int]] = [[] for _ in sources]
    with torch.no_grad():
        for first in range(0, len(order), SENTENCES):
            chosen = order[first : first + SENTENCES]
            texts = _searched(network, [sources[row] for row in chosen], settings, longest)
            for row, text in zip(chosen, texts, strict=True):
                found[row] = text
    return found


def _searched(network: TorchTranslator, sources: list[np.ndarray], settings: Any, longest: int) -> Any:
    length, beams = max(len(each) for each in sources), settings.beams
    source, mask = np.full((len(sources), length), FILL), np.zeros((len(sources), length), bool)
    for row, tokens in enumerate(sources):
        source[row, : len(tokens)], mask[row, : len(tokens)] = tokens, True
    read = torch.from_numpy(mask)
    memory = network.memory(torch.from_numpy(source), read).repeat_interleave(beams, 0)
    read = read.repeat_interleave(beams, 0)
    texts = np.zeros((len(sources) * beams, 0), np.int64)

    def advance(tokens: np.ndarray, parents: np.ndarray) -> np.ndarray:
        nonlocal texts
        texts = np.concatenate([texts[parents], tokens[:, None]], 1)
        return torch.log_softmax(network(memory, read, torch.from_numpy(texts))[:, -1], -1).numpy()

    return beam_search(
        advance, len(sources), beams=beams, longest=longest, length_penalty=settings.length_penalty
    )


def _optimizers(network: TorchTranslator, settings: TranslateSettings) -> list[tuple[Any, float]]:
    matrices = [each for name, each in network.named_parameters() if each.ndim == 2 and name != "embedding"]
    known = {id(each) for each in matrices}
    others = [each for each in network.parameters() if id(each) not in known]
    return optimizers_of(matrices, others, settings.learning_rate, ADAM_SHARE, 0.0)


def _batches(supply: Supply, rows: int, seed: int, epoch: int) -> Any:
    for part in supply.feed(rows, seed, epoch):
        for order in part.order:
            yield part.arrays, order


def _step(
    network: TorchTranslator, optimizers: Any, arrays: Any, order: np.ndarray, smoothing: float
) -> None:
    given = {name: torch.from_numpy(arrays[f"x.{name}"][order]) for name in _INPUTS}
    target, mask = given["target.values"].long(), given["source.mask"]
    memory = network.memory(given["source.values"].long(), mask)
    scores = network(memory, mask, target[:, :-1])
    counted = given["target.mask"][:, 1:]
    loss = functional.cross_entropy(scores[counted], target[:, 1:][counted], label_smoothing=smoothing)
    for optimizer, _ in optimizers:
        optimizer.zero_grad(set_to_none=True)
    loss.backward()
    for optimizer, _ in optimizers:
        optimizer.step()


def _seconds_of_a_step(
    network: TorchTranslator, supply: Supply, rows: int, settings: TranslateSettings
) -> float:
    """The mean of as many batches as chainrule times; the first is not counted."""
    optimizers, taken = _optimizers(network, settings), []
    for (arrays, order), _ in zip(_batches(supply, rows, 0, 0), range(TIMED + 1), strict=False):
        begun = time.perf_counter()
        _step(network, optimizers, arrays, order, settings.label_smoothing)
        taken.append(time.perf_counter() - begun)
    return sum(taken[1:]) / len(taken[1:])
