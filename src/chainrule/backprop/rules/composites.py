"""Derivatives of composites whose expansion's derivative would lose digits."""

from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.composites.normalization import softmax


def softmax_cross_entropy(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d loss/d logits = softmax(logits) Σ targets - targets; d loss/d targets = -log softmax(logits).

    For targets that sum to 1 this is the textbook's y - t, for any targets the derivative.
    """
    logits, targets = step.inputs
    d = d_y.reshape(*d_y.shape, 1)
    return d * f.softmax_cross_entropy_delta(logits, targets), -d * f.log_softmax(logits)


def softmax_cross_entropy_delta(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """With p = softmax(logits), for logits p (d - Σ p d) Σ targets, for each target Σ p d - d."""
    logits, targets = step.inputs
    p = softmax(logits, logits.ndim - 1)
    mean = (p * d_y).sum(-1, keepdims=True)
    return p * (d_y - mean) * targets.sum(-1, keepdims=True), mean - d_y


COMPOSITES: Mapping[str, Rule] = {
    "softmax_cross_entropy": softmax_cross_entropy,
    "softmax_cross_entropy_delta": softmax_cross_entropy_delta,
}
