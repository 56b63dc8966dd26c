"""Attention by a small network of query and key, as in the first translators."""

from dataclasses import dataclass

from chainrule.errors import DTypeError, ShapeError
from chainrule.nn.initializers import Initializer, check_initializers, glorot_uniform, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.sequences import need_sequence
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class AdditiveAttention(Layer):
    """y_i = Σ softmax(e)_ij m_j, e_ij = vᵀ tanh(x_i W + m_j U + b), over the elements j of a memory m.

    Bahdanau, Cho and Bengio 2015, section A.1.2; Keras's leaves out W, U and b.
    units: width of W, U and b, at least 1. weight, bias: initializers of W (features, units), U (features of
    the memory, units) and v (units, 1), the parameters 'weight', 'memory_weight' and 'score_weight', and b.
    x: float (batch, time, features). memory: float (batch, keys, features); x itself if None -> (batch, time,
    features of the memory). mask: bool (batch, keys), False at padding; without any key y is 0. Memory grows
    as time · keys · units.
    Raises ConfigError for a bad setting; while recording, ShapeError for other shapes, DTypeError for other
    dtypes.
    """

    units: int
    weight: Initializer = glorot_uniform()
    bias: Initializer = zeros

    def __post_init__(self) -> None:
        check_whole(self, "units", self.units)
        check_initializers(self, "weight", "bias")

    def __call__(self, x: Tensor, memory: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        need_sequence(x)
        m = x if memory is None else memory
        need_sequence(m)
        batch, time, features = x.shape
        keys = m.shape[1]
        if m.shape[0] != batch:
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape} and a memory of shape {m.shape}")
        if mask is not None and mask.dtype != "bool":
            raise DTypeError(f"{x.trace.label} got a mask of dtype {mask.dtype}; it needs bool")
        if mask is not None and mask.shape != (batch, keys):
            raise ShapeError(f"{x.trace.label} got a mask of shape {mask.shape}; it must be {(batch, keys)}")
        w = self.param("weight", (features, self.units), self.weight, x.dtype)
        u = self.param("memory_weight", (m.shape[-1], self.units), self.weight, x.dtype)
        b = self.param("bias", (self.units,), self.bias, x.dtype)
        v = self.param("score_weight", (self.units, 1), self.weight, x.dtype)
        both = (x @ w).reshape(batch, time, 1, self.units) + (m @ u + b).reshape(batch, 1, keys, self.units)
        scores = (f.tanh(both) @ v).reshape(batch, time, keys)
        if mask is None:
            return f.softmax(scores) @ m
        there = mask.reshape(batch, 1, keys)
        shares = f.softmax(f.where(there, scores, -1e30))
        return f.where(there, shares, 0.0) @ f.where(mask.reshape(batch, keys, 1), m, 0.0)
