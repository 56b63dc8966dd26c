"""Self-attention and cross-attention, the transformer block, and positional encodings."""

import math
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.nn.activations import check_activation
from chainrule.nn.initializers import Initializer, check_initializers, glorot_uniform, normal, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.dense import Dense
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.layers.noise import Dropout
from chainrule.nn.layers.normalization import LayerNorm
from chainrule.nn.layers.sequences import need_sequence
from chainrule.nn.settings import check_choice, check_flag, check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.composites.attention import attention_weights

_LONGEST_WAVE = 10_000.0


@dataclass(frozen=True)
class MultiHeadAttention(Layer):
    """y = concat(head_1 … head_h) W_o + b_o, head = softmax(q kᵀ / √(width / h)) v (Vaswani et al. 2017).

    x W + b holds q, k and v of all heads side by side; with a memory, k and v are computed from it by the
    same W and b, instead of from x.
    heads: h, at least 1; it must divide the width. causal: each element attends to itself and those before
    it. dropout: of the attention weights, in training, from 0 to below 1.
    key_heads: of keys and values, which divides heads; each serves heads / key_heads queries (grouped-query
    attention, Ainslie et al. 2023; 1 is multi-query attention). None for heads. W then is (width, width +
    2 · width · key_heads / heads). window: each element attends to those fewer than so many positions away
    (Beltagy et al. 2020), at least 1; None for all. Work and memory are those of all.
    rotary: q and k are rotated by angles proportional to their positions, as in PositionalEncoding('rotary'),
    so that their product depends on the distance of the positions (Su et al. 2021).
    weight: initializer of W (width, 3 width) and W_o (width, width), by default that of PyTorch's
    MultiheadAttention. bias: initializer of b and b_o.
    x: float (batch, time, width) -> the same shape. memory: float (batch, keys, width); x itself if None.
    mask: bool (batch, keys), False at padding, or (batch, time, keys), True where a query may attend to a
    key. The result for a query without any key is b_o.
    Raises ConfigError for a bad setting; while recording, ShapeError for other shapes or if the width is not
    a multiple of heads (for rotary, of 2 heads), DTypeError for other dtypes.
    """

    heads: int
    causal: bool = False
    dropout: float = 0.0
    rotary: bool = False
    weight: Initializer = glorot_uniform()
    bias: Initializer = zeros
    key_heads: int | None = None
    window: int | None = None

    def __post_init__(self) -> None:
        _check_attention(self)
        check_initializers(self, "weight", "bias")
        for name in ("key_heads", "window"):
            if getattr(self, name) is not None:
                check_whole(self, name, getattr(self, name))
        if self.key_heads is not None and self.heads % self.key_heads:
            raise ConfigError(
                f"MultiHeadAttention: key_heads is {self.key_heads}, and heads is {self.heads}",
                remedy="the heads of keys must divide the heads",
            )

    def __call__(self, x: Tensor, memory: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        self._need_fitting(x, memory, mask)
        batch, time, width = x.shape
        q, k, v = [self._split(each, width // self.heads) for each in self._project(x, memory)]
        if self.rotary:
            q, k = rotated(q), rotated(k)
        if mask is not None:
            queries = 1 if mask.ndim == 2 else time
            mask = mask.reshape(batch, 1, queries, k.shape[-2])
        y = self._attend(q, self._shared(k), self._shared(v), self._within(x, k.shape[-2], mask))
        y = y.transpose(0, 2, 1, 3).reshape(batch, time, width)
        weight = self.param("output_weight", (width, width), self.weight, x.dtype)
        return y @ weight + self.param("output_bias", (width,), self.bias, x.dtype)

    def _need_fitting(self, x: Tensor, memory: Tensor | None, mask: Tensor | None) -> None:
        need_sequence(x)
        label, (batch, time, width) = x.trace.label, x.shape
        if width % self.heads:
            raise ShapeError(
                f"{label} got x of shape {x.shape}; its {self.heads} heads must divide the width {width}"
            )
        if memory is not None and (memory.ndim != 3 or (memory.shape[0], memory.shape[2]) != (batch, width)):
            raise ShapeError(
                f"{label} got x of shape {x.shape} and a memory of shape {memory.shape}; "
                f"the memory must be (batch, keys, width), ({batch}, …, {width})"
            )
        keys = time if memory is None else memory.shape[1]
        if mask is not None and mask.dtype != "bool":
            raise DTypeError(f"{label} got a mask of dtype {mask.dtype}; it needs bool")
        if mask is not None and mask.shape not in ((batch, keys), (batch, time, keys)):
            raise ShapeError(
                f"{label} got x of shape {x.shape} and a mask of shape {mask.shape}; "
                f"the mask must be {(batch, keys)} or {(batch, time, keys)}"
            )

    def _project(self, x: Tensor, memory: Tensor | None) -> list[Tensor]:
        """Queries (batch, time, width), and keys and values (batch, keys, width · key_heads / heads)."""
        width = x.shape[-1]
        narrow = width // self.heads * (self.key_heads or self.heads)
        weight = self.param("weight", (width, width + 2 * narrow), self.weight, x.dtype)
        bias = self.param("bias", (width + 2 * narrow,), self.bias, x.dtype)
        if memory is None:
            every = x @ weight + bias
            of_memory = every[..., width:]
            q = every[..., :width]
        else:
            of_memory = memory @ weight[:, width:] + bias[width:]
            q = x @ weight[:, :width] + bias[:width]
        return [q, of_memory[..., :narrow], of_memory[..., narrow:]]

    def _split(self, x: Tensor, width: int) -> Tensor:
        """(batch, time, heads · width) -> (batch, heads, time, width)."""
        batch, time, total = x.shape
        return x.reshape(batch, time, total // width, width).transpose(0, 2, 1, 3)

    def _shared(self, x: Tensor) -> Tensor:
        """Keys or values of every query's head: (batch, key_heads, keys, width) -> (batch, heads, …)."""
        batch, own, keys, width = x.shape
        if own == self.heads:
            return x
        group = self.heads // own
        wide = f.broadcast_to(x.reshape(batch, own, 1, keys, width), (batch, own, group, keys, width))
        return wide.reshape(batch, self.heads, keys, width)

    def _within(self, x: Tensor, keys: int, mask: Tensor | None) -> Tensor | None:
        """The mask, and that of the window: (batch, 1, queries, keys)."""
        if self.window is None:
            return mask
        distance = np.abs(np.arange(x.shape[1])[:, None] - np.arange(keys))
        near = x.trace.constant((distance < self.window)[None, None], "bool")
        return near if mask is None else f.logical_and(near, mask)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        if not self.training or self.dropout == 0:
            return f.attention(q, k, v, mask=mask, causal=self.causal)
        weights = attention_weights(q, k, mask, self.causal, 1 / math.sqrt(q.shape[-1]))
        return Dropout(self.dropout)(weights) @ v


@dataclass(frozen=True)
class TransformerBlock(Layer):
    """h = x + attention(norm(x)); y = h + W_2 activation(W_1 norm(h) + b_1) + b_2: pre-norm.

    Vaswani et al. 2017 with the layer normalization of Xiong et al. 2020, as in GPT-2. The residual sum
    is never normalized, so a LayerNorm should follow the last block.
    heads, causal, rotary: as in MultiHeadAttention. expansion: the inner layer is so many times as wide as x,
    at least 1. activation: a name in nn.ACTIVATIONS. dropout: of the attention weights and of both residual
    branches, in training, from 0 to below 1. All kernels start as glorot_uniform.
    x: float (batch, time, width) -> the same shape. mask: as in MultiHeadAttention.
    Raises ConfigError for a bad setting; while recording, what MultiHeadAttention raises.
    """

    heads: int
    causal: bool = False
    expansion: int = 4
    activation: str = "gelu"
    dropout: float = 0.0
    rotary: bool = False

    def __post_init__(self) -> None:
        _check_attention(self)
        check_whole(self, "expansion", self.expansion)
        check_activation(self, self.activation)

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        need_sequence(x)
        width = x.shape[-1]
        attention = MultiHeadAttention(self.heads, self.causal, self.dropout, self.rotary)
        h = x + Dropout(self.dropout)(attention(LayerNorm()(x), mask=mask))
        inner = Dense(self.expansion * width, self.activation, glorot_uniform())(LayerNorm()(h))
        return h + Dropout(self.dropout)(Dense(width, weight=glorot_uniform())(inner))


@dataclass(frozen=True)
class PositionalEncoding(Layer):
    """y = x + e(p), or x rotated by angles p r: encodes the position p = 0, 1, … of each element.

    kind: 'sinusoidal' adds sin(p r_i) to feature 2i and cos(p r_i) to feature 2i + 1,
    r_i = 10,000^(-2i / width) (Vaswani et al. 2017). 'learned' adds row p of a trained W (longest, width).
    'rotary' rotates each pair (x_2i, x_2i+1) by the angle p r_i (Su et al. 2021); it is meant for queries and
    keys: MultiHeadAttention(rotary=True).
    longest: for 'learned' only, the number of positions. weight: initializer of W.
    x: float (..., time, width) -> the same shape; 'rotary' needs an even width.
    Raises ConfigError for a bad setting; while recording, ShapeError for other shapes or a sequence longer
    than `longest`, DTypeError unless x is float.
    """

    kind: str = "sinusoidal"
    longest: int | None = None
    weight: Initializer = normal(0.0, 1.0)

    def __post_init__(self) -> None:
        check_choice(self, "kind", self.kind, ("sinusoidal", "learned", "rotary"))
        check_initializers(self, "weight")
        if self.kind == "learned":
            check_whole(self, "longest", self.longest)
        elif self.longest is not None:
            raise ConfigError(
                f"PositionalEncoding: longest is {self.longest!r}, which '{self.kind}' does not use",
                remedy="leave it out, or choose the kind 'learned'",
            )

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 2:
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (…, time, features)")
        need_floats(x)
        if self.kind == "rotary":
            return rotated(x)
        time, width = x.shape[-2:]
        if self.kind == "sinusoidal":
            angles = _angles(time, width)
            waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(time, -1)[:, :width]
            return x + x.trace.constant(waves, x.dtype)
        assert self.longest is not None
        if time > self.longest:
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}; it has {self.longest} positions",
                remedy=f"give it shorter sequences, or set longest to at least {time}",
            )
        return x + self.param("weight", (self.longest, width), self.weight, x.dtype)[:time]


def rotated(x: Tensor) -> Tensor:
    """Pairs of neighbouring features rotated by angles proportional to the position: (..., time, width)."""
    time, width = x.shape[-2:]
    if width % 2:
        raise ShapeError(f"{x.trace.label}: rotary positions need an even width, and it is {width}")
    angles = _angles(time, width)
    cos, sin = (x.trace.constant(each, x.dtype) for each in (np.cos(angles), np.sin(angles)))
    first, second = x[..., 0::2], x[..., 1::2]
    turned = f.stack([first * cos - second * sin, first * sin + second * cos], axis=-1)
    return turned.reshape(*x.shape)


def _angles(time: int, width: int) -> np.ndarray:
    """(time, pairs): position times rate for every pair of features; rates fall from 1 to 1/10,000."""
    rates = _LONGEST_WAVE ** (-np.arange(0, width, 2) / max(width, 1))
    return np.arange(time)[:, None] * rates


def _check_attention(layer: MultiHeadAttention | TransformerBlock) -> None:
    check_whole(layer, "heads", layer.heads)
    check_flag(layer, "causal", layer.causal)
    check_flag(layer, "rotary", layer.rotary)
    check_number(layer, "dropout", layer.dropout, at_least=0, below=1)
