"""The translator: a transformer that reads a source text and writes a target text (Vaswani et al. 2017).

Rotary positions, normalization by the root mean square before each branch, squared ReLU; the embeddings of
source, target and the last layer are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.nn import Dense, Dropout, Layer, RMSNorm, normal, zeros
from chainrule.nn.layers.attention import rotated
from chainrule.nn.losses.loss import smoothed
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f
from chainrule.training import Objective, Recorded

EXPANSION = 4
FILL, BEGIN, END, FIRST = 0, 1, 2, 3
"""Tokens that fill up batches, begin and end a target; the first token of texts."""


@dataclass(frozen=True)
class Step:
    """What a program gets that writes one token more in every row.

    parents: int32 (rows,), the row whose text each row continues. now, present: bool (longest,), the place of
    the token, and all places that hold one. cos, sin: float (pairs,). memory: of each block, what
    `Translator.memory` made, float (rows, source, 2 width). mask: bool (rows, source).
    """

    parents: Tensor
    now: Tensor
    present: Tensor
    cos: Tensor
    sin: Tensor
    memory: tuple[Tensor, ...]
    mask: Tensor


@dataclass(frozen=True)
class SelfAttention(Layer):
    """Attention of a text to itself. heads: at least 1. causal: to what stands before.

    x: float (batch, time, width). mask: bool (batch, time). step: x is (rows, 1, width), and what came before
    is in the state of the layer, of `longest` places.
    """

    heads: int
    causal: bool
    longest: int = 1

    def __call__(self, x: Tensor, mask: Tensor | None = None, step: Step | None = None) -> Tensor:
        batch, time, width = x.shape
        every = Dense(3 * width, weight=_scaled(width))(x)
        q, k, v = (
            each.reshape(batch, time, self.heads, -1)
            for each in (every[..., i * width : (i + 1) * width] for i in range(3))
        )
        if step is None:
            q, k, v = (each.transpose(0, 2, 1, 3) for each in (q, k, v))
            keys = None if mask is None else mask.reshape(batch, 1, 1, time)
            y = f.attention(rotated(q), rotated(k), v, mask=keys, causal=self.causal).transpose(0, 2, 1, 3)
        else:
            y = self._next(_turned(q, step), _turned(k, step), v, step)
        return Dense(width, weight=zeros)(y.reshape(batch, time, width))

    def _next(self, q: Tensor, k: Tensor, v: Tensor, step: Step) -> Tensor:
        keys, values = (self._kept(name, each, step) for name, each in (("keys", k), ("values", v)))
        scores = (keys * q).sum(-1) * q.shape[-1] ** -0.5
        weights = f.softmax(f.where(step.present.reshape(1, -1, 1), scores, -np.inf), 1)
        return (values * weights.reshape(*weights.shape, 1)).sum(1)

    def _kept(self, name: str, fresh: Tensor, step: Step) -> Tensor:
        """(rows, longest, heads, size): what the parents have, with the new one in its place."""
        rows, _, heads, size = fresh.shape
        cache = self.state(name, (rows, self.longest, heads, size), zeros, fresh.dtype)
        whole = f.where(step.now.reshape(1, -1, 1, 1), fresh, f.gather(cache, step.parents))
        self.update_state(name, whole)
        return whole


@dataclass(frozen=True)
class CrossAttention(Layer):
    """Attention to a source. heads: at least 1.

    x: float (batch, time, width). memory: of the encoder, float (batch, source, width); or what this layer
    made of it, (batch, source, 2 width), which it returns if x is None. mask: bool (batch, source).
    """

    heads: int

    def __call__(self, x: Tensor | None, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        width = memory.shape[-1] if x is None else x.shape[-1]
        made = memory
        if memory.shape[-1] == width:
            made = Dense(2 * width, weight=_scaled(width))(memory)
        if x is None:
            return made
        batch, source, _ = made.shape
        k, v = (
            each.reshape(batch, source, self.heads, -1).transpose(0, 2, 1, 3)
            for each in (made[..., :width], made[..., width:])
        )
        weight = self.param("query_weight", (width, width), _scaled(width), x.dtype)
        q = (x @ weight).reshape(batch, x.shape[1], self.heads, -1).transpose(0, 2, 1, 3)
        keys = None if mask is None else mask.reshape(batch, 1, 1, source)
        y = f.attention(q, k, v, mask=keys).transpose(0, 2, 1, 3)
        out = self.param("output_weight", (width, width), zeros, x.dtype)
        return y.reshape(*x.shape) @ out


@dataclass(frozen=True)
class Inner(Layer):
    """W_2 relu(W_1 x)²."""

    def __call__(self, x: Tensor) -> Tensor:
        width = x.shape[-1]
        inner = f.relu(Dense(EXPANSION * width, weight=_scaled(width))(x))
        return Dense(width, weight=zeros)(inner * inner)


@dataclass(frozen=True)
class EncoderBlock(Layer):
    """Attention of the source to itself, and an inner layer, each normalized before and added."""

    heads: int
    dropout: float

    def __call__(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + Dropout(self.dropout)(SelfAttention(self.heads, causal=False)(RMSNorm()(x), mask))
        return x + Dropout(self.dropout)(Inner()(RMSNorm()(x)))


@dataclass(frozen=True)
class DecoderBlock(Layer):
    """Attention of the target to itself and to the source, and an inner layer.

    x None: what cross attention makes of the memory.
    """

    heads: int
    dropout: float
    longest: int

    def __call__(
        self, x: Tensor | None, memory: Tensor, mask: Tensor | None = None, step: Step | None = None
    ) -> Tensor:
        if x is None:
            return CrossAttention(self.heads)(None, memory)
        attention = SelfAttention(self.heads, causal=True, longest=self.longest)
        x = x + Dropout(self.dropout)(attention(RMSNorm()(x), step=step))
        x = x + Dropout(self.dropout)(CrossAttention(self.heads)(RMSNorm()(x), memory, mask))
        return x + Dropout(self.dropout)(Inner()(RMSNorm()(x)))


@dataclass(frozen=True)
class Encoder(Layer):
    """Blocks over the embedded source, and a last normalization."""

    blocks: int
    heads: int
    dropout: float

    def __call__(self, x: Tensor, mask: Tensor) -> Tensor:
        for _ in range(self.blocks):
            x = EncoderBlock(self.heads, self.dropout)(x, mask)
        return RMSNorm()(x)


@dataclass(frozen=True)
class Writing(Layer):
    """Blocks over the embedded target. x None: the memories of all blocks, side by side."""

    blocks: int
    heads: int
    dropout: float
    longest: int

    def __call__(
        self,
        x: Tensor | None,
        memory: Tensor | None = None,
        mask: Tensor | None = None,
        step: Step | None = None,
    ) -> Tensor:
        made = []
        for number in range(self.blocks):
            block = DecoderBlock(self.heads, self.dropout, self.longest)
            if step is not None:
                x = block(x, step.memory[number], step.mask, step=step)
            else:
                assert memory is not None
                done = block(x, memory, mask)
                if x is None:
                    made.append(done)
                else:
                    x = done
        return f.concatenate(made) if x is None else RMSNorm()(x)


@dataclass(frozen=True)
class Translator(Layer):
    """Scores of the next token of a target, given a source.

    vocabulary, width, encoders, decoders, heads, longest: at least 1; heads divide the width into parts of an
    even size; longest: tokens of a target. dropout: 0 to below 1.
    source: int32 (batch, source). mask: bool (batch, source). target: int32 (batch, time) -> float (batch,
    time, vocabulary). target None: what the decoder makes of the source, (batch, source, decoders · 2 width).
    step: target (rows, 1), source and mask None.
    """

    vocabulary: int
    width: int
    encoders: int
    decoders: int
    heads: int
    longest: int
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("vocabulary", "width", "encoders", "decoders", "heads", "longest"):
            check_whole(self, name, getattr(self, name))
        check_number(self, "dropout", self.dropout, at_least=0, below=1)

    def takes_whole_numbers(self) -> bool:
        """True: tokens are numbers."""
        return True

    @property
    def pairs(self) -> int:
        """Of features, which are rotated together."""
        return self.width // self.heads // 2

    def __call__(
        self,
        source: Tensor | None,
        mask: Tensor | None = None,
        target: Tensor | None = None,
        step: Step | None = None,
    ) -> Tensor:
        table = self.param("embedding", (self.vocabulary, self.width), normal(0.0, 0.02))

        def embedded(tokens: Tensor) -> Tensor:
            rows = f.gather(table, tokens)
            return Dropout(self.dropout)(rows / f.sqrt((rows * rows).mean(-1, keepdims=True) + 1e-6))

        memory = None
        if source is not None:
            assert mask is not None
            memory = Encoder(self.encoders, self.heads, self.dropout)(embedded(source), mask)
        writing = Writing(self.decoders, self.heads, self.dropout, self.longest)
        if target is None:
            return writing(None, memory)
        scores = writing(embedded(target), memory, mask, step=step)
        return scores @ table.transpose(1, 0)

    def step_inputs(self, trace: Trace, rows: int, source: int) -> Step:
        """The inputs of a program that writes one token more in each of some rows."""
        memory = tuple(
            trace.input(f"memory.{number}", (rows, source, 2 * self.width), "float32")
            for number in range(self.decoders)
        )
        return Step(
            trace.input("parents", (rows,), "int32"),
            trace.input("now", (self.longest,), "bool"),
            trace.input("present", (self.longest,), "bool"),
            trace.input("cos", (self.pairs,), "float32"),
            trace.input("sin", (self.pairs,), "float32"),
            memory,
            trace.input("mask", (rows, source), "bool"),
        )

    def step_at(self, position: int) -> dict[str, np.ndarray]:
        """Those of them that say where the tokens stand, from 0 on."""
        places = np.arange(self.longest)
        angles = position * 10_000.0 ** (-np.arange(self.pairs) / self.pairs)
        return {
            "now": places == position,
            "present": places <= position,
            "cos": np.cos(angles).astype(np.float32),
            "sin": np.sin(angles).astype(np.float32),
        }


@dataclass(frozen=True)
class Translation(Objective):
    """The mean over all target tokens of -(1 - s) ln p(token) - s mean ln p, given source and earlier tokens.

    s is the label smoothing (Szegedy et al. 2016), 0 to below 1. Inputs: x.source and x.target, each values
    and mask; a target begins with BEGIN and ends with END.
    """

    model: Translator
    smoothing: float = 0.0
    needs_targets: ClassVar[bool] = False

    def record(self, inputs: Mapping[str, Tensor]) -> Recorded:
        """The loss; the outputs are ln p of each target, (batch,), without smoothing."""
        target, mask = inputs["x.target.values"], inputs["x.target.mask"]
        scores = self.model(inputs["x.source.values"], inputs["x.source.mask"], target[:, :-1])
        likely = f.one_hot(target[:, 1:], self.model.vocabulary, scores.dtype)
        counted = mask[:, 1:].cast(scores.dtype)
        plain = f.softmax_cross_entropy(scores, likely) * counted
        loss = plain
        if self.smoothing:
            spread = smoothed(likely, self.smoothing, self.model.vocabulary)
            loss = f.softmax_cross_entropy(scores, spread) * counted
        return Recorded(loss.sum() / counted.sum(), -plain.sum(-1))


CLASSES = (Translator, Translation)
"""Of recipes of this task."""


def _scaled(width: int):
    return normal(0.0, width**-0.5)


def _turned(x: Tensor, step: Step) -> Tensor:
    """As `rotated` at one place: (rows, 1, heads, size)."""
    first, second = x[..., 0::2], x[..., 1::2]
    turned = f.stack([first * step.cos - second * step.sin, first * step.sin + second * step.cos], axis=-1)
    return turned.reshape(*x.shape)
