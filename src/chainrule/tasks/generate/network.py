"""The language model, a decoder-only transformer: it reads whole texts, or one token more.

Rotary positions (Su et al. 2021), normalization by the root mean square before each branch (Zhang and
Sennrich 2019), squared ReLU (So et al. 2021), queries and keys normalized (Henry et al. 2020), embeddings
tied to the last layer (Press and Wolf 2017).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.nn import (
    Dense,
    Dropout,
    Initializer,
    Layer,
    RMSNorm,
    filled_parts,
    glorot_uniform,
    normal,
    orthogonal,
    zeros,
)
from chainrule.nn.layers.attention import rotated
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f

EXPANSION = 4


@dataclass(frozen=True)
class Place:
    """Where the token stands that is read next, as inputs of a program.

    slot: int32 (1,), the row of the caches that is overwritten. present: bool (context,), rows of the caches
    that hold a token, that one included. cos, sin: float (pairs,), of the angles of its position.
    """

    slot: Tensor
    present: Tensor
    cos: Tensor
    sin: Tensor

    @staticmethod
    def arrays(position: int, context: int, pairs: int) -> dict[str, np.ndarray]:
        """The inputs by name for the token at a position from 0 on; caches are rings of `context` rows."""
        angles = position * 10_000.0 ** (-np.arange(pairs) / pairs)
        return {
            "slot": np.array([position % context], np.int32),
            "present": np.arange(context) <= position,
            "cos": np.cos(angles).astype(np.float32),
            "sin": np.sin(angles).astype(np.float32),
        }


@dataclass(frozen=True)
class CachedAttention(Layer):
    """Causal self-attention, of which the keys and values of earlier tokens may be kept.

    heads: at least 1. context: tokens that are kept.
    x: float (batch, time, width) -> the same shape. place: reads one token, x (1, 1, width), after those of
    which the state of the layer has keys and values, and keeps its own; it costs the same at each place.
    """

    heads: int
    context: int

    def __post_init__(self) -> None:
        check_whole(self, "heads", self.heads)
        check_whole(self, "context", self.context)

    def __call__(self, x: Tensor, place: Place | None = None) -> Tensor:
        batch, time, width = x.shape
        size = width // self.heads
        every = Dense(3 * width, weight=_scaled(width))(x)
        parts = [every[..., i * width : (i + 1) * width] for i in range(3)]
        q, k, v = (each.reshape(batch, time, self.heads, size) for each in parts)
        q, k = _unit(q), _unit(k)
        if place is None:
            q, k, v = (each.transpose(0, 2, 1, 3) for each in (q, k, v))
            y = f.attention(rotated(q), rotated(k), v, causal=True)
            y = y.transpose(0, 2, 1, 3)
        else:
            y = self._next(q, k, v, place)
        return Dense(width, weight=zeros)(y.reshape(batch, time, width))

    def _next(self, q: Tensor, k: Tensor, v: Tensor, place: Place) -> Tensor:
        """What the token attends to, (1, 1, heads, size)."""
        heads, size = q.shape[2:]
        q, k = (_turned(each.reshape(heads, size), place) for each in (q, k))
        keys, values = (
            self._kept(name, each.reshape(1, heads * size), place)
            for name, each in (("keys", k), ("values", v))
        )
        scores = (keys * q).sum(-1) * size**-0.5
        weights = f.softmax(f.where(place.present.reshape(-1, 1), scores, -np.inf), 0)
        return (values * weights.reshape(*weights.shape, 1)).sum(0).reshape(1, 1, heads, size)

    def _kept(self, name: str, row: Tensor, place: Place) -> Tensor:
        """The kept rows with a new one, (context, heads, size)."""
        cache = self.state(name, (self.context, row.shape[1]), zeros, row.dtype)
        fresh = f.put(cache, place.slot, row)
        self.update_state(name, fresh)
        return fresh.reshape(self.context, self.heads, -1)


@dataclass(frozen=True)
class DecoderBlock(Layer):
    """h = x + attention(norm(x)); y = h + W_2 relu(W_1 norm(h))²; both branches start at 0."""

    heads: int
    context: int
    dropout: float

    def __call__(self, x: Tensor, place: Place | None = None) -> Tensor:
        width = x.shape[-1]
        h = x + Dropout(self.dropout)(CachedAttention(self.heads, self.context)(RMSNorm()(x), place=place))
        inner = f.relu(Dense(EXPANSION * width, weight=_scaled(width))(RMSNorm()(h)))
        return h + Dropout(self.dropout)(Dense(width, weight=zeros)(inner * inner))


@dataclass(frozen=True)
class LanguageModel(Layer, ABC):
    """The scores of the next token after each token of a text, or after one token more.

    x: int32 (batch, time) -> float (batch, time, vocabulary). place: of `place`, for x (1, 1) after the
    tokens that the state of the layers holds.
    """

    @abstractmethod
    def place(self, trace: Trace) -> Any:
        """What tells a program that it reads one token more; it may add inputs."""

    @abstractmethod
    def place_at(self, position: int) -> dict[str, np.ndarray]:
        """These inputs for the token at a position from 0 on."""

    @abstractmethod
    def __call__(self, x: Tensor, place: Any = None) -> Tensor: ...


@dataclass(frozen=True)
class Decoder(LanguageModel):
    """The scores of the next token after each token of a text.

    vocabulary, width, blocks, heads, context: at least 1; heads must divide the width into parts of an even
    size. dropout: 0 to below 1.
    x: int32 (batch, time) -> float (batch, time, vocabulary). place: for one token more, x (1, 1).
    """

    vocabulary: int
    width: int
    blocks: int
    heads: int
    context: int
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("vocabulary", "width", "blocks", "heads", "context"):
            check_whole(self, name, getattr(self, name))
        check_number(self, "dropout", self.dropout, at_least=0, below=1)

    def takes_whole_numbers(self) -> bool:
        """True: tokens are numbers."""
        return True

    @property
    def pairs(self) -> int:
        """Of features, which are rotated together."""
        return self.width // self.heads // 2

    def place(self, trace: Trace) -> Place:
        """The inputs of a program that reads one token more."""
        return Place(
            trace.input("slot", (1,), "int32"),
            trace.input("present", (self.context,), "bool"),
            trace.input("cos", (self.pairs,), "float32"),
            trace.input("sin", (self.pairs,), "float32"),
        )

    def place_at(self, position: int) -> dict[str, np.ndarray]:
        """These inputs for the token at a position from 0 on."""
        return Place.arrays(position, self.context, self.pairs)

    def __call__(self, x: Tensor, place: Any = None) -> Tensor:
        table = self.param("embedding", (self.vocabulary, self.width), normal(0.0, 0.02))
        y = Dropout(self.dropout)(RMSNorm()(f.gather(table, x)))
        for _ in range(self.blocks):
            y = DecoderBlock(self.heads, self.context, self.dropout)(y, place=place)
        return RMSNorm()(y) @ table.transpose(1, 0)


@dataclass(frozen=True)
class CarriedLstm(Layer):
    """A long short-term memory, as nn.LSTM, whose state may be carried on from call to call.

    x: float (batch, time, width) -> the same shape. carried: begins with the state of the layer, and keeps
    its own; else with zeros.
    """

    def __call__(self, x: Tensor, *, carried: bool) -> Tensor:
        batch, _, width = x.shape
        weight = self.param("weight", (width, 4 * width), glorot_uniform(), x.dtype)
        recurrent = self.param("recurrent_weight", (width, 4 * width), orthogonal(), x.dtype)
        bias = self.param("bias", (4 * width,), filled_parts(0.0, 1.0, 0.0, 0.0), x.dtype)
        names = ("hidden", "cell")
        if carried:
            start = [self.state(name, (batch, width), zeros, x.dtype) for name in names]
        else:
            start = [f.broadcast_to(x.trace.constant(0.0, x.dtype), (batch, width))] * 2
        hidden, cell = f.lstm(x.transpose(1, 0, 2) @ weight + bias, recurrent, *start)
        if carried:
            for name, each in zip(names, (hidden, cell), strict=True):
                self.update_state(name, each[-1])
        return hidden.transpose(1, 0, 2)


@dataclass(frozen=True)
class RecurrentModel(LanguageModel):
    """y = x + lstm(norm(x)), block after block, between tied embeddings; arguments as of `Decoder`.

    It forgets nothing by a window, but is trained on windows of `context` tokens.
    """

    vocabulary: int
    width: int
    blocks: int
    context: int
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("vocabulary", "width", "blocks", "context"):
            check_whole(self, name, getattr(self, name))
        check_number(self, "dropout", self.dropout, at_least=0, below=1)

    def takes_whole_numbers(self) -> bool:
        """True: tokens are numbers."""
        return True

    def place(self, trace: Trace) -> bool:
        """True: what tells a program that it reads one token more."""
        return True

    def place_at(self, position: int) -> dict[str, np.ndarray]:
        """None: a token is read alike at every position."""
        return {}

    def __call__(self, x: Tensor, place: Any = None) -> Tensor:
        table = self.param("embedding", (self.vocabulary, self.width), normal(0.0, 0.02))
        y = Dropout(self.dropout)(RMSNorm()(f.gather(table, x)))
        for _ in range(self.blocks):
            y = y + Dropout(self.dropout)(CarriedLstm()(RMSNorm()(y), carried=bool(place)))
        return RMSNorm()(y) @ table.transpose(1, 0)


def _scaled(width: int) -> Initializer:
    """Entries of a deviation that keeps the size of what is multiplied."""
    return normal(0.0, width**-0.5)


def _unit(x: Tensor) -> Tensor:
    """Root mean square 1 along the last axis."""
    return x / f.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)


def _turned(x: Tensor, place: Place) -> Tensor:
    """As `rotated` at one place: (heads, size)."""
    first, second = x[..., 0::2], x[..., 1::2]
    turned = f.stack(
        [first * place.cos - second * place.sin, first * place.sin + second * place.cos], axis=-1
    )
    return turned.reshape(*x.shape)


CLASSES = (Decoder, RecurrentModel)
"""Of recipes of this task."""
