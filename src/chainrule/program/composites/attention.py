"""The expansion of scaled dot-product attention."""

from chainrule.program.functions import equal, exp, logical_and, stop_gradient, where
from chainrule.program.tracing import Tensor


def attention_weights(
    queries: Tensor, keys: Tensor, mask: Tensor | None, causal: bool, scale: float
) -> Tensor:
    """softmax(scale · queries keysᵀ) over the keys allowed, 0 if none is: (..., queries, keys)."""
    scores = (queries @ keys.transpose()) * scale
    allowed = mask
    if causal:
        rows, columns = (queries.trace.iota(n) for n in scores.shape[-2:])
        past = rows.reshape(-1, 1) >= columns
        allowed = past if mask is None else logical_and(past, mask)
    if allowed is None:
        shifted = exp(scores - stop_gradient(scores.max(-1, keepdims=True)))
        return shifted / shifted.sum(-1, keepdims=True)
    scores = where(allowed, scores, -float("inf"))
    largest = stop_gradient(scores.max(-1, keepdims=True))
    shifted = exp(scores - where(equal(largest, -float("inf")), 0.0, largest))
    total = shifted.sum(-1, keepdims=True)
    return shifted / where(equal(total, 0.0), 1.0, total)


def attention(
    queries: Tensor, keys: Tensor, values: Tensor, *masks: Tensor, causal: bool, scale: float
) -> Tensor:
    """Values, averaged by the weights."""
    return attention_weights(queries, keys, masks[0] if masks else None, causal, scale) @ values
