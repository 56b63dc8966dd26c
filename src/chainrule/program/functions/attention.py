"""Scaled dot-product attention."""

import math

from chainrule.program.tracing import Tensor


def attention(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    *,
    mask: Tensor | None = None,
    causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(scale · queries keysᵀ) values: scaled dot-product attention (Vaswani et al. 2017, equation 1).

    queries: (..., queries, width). keys: (..., keys, width). values: (..., keys, outputs), with the same axes
    in front -> (..., queries, outputs). mask: bool, broadcast to (..., queries, keys), True where a query may
    attend to a key; for padded keys of (batch, heads, ...) it is (batch, 1, 1, keys). causal: query i attends
    to the keys 0 … i only. scale: 1 / √width if None. A query that may attend to no key gets zeros.

    Raises ShapeError if the shapes do not fit.
    """
    if scale is None:
        scale = 1 / math.sqrt(max(queries.shape[-1], 1)) if queries.shape else 1.0
    masks = () if mask is None else (mask,)
    return queries.trace.record("attention", queries, keys, values, *masks, causal=causal, scale=scale)
