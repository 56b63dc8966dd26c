"""Derivative of scaled dot-product attention."""

from chainrule.backprop.rules.recorded import RecordedStep
from chainrule.program import Tensor
from chainrule.program.composites.attention import attention_weights

Adjoints = tuple[Tensor | None, ...]


def attention(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """From weights p made anew: with d_p = d vᵀ, d_scores = p (d_p - Σ d_p p), where Σ d_p p = Σ d y.

    So a kernel needs no saved weights (Dao et al. 2022, FlashAttention, appendix B.2).
    """
    queries, keys, values, *masks = step.inputs
    causal, scale = step.attributes["causal"], step.attributes["scale"]
    weights = attention_weights(queries, keys, masks[0] if masks else None, causal, scale)
    d_weights = d_y @ values.transpose()
    d_scores = weights * (d_weights - (d_y * step.output).sum(-1, keepdims=True)) * scale
    d_values = weights.transpose() @ d_y
    return d_scores @ keys, d_scores.transpose() @ queries, d_values, *[None for _ in masks]
