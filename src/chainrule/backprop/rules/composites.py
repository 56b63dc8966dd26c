"""Derivatives of composites whose expansion's derivative would lose digits."""

from chainrule.backprop.rules.recorded import RecordedStep
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.composites.normalization import softmax

Adjoints = tuple[Tensor | None, ...]


def softmax_cross_entropy(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d loss/d logits = softmax(logits) Σ targets - targets; d loss/d targets = -log softmax(logits).

    For targets that sum to 1 this is the textbook's y - t, for any targets the derivative.
    """
    logits, targets = step.inputs
    d = d_y.reshape(*d_y.shape, 1)
    d_logits = d * (softmax(logits, logits.ndim - 1) * targets.sum(-1, keepdims=True) - targets)
    return d_logits, -d * f.log_softmax(logits)
