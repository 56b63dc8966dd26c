"""The expansions of scaled dot-product attention and its adjoints."""

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


def score_adjoint(weights: Tensor, d_weights: Tensor) -> Tensor:
    """From the delta of softmax's result to that of what it was given: p (d - Σ p d) along the keys."""
    return weights * (d_weights - (weights * d_weights).sum(-1, keepdims=True))


def query_adjoint(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    d_y: Tensor,
    *masks: Tensor,
    causal: bool,
    scale: float,
) -> Tensor:
    """From weights p made anew: d_scores = p (d_p - Σ p d_p) with d_p = d vᵀ; then scale · d_scores k.

    So a kernel needs no saved weights (Dao et al. 2022, FlashAttention, appendix B.2).
    """
    weights = attention_weights(queries, keys, masks[0] if masks else None, causal, scale)
    return (score_adjoint(weights, d_y @ values.transpose()) * scale) @ keys


def key_adjoint(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    d_y: Tensor,
    *masks: Tensor,
    causal: bool,
    scale: float,
) -> Tensor:
    """As for the queries; then scale · d_scoresᵀ q."""
    weights = attention_weights(queries, keys, masks[0] if masks else None, causal, scale)
    return (score_adjoint(weights, d_y @ values.transpose()) * scale).transpose() @ queries


def value_adjoint(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    d_y: Tensor,
    *masks: Tensor,
    causal: bool,
    scale: float,
) -> Tensor:
    """pᵀ d, with the weights p."""
    weights = attention_weights(queries, keys, masks[0] if masks else None, causal, scale)
    return weights.transpose() @ d_y
