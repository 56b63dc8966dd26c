"""Derivatives of scaled dot-product attention and of its three adjoints.

With scores s = scale · q kᵀ, weights p = softmax(s), y = p v and the delta d of y:
d_p = d vᵀ, d_s = p (d_p - Σ p d_p), d_q = scale · d_s k, d_k = scale · d_sᵀ q, d_v = pᵀ d.
"""

from collections.abc import Callable, Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program.composites.attention import attention_weights, score_adjoint


def attention(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """One operation per input, so that an executor may recompute the weights instead of keeping them."""
    (queries, keys, values, *masks), attributes = step.inputs, step.attributes
    wanted = ("attention_query_adjoint", "attention_key_adjoint", "attention_value_adjoint")
    given = (queries, keys, values, d_y, *masks)
    return *(d_y.trace.record(name, *given, **attributes) for name in wanted), *[None for _ in masks]


def query_adjoint(step: RecordedStep, d: Tensor) -> Adjoints:
    """Of d_q: its factor d_s has the delta scale · d kᵀ."""
    _, keys, *_ = step.inputs
    scale = step.attributes["scale"]
    return _of_scores(step, d @ keys.transpose() * scale, lambda d_scores: (None, d_scores.transpose() @ d))


def key_adjoint(step: RecordedStep, d: Tensor) -> Adjoints:
    """Of d_k: its factor d_s has the delta scale · q dᵀ."""
    queries, *_ = step.inputs
    scale = step.attributes["scale"]
    return _of_scores(step, queries @ d.transpose() * scale, lambda d_scores: (d_scores @ d, None))


def value_adjoint(step: RecordedStep, d: Tensor) -> Adjoints:
    """Of d_v = pᵀ d_y: the delta of p is d_y dᵀ."""
    queries, keys, _, d_y, *masks = step.inputs
    scale = step.attributes["scale"]
    weights = _weights(step)
    d_scores = score_adjoint(weights, d_y @ d.transpose()) * scale
    return d_scores @ keys, d_scores.transpose() @ queries, None, weights @ d, *[None for _ in masks]


def _of_scores(
    step: RecordedStep, d: Tensor, direct: Callable[[Tensor], tuple[Tensor | None, Tensor | None]]
) -> Adjoints:
    """The derivatives of all four inputs through d_s, whose delta is d.

    direct: scale · d_s -> the further derivatives of q and k; None where there is none.
    """
    queries, keys, values, d_y, *masks = step.inputs
    scale = step.attributes["scale"]
    weights, d_weights = _weights(step), d_y @ values.transpose()
    d_of_d_weights = score_adjoint(weights, d)  # the derivative of softmax is its own transpose
    mean = (weights * d_weights).sum(-1, keepdims=True)
    d_of_weights = d * (d_weights - mean) - d_weights * (weights * d).sum(-1, keepdims=True)
    second = score_adjoint(weights, d_of_weights) * scale
    to_queries, to_keys = direct(score_adjoint(weights, d_weights) * scale)
    d_queries, d_keys = second @ keys, second.transpose() @ queries
    return (
        d_queries if to_queries is None else d_queries + to_queries,
        d_keys if to_keys is None else d_keys + to_keys,
        d_of_d_weights.transpose() @ d_y,
        d_of_d_weights @ values,
        *[None for _ in masks],
    )


def _weights(step: RecordedStep) -> Tensor:
    queries, keys, *_ = step.inputs
    mask = step.inputs[4] if len(step.inputs) > 4 else None
    return attention_weights(queries, keys, mask, step.attributes["causal"], step.attributes["scale"])


ATTENTION: Mapping[str, Rule] = {
    "attention": attention,
    "attention_query_adjoint": query_adjoint,
    "attention_key_adjoint": key_adjoint,
    "attention_value_adjoint": value_adjoint,
}
